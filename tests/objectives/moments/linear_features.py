"""Samples, linear features of them, and the kernel between these: what the tests of MMD-GANs share."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from igm_jax import Network, kernels
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))


def arrays(dtype=jnp.float64):
    return jnp.asarray(X, dtype), jnp.asarray(Y, dtype)


W = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
KEY = jax.random.key(0)
KERNEL = kernels.gaussian(1.3)
LINEAR = Network(lambda key: jnp.asarray(W), lambda w, points: points @ w)
SGD = optax.sgd(0.1)


def matrix(x, y):
    return np.exp(-reference.squared_distances(x @ W, y @ W) / (2 * 1.3**2))


def mean_of_distinct(k):
    return (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
