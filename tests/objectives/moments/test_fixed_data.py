import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, kernels, mmd2_biased, velocity
from igm_jax.objectives import mmd, nystrom_mmd2
from igm_jax.objectives.moments.fixed_data import mmd_to_fixed, nystrom_to_fixed
from tests import reference

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
X, Y = RNG.normal(size=(9, 2)), 0.7 + 0.6 * RNG.normal(size=(60, 2))
A, B = RNG.uniform(size=9), RNG.uniform(size=60) / 30
KERNELS = {
    "laplace": kernels.laplace(1.0),
    "distance": kernels.distance(),
    "logarithm": kernels.logarithm(0.5),
    "linear": kernels.linear(),
    "of points": kernels.of_points(lambda x, y: jnp.exp(-jnp.sum(jnp.abs(x - y)))),
    "sum": kernels.gaussian(1.0) + 0.5 * kernels.linear(),
}


def frozen_mmd(kernel, y, b=None):
    b = np.full(len(y), 1 / len(y)) if b is None else b / b.sum()
    return mmd_to_fixed(kernel, jnp.asarray(y), jnp.asarray(b, y.dtype))


def with_landmarks(kernel, y, count, b=None):
    b = np.full(len(y), 1 / len(y)) if b is None else b / b.sum()
    return nystrom_to_fixed(kernel, jnp.asarray(y), jnp.asarray(b, y.dtype), count, KEY)


@pytest.mark.parametrize("name", KERNELS)
def test_it_is_the_mmd_from_all_data_wherever_the_samples_are(name, x64):
    kernel, a, data = KERNELS[name], jnp.asarray(A), Batch(jnp.asarray(Y), weights=jnp.asarray(B))
    objective, plain = frozen_mmd(kernel, Y, B), mmd(kernel)

    @jax.jit
    def both(x):
        batch = Batch(x, weights=a)
        return [
            (o.loss(KEY, (), batch, y), velocity(o, KEY, (), batch, y), o.witness((), x + 1, batch, y))
            for o, y in ((objective, None), (plain, data))
        ]

    for place in (0.0, 300.0):
        for got, expected in zip(*both(jnp.asarray(X + place)), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_the_value_is_that_of_plain_numpy(x64):
    def laplace(x, y):
        return np.exp(-np.sqrt(reference.squared_distances(x, y)))

    got = frozen_mmd(kernels.laplace(1.0), Y, B).loss(KEY, (), Batch(jnp.asarray(X), weights=jnp.asarray(A)), None)
    np.testing.assert_allclose(got, reference.mmd2(X, Y, laplace, A, B), rtol=1e-9)


@pytest.mark.parametrize("name", ["laplace", "distance"])
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_single_precision_in_every_unit(name, unit):
    x, y = np.float32(X * unit), np.float32(Y * unit)
    kernel = kernels.laplace(unit) if name == "laplace" else kernels.distance()
    got = frozen_mmd(kernel, y).loss(KEY, (), jnp.asarray(x), None)
    np.testing.assert_allclose(got, mmd2_biased(x, y, kernel), rtol=1e-6)


def test_more_landmarks_than_data_are_exact_and_fewer_are_within_the_residual_whatever_the_samples(x64):
    kernel = kernels.laplace(1.0)
    whole = with_landmarks(kernel, Y, 100, B)
    np.testing.assert_allclose(
        whole.loss(KEY, (), jnp.asarray(X), None), mmd2_biased(X, Y, kernel, y_weights=B), rtol=1e-7
    )
    residuals = []
    for count in (1, 5, 20):
        objective = with_landmarks(kernel, Y, count, B)
        residual = objective.update(KEY, (), jnp.asarray(X), None)[1]["residual"]
        residuals.append(float(residual))
        for x in (X, Y[:9], X * 0.1, X * 100, Y[:1]):
            exact = np.sqrt(mmd2_biased(x, Y, kernel, y_weights=B))
            found = np.sqrt(objective.loss(KEY, (), jnp.asarray(x), None))
            assert abs(found - exact) <= residual
            slope = jax.grad(lambda p: jnp.sum(objective.witness((), p, jnp.asarray(x), None)))(jnp.asarray(x))  # noqa: B023
            np.testing.assert_allclose(
                velocity(objective, KEY, (), jnp.asarray(x), None), -slope, rtol=1e-8, atol=1e-12
            )
    assert residuals[0] > residuals[1] > residuals[2] > 0.01


def test_the_projection_is_that_of_nystrom_mmd2(x64):
    kernel = kernels.gaussian(1.0)
    value, residual = nystrom_mmd2(KEY, X, Y, kernel, num_landmarks=7)
    objective = with_landmarks(kernel, Y, 7)
    np.testing.assert_allclose(objective.loss(KEY, (), jnp.asarray(X), None), value, rtol=1e-8)
    np.testing.assert_allclose(objective.update(KEY, (), jnp.asarray(X), None)[1]["residual"], residual, rtol=1e-8)


def test_landmarks_have_a_weight(x64):
    b = np.where(np.arange(60) < 5, 1.0, 0.0)
    found = with_landmarks(kernels.laplace(1.0), Y, 5, b).loss(KEY, (), jnp.asarray(X), None)
    np.testing.assert_allclose(found, mmd2_biased(X, Y[:5], kernels.laplace(1.0)), rtol=1e-7)


@pytest.mark.parametrize("name", ["distance", "logarithm"])
@pytest.mark.parametrize("count", [1, 10])
def test_kernels_that_are_not_positive_definite_are_refused(name, count):
    with pytest.raises(ValueError, match=r"needs a positive definite kernel.*take `landmarks=None`"):
        with_landmarks(KERNELS[name], np.float32(Y), count)
