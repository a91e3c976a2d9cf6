"""A row of the conformance table, and the small parts that rows share."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from igm_jax import Objective, kernels
from igm_jax.networks import mlp_critic

KERNEL = kernels.gaussian(1.0) + kernels.laplace(0.5)
CRITIC = mlp_critic(2, width=16, depth=2)
ADAM = optax.adam(1e-2, b1=0.5, b2=0.99)
KEY = jax.random.key(0)


def linear_critic(points):
    """Any fixed critic will do to test what a value makes of weights."""
    return points @ jnp.linspace(1.0, 2.0, points.shape[1], dtype=points.dtype)


def of_critic(value: Callable) -> Callable:
    return lambda x, y, **weights: value(linear_critic(x), linear_critic(y), **weights)


class Row(NamedTuple):
    """An objective, the function of weighted samples behind it, and properties that do not hold, with reasons.

    Attributes:
        objective: the objective.
        weighted: ``(x, y, x_weights=, y_weights=) -> array``, the divergence or field; None where it takes no weights, and
            then ``exceptions`` hold ``unweighted(reason)``.
        inner_steps: updates before each move of the particles.
        rate: step size of the particles.
        steps: moves after which they have come near the data.
        leaves_out: whether the velocity at a sample is that of the witness of all *other* samples.
        exceptions: property -> why it does not hold.
    """

    objective: Objective
    weighted: Callable | None
    inner_steps: int = 1
    rate: float = 0.3
    steps: int = 150
    leaves_out: bool = False
    exceptions: dict[str, str] = {}  # noqa: RUF012


LEFT_OUT = {
    "zero": "a sample leaves itself out of the model's density, so x against x itself is not at rest",
    "repetition of x": "a sample leaves itself out but not its copy",
}
CRITIC_ONLY = {
    "zero": "a critic that has just begun is not flat",
    "translation": "a critic with fixed parameters is a function of the place",
}


def unweighted(reason: str) -> dict[str, str]:
    """Exceptions of an objective without weights, for one reason."""
    return dict.fromkeys(("repetition of x", "repetition of y", "removal"), reason)
