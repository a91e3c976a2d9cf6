"""The Fréchet distance against the closed form of Gaussians."""

import numpy as np
import pytest
from scipy import linalg

from igm_jax.evaluation import frechet_distance, frechet_distance_of_moments


def with_moments(mean, covariance, n=200, seed=0):
    """Samples whose mean and unbiased covariance are exactly these."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x @ np.linalg.cholesky(covariance).T + mean


A, B = np.array([[1, 0.3], [0.3, 0.5]]), np.array([[0.6, -0.2], [-0.2, 1.4]])


def test_squared_w2_of_two_gaussians():
    real, fake = with_moments([0.5, -1.0], A), with_moments([-0.25, 0.75], B, n=150, seed=1)
    assert frechet_distance(real=real, fake=fake) == pytest.approx(4.0751307011203854, rel=1e-12)


def test_textbook_formula_in_more_dimensions():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)), rng.normal(size=(80, 6)) + 1
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = linalg.sqrtm(a)
    textbook = np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(a + b - 2 * linalg.sqrtm(root @ b @ root).real)
    assert frechet_distance(real=real, fake=fake) == pytest.approx(textbook, rel=1e-10)


def test_singular_covariances():
    # One direction each, at right angles: nothing of one covariance helps to carry the other.
    rng = np.random.default_rng(0)
    t = rng.normal(size=(50, 1))
    real, fake = t * np.array([1.0, 0.0, 0.0]), t * np.array([0.0, 2.0, 0.0])
    variance = t.var(ddof=1)
    expected = variance + 4 * variance + np.sum((real.mean(0) - fake.mean(0)) ** 2)
    assert frechet_distance(real=real, fake=fake) == pytest.approx(expected, rel=1e-12)
    # The same line: the roots are subtracted.
    along = frechet_distance(real=real, fake=2 * real)
    assert along == pytest.approx(variance + t.mean() ** 2, rel=1e-12)


def test_fewer_samples_than_features():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(5, 40))
    assert frechet_distance(real=real, fake=real[::-1]) < 1e-24, "no square roots of rounding noise"
    assert frechet_distance(real=real, fake=real + 2.0) == pytest.approx(160.0, rel=1e-12)
    assert np.isfinite(frechet_distance(real=real, fake=rng.normal(size=(60, 40))))


@pytest.mark.parametrize(("n", "m", "p"), [(5, 9, 30), (9, 5, 30), (50, 6, 20), (6, 50, 20), (2, 2, 3)])
def test_few_samples_of_many_features_are_as_their_moments(n, m, p):
    rng = np.random.default_rng(n)
    real, fake = rng.normal(size=(n, p)), 1 + 2 * rng.normal(size=(m, p))
    moments = {}
    for name, x in (("real", real), ("fake", fake)):
        moments |= {f"{name}_mean": x.mean(0), f"{name}_covariance": np.cov(x, rowvar=False)}
    assert frechet_distance(real=real, fake=fake) == pytest.approx(frechet_distance_of_moments(**moments), rel=1e-7)


def test_a_few_sounds_take_no_matrix_of_all_their_numbers():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 200_000)), rng.normal(size=(3, 200_000))  # whose covariance would take 300 GB
    assert frechet_distance(real=real, fake=real) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(real=real, fake=fake) > 1e5


def test_symmetric_and_free_of_the_frame():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(100, 4)), rng.normal(size=(90, 4)) * 1.5
    value = frechet_distance(real=real, fake=fake)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert frechet_distance(real=fake, fake=real) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(real=real @ rotation + 7, fake=fake @ rotation + 7) == pytest.approx(value, rel=1e-9)


def test_constant_data_have_a_distance():
    assert frechet_distance(real=np.zeros((4, 3)), fake=np.ones((5, 3))) == 3.0


def test_one_sample_has_no_covariance():
    with pytest.raises(ValueError, match="`fake` must hold at least 2 samples"):
        frechet_distance(real=np.zeros((4, 3)), fake=np.zeros((1, 3)))


def test_given_moments_are_those_of_samples():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(50, 4)), 2 * rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + 1
    moments = {
        "real_mean": real.mean(0), "real_covariance": np.cov(real, rowvar=False),
        "fake_mean": fake.mean(0), "fake_covariance": np.cov(fake, rowvar=False),
    }  # fmt: skip
    assert frechet_distance_of_moments(**moments) == pytest.approx(frechet_distance(real=real, fake=fake), rel=1e-10)


def test_given_moments_of_laws():
    found = frechet_distance_of_moments(
        real_mean=[0.5, -1.0], real_covariance=A, fake_mean=[-0.25, 0.75], fake_covariance=B
    )
    assert found == pytest.approx(4.0751307011203854, rel=1e-12)
    commuting = frechet_distance_of_moments(
        real_mean=np.zeros(3), real_covariance=np.diag([1.0, 4.0, 0.0]),
        fake_mean=np.ones(3), fake_covariance=np.diag([9.0, 1.0, 4.0]),
    )  # fmt: skip
    assert commuting == pytest.approx(3 + 4 + 1 + 4, rel=1e-12)


@pytest.mark.parametrize(
    ("covariance", "text"),
    [
        (np.eye(3), r"`fake_covariance` must have shape \(2, 2\)"),
        ([[1.0, 0.5], [0.0, 1.0]], "must be symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], "must have no negative eigenvalue, but has -1"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, text):
    with pytest.raises(ValueError, match=text):
        frechet_distance_of_moments(
            real_mean=np.zeros(2), real_covariance=np.eye(2), fake_mean=np.zeros(2), fake_covariance=covariance
        )
    with pytest.raises(ValueError, match="must have the same length, but have 2 and 3"):
        frechet_distance_of_moments(
            real_mean=np.zeros(2), real_covariance=np.eye(2), fake_mean=np.zeros(3), fake_covariance=np.eye(3)
        )
