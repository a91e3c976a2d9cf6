"""Moments of rectified Gaussian vectors, relu(N(m, S)), without sampling."""

import numpy as np
from scipy.stats import norm

MOST_TERMS = 400


def mean_and_variance(mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of ``max(N(m, s²), 0)``: ``m Φ(a) + s φ(a)`` and ``(m² + s²) Φ(a) + m s φ(a)`` minus its square, with ``a = m/s``."""
    a = mean / std
    first = mean * norm.cdf(a) + std * norm.pdf(a)
    return first, (mean**2 + std**2) * norm.cdf(a) + mean * std * norm.pdf(a) - first**2


def moments(mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and covariance of ``max(N(m, S), 0)``.

    By Mehler's formula ``Cov_ij = Σ_k c_k(i) c_k(j) ρ_ij^k`` with the coefficients c_k of ``z -> max(m + s z, 0)`` in normalised
    Hermite polynomials: ``c_1 = s Φ(a)`` and ``c_k = s φ(a) h_{k-2}(-a) / √(k (k-1))`` after that. The sum ends where |ρ|^k
    is below rounding.
    """
    std = np.sqrt(np.diag(covariance))
    first, variance = mean_and_variance(mean, std)
    correlation = covariance / std[:, None] / std
    np.fill_diagonal(correlation, 0)
    largest = min(float(np.abs(correlation).max()), 1.0)
    found, power = np.zeros_like(correlation), np.ones_like(correlation)
    for coefficient, k in zip(_coefficients(mean / std, std), range(1, MOST_TERMS), strict=False):
        power *= correlation
        found += coefficient[:, None] * power * coefficient
        if largest**k < 1e-17:
            break
    found[np.diag_indices_from(found)] = variance
    return first, found


def _coefficients(a: np.ndarray, std: np.ndarray):
    """``c_1, c_2, …``, one number a coordinate each."""
    yield std * norm.cdf(a)
    height, older, newer, k = std * norm.pdf(a), np.zeros_like(a), np.ones_like(a), 2
    while True:
        yield height * newer / np.sqrt(k * (k - 1))
        older, newer, k = newer, (-a * newer - np.sqrt(k - 2) * older) / np.sqrt(k - 1), k + 1
