"""Samples and data for the tests of combinators."""

import jax.numpy as jnp
import numpy as np


def draws(n=20, m=23, dim=2, spread=0.5):
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(n, dim))), jnp.asarray(1 + spread * rng.normal(size=(m, dim)))
