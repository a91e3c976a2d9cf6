"""The bias of the Fréchet distance: what is predicted is what samples show, and a line in 1/n takes it away."""

import numpy as np
import pytest

from igm_jax.evaluation import (
    extrapolated,
    frechet_bias,
    frechet_distance,
    frechet_distance_of_moments,
    frechet_limit,
)


def covariances(p=5):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, p, 2 * p))
    return np.cov(a), 3 * np.cov(b)


def test_bias_of_equal_spherical_gaussians():
    d, n = 7, 101
    one_side = 4.0 * (d / n + d * (d + 1) / 4 / (n - 1))
    four = 4 * np.eye(d)
    assert frechet_bias(real_covariance=four, fake_covariance=four, n=n, m=None) == pytest.approx(one_side, rel=1e-10)
    assert frechet_bias(real_covariance=four, fake_covariance=four, n=n, m=n) == pytest.approx(2 * one_side, rel=1e-10)
    assert frechet_bias(real_covariance=four, fake_covariance=four, n=None, m=None) == 0
    # What has no variance has no bias but that of the other's mean.
    assert frechet_bias(real_covariance=four, fake_covariance=0 * four, n=n, m=5) == pytest.approx(4 * d / n, rel=1e-10)


def test_bias_is_what_samples_show():
    a, b = covariances()
    roots = [np.linalg.cholesky(c).T for c in (a, b)]
    rng, n, m = np.random.default_rng(1), 300, 200
    found = [
        frechet_distance(real=rng.normal(size=(n, 5)) @ roots[0], fake=rng.normal(size=(m, 5)) @ roots[1])
        for _ in range(600)
    ]
    zero = np.zeros(5)
    exact = frechet_distance_of_moments(real_mean=zero, real_covariance=a, fake_mean=zero, fake_covariance=b)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    predicted = frechet_bias(real_covariance=a, fake_covariance=b, n=n, m=m)
    assert np.mean(found) - exact == pytest.approx(predicted, abs=4 * error)
    assert predicted > 6 * error, "or nothing was tested"


def test_a_line_is_read_off_exactly():
    sizes = [10, 20, 50, 100]
    found = extrapolated(sizes, [3 - 7 / n for n in sizes])
    assert found.value == pytest.approx(3, rel=1e-12)
    assert found.standard_error < 1e-12


@pytest.mark.slow
def test_standard_error_of_the_intercept():
    rng, sizes = np.random.default_rng(0), np.repeat([20, 40, 80], 4).tolist()
    lines = [extrapolated(sizes, (1 + 5 / np.array(sizes) + 0.1 * rng.normal(size=12)).tolist()) for _ in range(1500)]
    values, errors = np.array(lines).T
    assert values.mean() == pytest.approx(1, abs=4 * values.std() / np.sqrt(1500))
    assert np.mean(errors**2) == pytest.approx(values.var(), rel=0.15)


@pytest.mark.slow
def test_the_limit_is_nearer_than_the_distance():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 2000, 20))
    plain, limit = frechet_distance(real=real, fake=fake), frechet_limit(real=real, fake=fake).value
    assert plain == pytest.approx(2 * 20 / 2000 + 20 * 21 / 2 / 1999, rel=0.1)
    assert abs(limit) < plain / 3
    assert frechet_limit(real=real, fake=fake) == frechet_limit(real=real, fake=fake)


def test_what_cannot_be_extrapolated_is_refused():
    with pytest.raises(ValueError, match="`sizes` must be 3 numbers of samples"):
        extrapolated([10, 10, 10], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="`sizes` must be 3 numbers"):
        extrapolated([10, 20], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="`values` must hold at least 3"):
        extrapolated([10, 20], [1.0, 2.0])
    x = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match="`smallest` must be below the smaller set's 20 samples"):
        frechet_limit(real=x, fake=x, smallest=20)
    with pytest.raises(ValueError, match="`points` must be at least 3"):
        frechet_limit(real=x, fake=x, points=2)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"n": 1}, ValueError, r"`n` must be at least 2, but is 1; give how many samples .* or None if it is known"),
        ({"m": True}, TypeError, "`m` must be an integer, but is True; give how many"),
        (
            {"fake_covariance": np.eye(3)},
            ValueError,
            r"`fake_covariance` must have shape \(2, 2\) like `real_covariance`, but has shape \(3, 3\); pass",
        ),
        (
            {"real_covariance": np.ones((2, 3))},
            ValueError,
            r"`real_covariance` must have shape \(p, p\), but has shape \(2, 3\); .*np.cov",
        ),
        ({"real_covariance": [1.0, 2.0]}, ValueError, r"must have shape \(p, p\), but has shape \(2,\)"),
        ({"real_covariance": [[1.0, 0.0], [0.5, 1.0]]}, ValueError, "differs from its transpose by up to 0.5; pass"),
        ({"fake_covariance": np.diag([1.0, -0.5])}, ValueError, "but has -0.5: it is no covariance; compute it again"),
    ],
)
def test_what_has_no_bias_is_explained(changed, error, text):
    with pytest.raises(error, match=text):
        frechet_bias(**{"real_covariance": np.eye(2), "fake_covariance": np.eye(2), "n": 9, "m": None, **changed})
