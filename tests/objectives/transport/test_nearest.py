import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_grads

from igm_jax import velocity
from igm_jax.objectives import chamfer_distance, imle, imle_loss
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 0.5 + RNG.normal(size=(7, 2))


def test_imle_is_one_side_of_the_chamfer_distance(x64):
    np.testing.assert_allclose(chamfer_distance(X, Y), imle_loss(X, Y) + imle_loss(Y, X), rtol=1e-14)
    pairs = reference.squared_distances(X, Y)
    np.testing.assert_allclose(imle_loss(X, Y), pairs.min(axis=0).mean(), rtol=1e-12)
    np.testing.assert_allclose(chamfer_distance(X, Y), pairs.min(axis=0).mean() + pairs.min(axis=1).mean(), rtol=1e-12)


def test_each_datum_pulls_its_nearest_sample_and_no_other(x64):
    field = velocity(imle(), jax.random.key(0), (), jnp.asarray(X), jnp.asarray(Y))
    pulls = np.zeros_like(X)
    for datum, i in zip(Y, reference.squared_distances(X, Y).argmin(axis=0), strict=True):
        pulls[i] += 2 * len(X) / len(Y) * (datum - X[i])
    np.testing.assert_allclose(field, pulls, rtol=1e-12)
    assert 0 < np.count_nonzero(pulls.any(axis=1)) < len(X)


def test_far_from_the_origin_float32_is_float64():
    x, y = (np.float32(s + 1e4) for s in (X, Y))
    pairs = reference.squared_distances(x, y)
    got = jax.jit(chamfer_distance)(x, y)
    np.testing.assert_allclose(got, pairs.min(axis=0).mean() + pairs.min(axis=1).mean(), rtol=1e-5)


def test_gradient_by_finite_differences(x64):
    check_grads(jax.jit(chamfer_distance), (X, Y), order=1, modes=["rev"], rtol=1e-6)
