"""Two-batch Sinkhorn: the Sinkhorn divergence whose self terms are transports between independent halves of a sample."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key, Objective, State
from igm_jax.checks import ArrayLike, Rows, Scalar
from igm_jax.lifts import no_witness, of_arrays, stateless
from igm_jax.objectives.transport.inputs import chosen_solver, transport_problem
from igm_jax.pairwise.transport.potentials import transport_cost
from igm_jax.pairwise.transport.solvers import TRAINING, Solver, solver_options
from igm_jax.records import recorded

__all__ = ["two_batch_sinkhorn", "two_batch_sinkhorn_divergence"]

NO_WITNESS = (
    "each half of the samples is repelled by the other, so no one function of the place has all their velocities"
)


def halves(samples: Float[Array, "n d"]) -> tuple[Float[Array, "h d"], Float[Array, "h d"]]:
    """The first and the last half of the samples, in the order given; of an odd number the middle one belongs to both."""
    half = -(-len(samples) // 2)
    return samples[:half], samples[-half:]


def shuffled(key: Key, samples: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """The samples in random order: halves that stay the same, as those of particles would, drive each other apart."""
    return samples[jax.random.permutation(key, len(samples))]


def between_halves(cost: Callable[[Array, Array, Array, Array], Array], x: Array, y: Array) -> Scalar:
    """``mean_ij W(x_i, y_j) - ½ W(x_1, x_2) - ½ W(y_1, y_2)`` over the halves of two samples.

    Args:
        cost: W, from two samples (h, d) and their weights (h,) to a scalar.
        x: (n, d) generated samples.
        y: (m, d) data.

    Returns:
        Scalar: of mean zero where both have one law, n = m is even, and samples are independent.
    """
    sides = [*halves(x), *halves(y)]
    longest = max(map(len, sides))
    # All of one size, by copies without weight, so that the six problems are one loop, compiled once.
    points = jnp.stack([jnp.pad(side, ((0, longest - len(side)), (0, 0)), mode="edge") for side in sides])
    weights = np.stack([np.where(np.arange(longest) < len(side), 1 / len(side), 0) for side in sides])
    first, second = np.array([0, 0, 1, 1, 0, 2]), np.array([2, 3, 2, 3, 1, 3])
    weights = jnp.asarray(weights, points.dtype)
    problems = (points[first], points[second], weights[first], weights[second])
    values = jax.lax.map(lambda problem: cost(*problem), problems)
    return jnp.mean(values[:4]) - (values[4] + values[5]) / 2


def two_batch_sinkhorn_divergence(
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
) -> Scalar:
    """The Sinkhorn divergence between the laws of two samples, estimated so that equal laws give zero in the mean.

    ``S = ¼ Σ_ij OT_ε(x_i, y_j) - ½ OT_ε(x_1, x_2) - ½ OT_ε(y_1, y_2)`` with the halves ``x = (x_1, x_2)``, ``y = (y_1, y_2)``
    and ``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``.

    ``sinkhorn_divergence`` compares a sample with itself, which is cheaper than comparing it with another of its law: it is
    positive in the mean where laws are equal, by more the fewer samples there are. Here all six problems have independent
    sides of one size, so the mean is zero where laws are equal and n = m is even. It is then negative about half of the time,
    and not zero for x = y.

    The paper states the estimator as a velocity, ``T_{x→y} - T_{x→x'}`` with a second batch x' and the barycentric
    projections T of the plans; the velocity of this value is twice that, a half of the samples being the other's x' and T_{x→y}
    the mean over halves of the data. Its value is the minibatch energy distance of OT-GAN over four.

    Args:
        x: (n, d) generated samples, independent; of an odd number the middle one is in both halves.
        y: (m, d) data; the mean is zero for equal laws if m = n.
        epsilon: ε > 0, in squared units of the samples.
        tolerance, max_iterations, solver: as in ``sinkhorn_potentials``.

    Returns:
        Scalar, in squared units of the samples; second derivatives must not be taken, as solved potentials count as constants.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import two_batch_sinkhorn_divergence
        >>> round(float(two_batch_sinkhorn_divergence([[0.0], [0.0]], [[2.0], [2.0]])), 3)
        4.0

    Source: Han et al., One-Step Generative Modeling via Wasserstein Gradient Flows, arXiv 2605.11755, Section 3.3;
        Salimans et al., arXiv 1803.05573, for the value.
    """
    checks.positive("epsilon", epsilon)
    options = solver_options(solver, tolerance, max_iterations)
    x, y = checks.pair(x, y)

    def cost(x: Array, y: Array, a: Array, b: Array) -> Array:
        problem = transport_problem(x, y, epsilon, a, b, None)
        return transport_cost(chosen_solver(problem, None, options), problem)

    return between_halves(cost, x, y)


@recorded
def two_batch_sinkhorn(
    epsilon: ArrayLike = 0.1,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
) -> Objective:
    """The two-batch Sinkhorn divergence as an objective; nothing is learned.

    ``loss = ¼ Σ_ij OT_ε(x_i, y_j) - ½ OT_ε(x_1, x_2) - ½ OT_ε(y_1, y_2)``, x in a random order, drawn from the loss's key

    Args:
        epsilon: ε > 0, in squared units of the samples.
        tolerance, max_iterations, solver: as in ``sinkhorn``.

    Returns:
        The objective. Its witness raises an error: each half of the samples sees the other half.

    Raises:
        ValueError: for ε or a tolerance that is not positive.

    Example:
        >>> import jax
        >>> from igm_jax import objectives, velocity
        >>> x, y = jax.numpy.zeros((4, 2)), jax.numpy.ones((4, 2))
        >>> velocity(objectives.two_batch_sinkhorn(), jax.random.key(0), (), x, y)[0].tolist()
        [2.0, 2.0]

    Source: Han et al., One-Step Generative Modeling via Wasserstein Gradient Flows, arXiv 2605.11755.
    """
    checks.positive("epsilon", epsilon)
    options = solver_options(solver, tolerance, max_iterations, TRAINING)
    divergence = partial(two_batch_sinkhorn_divergence, epsilon=epsilon, **options)

    def loss(key: Key, state: State, x: Array, y: Array) -> Array:
        del state
        return divergence(shuffled(key, x), y)

    plain = stateless(divergence)
    return of_arrays(plain.init, plain.update, loss, no_witness(NO_WITNESS))
