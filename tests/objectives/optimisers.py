"""Adam for tests under strict promotion: optax's own raises a float to an integer power."""

import jax
import optax


def adam(rate: float, **options) -> optax.GradientTransformation:
    inner = optax.adam(rate, **options)

    def update(updates, state, params=None):
        with jax.numpy_dtype_promotion("standard"):
            return inner.update(updates, state, params)

    return optax.GradientTransformation(inner.init, update)
