"""The Fréchet distance of the Gaussians that have the samples' means and covariances."""

from typing import Any

import numpy as np
from jaxtyping import Float

from igm_jax.evaluation import _inputs


def frechet_distance(*, real: Any, fake: Any) -> float:
    """The squared 2-Wasserstein distance between Gaussian fits of two sets of features (with Inception features: FID).

    ``‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)``, with unbiased covariances A, B. It is squared, as everywhere in the literature.

    Computed without a matrix square root: for factors ``A = RᵀR`` and ``B = SᵀS`` the second term is ``min_U ‖R - U S‖²`` over
    orthogonal matrices U (Procrustes). So singular covariances are nothing special, nothing cancels, and equal samples give
    zero to rounding. The textbook form takes square roots of eigenvalues that are rounding noise.

    The estimate is biased upwards, by about the number of features over the number of samples, and the bias depends on the
    model: compare at one n only, and with the real-against-real floor, or see ``frechet_limit``.

    Cost: with k = min(n, p) and l = min(m, p), (n k + m l + k l) p in time, (n + m) p numbers of memory; so few samples of
    many features cost little.

    Args:
        real: (n, p) features of the data.
        fake: (m, p) features of the generated samples.

    Returns:
        The squared distance, in squared units of the features.

    Raises:
        ValueError: for a single sample (it has no covariance), wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import frechet_distance
        >>> round(frechet_distance(real=[[-1.0], [1.0]], fake=[[1.0], [5.0]]), 6)
        11.0

    Source: Heusel et al., arXiv 1706.08500, Eq. 6; the bias: Bińkowski et al., arXiv 1801.01401, Appendix D.
    """
    real, fake = _inputs.pair(real, fake, least=2)
    return _distance(real.mean(0) - fake.mean(0), _factor(real), _factor(fake))


def frechet_distance_of_moments(*, real_mean: Any, real_covariance: Any, fake_mean: Any, fake_covariance: Any) -> float:
    """The squared 2-Wasserstein distance of Gaussians with given moments: those of a law itself, or sums kept elsewhere.

    ``‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)``, computed as ``frechet_distance`` does, with factors from eigenvalues.

    Cost: p³ in time, p² numbers of memory; neither depends on a number of samples.

    Args:
        real_mean: (p,) mean a.
        real_covariance: (p, p) covariance A, symmetric; eigenvalues that are negative by rounding count as zero.
        fake_mean: (p,) mean b.
        fake_covariance: (p, p) covariance B.

    Returns:
        The squared distance, in squared units of the features.

    Raises:
        ValueError: for shapes that do not fit, a covariance that is not symmetric or has a negative eigenvalue, NaN or
            infinity.

    Example:
        >>> from igm_jax.evaluation import frechet_distance_of_moments
        >>> one, four = {"real_mean": [0.0], "real_covariance": [[1.0]]}, {"fake_mean": [3.0], "fake_covariance": [[4.0]]}
        >>> frechet_distance_of_moments(**one, **four)
        10.0

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions, J. Multivar. Anal. 12 (1982).
    """
    a, b = (_inputs.samples(name, [value])[0] for name, value in (("real_mean", real_mean), ("fake_mean", fake_mean)))
    if len(a) != len(b):
        raise ValueError(f"`real_mean` and `fake_mean` must have the same length, but have {len(a)} and {len(b)}")
    r = covariance_factor("real_covariance", real_covariance, len(a))
    s = covariance_factor("fake_covariance", fake_covariance, len(a))
    return _distance(a - b, r, s)


def covariance_factor(
    name: str, value: Any, size: int | None = None, like: str = "its mean"
) -> Float[np.ndarray, "p p"]:
    """R with ``RᵀR`` the given covariance, of as many features as something else if their number is given; or an error."""
    shape = np.shape(value)
    if len(shape) != 2 or set(shape) != {shape[0] if size is None else size}:
        expected = "(p, p)" if size is None else f"({size}, {size}) like {like}"
        raise ValueError(
            f"`{name}` must have shape {expected}, but has shape {shape}; pass the covariance of the same features, e.g."
            " `np.atleast_2d(np.cov(features, rowvar=False))`"
        )
    covariance = _inputs.samples(name, value)
    largest, gap = np.abs(covariance).max(), np.abs(covariance - covariance.T).max()
    if gap > 1e-6 * largest:
        raise ValueError(
            f"`{name}` must be symmetric, but differs from its transpose by up to {gap:.3g};"
            " pass (C + C.T) / 2 if that is what you mean"
        )
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if values[0] < -1e-6 * largest:
        raise ValueError(
            f"`{name}` must have no negative eigenvalue, but has {values[0]:.3g}: it is no covariance; compute it again, in"
            " float64"
        )
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


def _distance(shift: Float[np.ndarray, " p"], r: Float[np.ndarray, "k p"], s: Float[np.ndarray, "l p"]) -> float:
    if len(r) < len(s):
        r, s = s, r
    left, _, right = np.linalg.svd(
        r @ s.T, full_matrices=False
    )  # U has the smaller number of columns, all that there are
    return float(shift @ shift + np.sum((r - left @ right @ s) ** 2))


def _factor(x: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "k p"]:
    """R with ``RᵀR`` the unbiased covariance of ``x``; of as many rows as there are samples, if these are fewer than features."""
    return np.asarray(np.linalg.qr((x - x.mean(0)) / np.sqrt(len(x) - 1), mode="r"))
