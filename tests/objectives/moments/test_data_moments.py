import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import Moments, moments_of
from igm_jax.objectives.moments import data_moments
from igm_jax.objectives.moments.data_moments import fixed_moments

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(50, 4)) @ RNG.normal(size=(4, 4)) + 3


def test_moments_are_those_of_numpy_whatever_the_number_of_chunks(monkeypatch):
    weights = RNG.uniform(size=50)
    for chunk in (7, 4096):
        monkeypatch.setattr(data_moments, "CHUNK", chunk)
        mean, covariance = moments_of(DATA, weights=weights)
        np.testing.assert_allclose(mean, np.average(DATA, axis=0, weights=weights), rtol=1e-12)
        np.testing.assert_allclose(covariance, np.cov(DATA.T, aweights=weights, ddof=0), rtol=1e-12)
        np.testing.assert_allclose(moments_of(DATA).covariance, np.cov(DATA.T, ddof=0), rtol=1e-12)


def test_single_precision_far_from_the_origin_keeps_its_digits():
    far = np.float32(DATA + 1e5)
    for data in (far, jnp.asarray(far)):
        np.testing.assert_allclose(moments_of(data).covariance, np.cov(far.astype(float).T, ddof=0), rtol=1e-10)


def test_a_factor_gives_the_covariance_back_also_where_it_is_singular():
    for data in (DATA, DATA[:3], DATA[:1]):
        moments = moments_of(data)
        found = fixed_moments(moments)
        np.testing.assert_allclose(found.factor.T @ found.factor, moments.covariance, atol=1e-12)


WRONG = {
    "no moments": (DATA, TypeError, r"must be `Moments\(mean, covariance\)`"),
    "shapes": (Moments(np.zeros(2), np.eye(3)), ValueError, r"but have shapes \(2,\) and \(3, 3\)"),
    "not finite": (Moments(np.zeros(2), np.eye(2) * np.nan), ValueError, "must hold finite numbers"),
    "no covariance": (Moments(np.zeros(2), np.diag([1.0, -0.5])), ValueError, "its smallest is -0.5"),
    "not symmetric": (Moments(np.zeros(2), np.array([[1.0, 0.5], [0, 1]])), ValueError, "from its transpose by 0.5"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_are_no_moments_is_explained(case):
    moments, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        fixed_moments(moments)


def test_what_has_no_moments_is_explained():
    with pytest.raises(ValueError, match="must hold finite numbers"):
        moments_of([[1.0], [np.inf]])
    with pytest.raises(ValueError, match=r"must have shape \(n, d\)"):
        moments_of(np.zeros(3))
    with pytest.raises(ValueError, match="at least 1 sample"):
        moments_of(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="`weights` must be non-negative"):
        moments_of(DATA, weights=-np.ones(50))
    with pytest.raises(TypeError, match="must be known, but are being traced"):
        jax.jit(lambda data: moments_of(data).mean)(jnp.asarray(DATA, jnp.float32))
    with pytest.raises(ValueError, match=r"`x` must have the features of `data_moments`, 4, but has shape \(2, 3\)"):
        fixed_moments(moments_of(DATA)).seen(jnp.zeros((2, 3)))
