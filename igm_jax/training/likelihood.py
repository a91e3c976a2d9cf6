"""Maximum likelihood for generators that have a density, as a term of the optimiser's gradient."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Params
from igm_jax.batches import only


class LikelihoodState(NamedTuple):
    """What ``add_likelihood`` remembers.

    Attributes:
        stream: the seed of its minibatches, a uint32 scalar.
        step: the number of updates made so far, an int32 scalar.
    """

    stream: Array
    step: Array


def add_likelihood(
    log_density: Any,
    target: Any,
    batch_size: int,
    *,
    weight: float = 1.0,
    seed: int = 0,
) -> optax.GradientTransformation:
    """Adds the gradient of the negative log likelihood of data, as weight decay adds that of the parameters' size.

    ``g ← g - weight · ∇_θ mean_i log q_θ(y_i),  y_i ~ target``

    An objective sees samples, and the likelihood of data is no function of samples: it is one of the parameters, which the
    optimiser sees. In a chain, before the optimiser proper, it adds maximum likelihood to any objective, also in a loop of
    one's own::

        optax.chain(add_likelihood(flow.log_density, target, 256), optax.adam(1e-3))

    Args:
        log_density: ``(params, y) -> (n,)``, in nats, such as that of ``coupling_flow``.
        target: ``(key, n) -> (n, d)``, draws of the data.
        batch_size: data in each minibatch.
        weight: what it counts beside the objective.
        seed: of the minibatches. Runs side by side that begin with other parameters have other minibatches.

    Returns:
        The transformation; its state is a ``LikelihoodState``.

    Raises:
        TypeError: for a density or a target that is no function.
        igm_jax.batches.UnusedPartError: from ``update``, if the data come with a condition, weights or a mask.
        ValueError: for a batch size that is not a positive integer, a weight that is not positive, or, from ``update``, if it
            is not given the parameters, or a density of another shape.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax.training.likelihood import add_likelihood
        >>> log_density = lambda mean, y: -0.5 * jnp.sum((y - mean[None]) ** 2, axis=1)
        >>> descent = optax.chain(add_likelihood(log_density, lambda key, n: jnp.ones((n, 1)), 8), optax.sgd(0.5))
        >>> mean = jnp.zeros(1)
        >>> descent.update(jnp.zeros(1), descent.init(mean), mean)[0].tolist()
        [0.5]

    Source: beside an adversarial loss, Grover, Dhar, Ermon 2018, Flow-GAN, arXiv 1705.08868, equation 6.
    """
    usual = {"log_density": (log_density, "that of a `coupling_flow`"), "target": (target, "`dataset(rows)`")}
    for name, (value, way) in usual.items():
        if not callable(value):
            raise TypeError(f"`{name}` must be a function, such as {way}, but is {type(value).__name__}")
    checks.count("batch_size", batch_size)
    checks.positive("weight", weight)
    checks.seed("seed", seed)

    def init(params: Params) -> LikelihoodState:
        # An optimiser gets no key: the parameters' own bits tell runs side by side apart.
        total = sum(jnp.sum(leaf).astype(jnp.float32) for leaf in jax.tree.leaves(params))
        bits = jax.lax.bitcast_convert_type(jnp.asarray(total, jnp.float32), jnp.uint32)
        return LikelihoodState(bits ^ jnp.uint32(seed), jnp.int32(0))

    def update(updates: Any, state: LikelihoodState, params: Params = None) -> tuple[Any, LikelihoodState]:
        if params is None:
            raise ValueError("`add_likelihood` needs the parameters; call `update(updates, state, params)`")
        drawn = target(jax.random.fold_in(jax.random.key(state.stream), state.step), batch_size)
        y = only("the target's data", drawn, "`add_likelihood`, whose density is one of values alone,")

        def cost(params: Params) -> Array:
            heights = log_density(params, y)
            if heights.shape != (batch_size,):
                raise ValueError(
                    f"`log_density` must give one number for each of {batch_size} data, but gave shape {heights.shape};"
                    " sum it over the features"
                )
            return -weight * jnp.mean(heights)

        slope = jax.grad(cost)(params)
        return jax.tree.map(jnp.add, updates, slope), LikelihoodState(state.stream, state.step + 1)

    return optax.GradientTransformation(init, update)  # pyrefly: ignore
