import jax.numpy as jnp
import numpy as np

from igm_jax import kernels
from igm_jax.kernels import of_squared_distance
from igm_jax.pairwise.log_sums import log_sums
from tests import reference


def test_logarithms_and_scores_across_tiles_and_without_oneself(x64):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(700, 2)), rng.uniform(size=700) * (np.arange(700) % 3)
    radial = kernels.laplace(0.5).radial
    distances = np.sqrt(reference.squared_distances(x, x))
    for leave_out in (True, False):
        own = np.eye(700) * leave_out
        kernel = np.exp(-distances / 0.5) * (1 - own) * weights
        unit = (x[None] - x[:, None]) / np.where(distances > 0, distances, 1)[..., None]
        found = log_sums(radial, *map(jnp.asarray, (x, x, weights)), leave_out=leave_out)
        np.testing.assert_allclose(found.logs, np.log(kernel.sum(1)), rtol=1e-9, atol=1e-9)
        scores = (kernel[..., None] * unit).sum(1) / kernel.sum(1, keepdims=True) / 0.5
        np.testing.assert_allclose(found.scores, scores, atol=1e-9)


def test_where_nobody_is_seen_the_score_is_zero_and_the_logarithm_minus_infinity():
    alone = jnp.zeros((1, 2))
    found = log_sums(kernels.laplace(1.0).radial, alone, alone, jnp.ones(1), leave_out=True)
    np.testing.assert_array_equal(found.scores, alone)
    assert found.logs[0] == -jnp.inf
    # A kernel of one's own has no formula for its logarithm, and is zero far away.
    own = of_squared_distance(lambda s: jnp.exp(-s)).radial
    found = log_sums(own, alone + 100, alone, jnp.ones(1))
    np.testing.assert_array_equal(found.scores, alone)
    assert found.logs[0] == -jnp.inf
