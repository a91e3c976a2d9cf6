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
    model: compare at one n only, and with the real-against-real floor.

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
    shift = np.sum((real.mean(0) - fake.mean(0)) ** 2)
    r, s = _factor(real), _factor(fake)
    left, _, right = np.linalg.svd(r @ s.T)
    return float(shift + np.sum((r - left @ right @ s) ** 2))


def _factor(x: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "p p"]:
    """R with ``RᵀR`` the unbiased covariance of ``x``; rows of zeros where there are fewer samples than features."""
    factor = np.linalg.qr((x - x.mean(0)) / np.sqrt(len(x) - 1), mode="r")
    return np.pad(factor, ((0, x.shape[1] - len(factor)), (0, 0)))
