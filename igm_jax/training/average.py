"""The moving average of parameters, and the types that a state keeps from step to step."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Params


def averaged(mean: Params, params: Params, step: Array, decay: float) -> Params:
    """The debiased average after one more step, from the debiased average before it.

    ``m_t = m_{t-1} + w_t (θ_t - m_{t-1})`` with ``w_t = (1 - β) / (1 - β^t)``, which is one at t = 1.
    """

    def mix(old: Array, new: Array) -> Array:
        new = new.astype(old.dtype)
        log_decay = math.log(decay) if decay > 0 else -math.inf
        weight = (1 - decay) / -jnp.expm1((step + 1).astype(new.dtype) * log_decay)
        # The first step takes the parameters as they are, whatever the average was, even by a rounding.
        return jnp.where(step == 0, new, old + weight * (new - old))

    return jax.tree.map(mix, mean, params)


def in_single(params: Any) -> Any:
    """Parameters, or their shapes, as their average has them: half precision, which would swallow its small steps, in float32."""

    def single(leaf: Any) -> Any:
        if not jnp.issubdtype(leaf.dtype, jnp.floating) or (kind := checks.at_least_single(leaf.dtype)) == leaf.dtype:
            return leaf
        return leaf.astype(kind) if hasattr(leaf, "astype") else jax.ShapeDtypeStruct(leaf.shape, kind)

    return jax.tree.map(single, params)


def strong(tree: Any) -> Any:
    """The leaves as arrays of a fixed type, so that a state keeps its types from step to step."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.asarray(leaf).dtype), tree)
