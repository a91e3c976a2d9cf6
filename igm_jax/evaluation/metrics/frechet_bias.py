"""The bias of the Fréchet distance between finite samples: predicted for Gaussian features, and extrapolated away."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.metrics.frechet import covariance_factor, frechet_distance
from igm_jax.objectives.moments.estimate import Estimate


def frechet_bias(*, real_covariance: Any, fake_covariance: Any, n: int | None, m: int | None) -> float:
    """By how much the Fréchet distance of samples is too large on average, to first order in 1/n, for Gaussian features.

    With s_i² the eigenvalues of ``A^½ B A^½``, the expansion of the distance around the true moments gives::

        bias ≈ tr(A)/n + tr(B)/m + ½ (1/(n - 1) + 1/(m - 1)) Σ_ij (1 + δ_ij) s_i s_j / (s_i + s_j)

    For A = B = I in d dimensions and n = m that is ``2d/n + d(d + 1)/(2(n - 1))``: it grows as the square of the dimension.
    It holds while n and m are much larger than d, and for other laws as far as their fourth moments are those of Gaussians.

    Cost: p³ in time, p² numbers of memory.

    Args:
        real_covariance: (p, p) covariance A of the real features.
        fake_covariance: (p, p) covariance B of the fake ones.
        n: real samples, at least 2; None where the moments are known and not estimated.
        m: fake samples, likewise.

    Returns:
        The bias, in squared units of the features.

    Raises:
        ValueError: for shapes that do not fit, what is no covariance, NaN or infinity, or fewer than two samples.
        TypeError: for numbers of samples that are no integers.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import frechet_bias
        >>> one = np.eye(3)
        >>> round(frechet_bias(real_covariance=one, fake_covariance=one, n=1001, m=None), 6)  # 3/1001 + 3·4/4/1000
        0.005997

    Source: the phenomenon: Bińkowski et al., arXiv 1801.01401, Appendix D; the expansion is ours.
    """
    counts = [None if x is None else _samples_behind(name, x) for name, x in (("n", n), ("m", m))]
    r = covariance_factor("real_covariance", real_covariance)
    size = len(r)
    s = covariance_factor("fake_covariance", fake_covariance, size, "`real_covariance`")
    means = sum(np.sum(factor**2) / x for factor, x in zip((r, s), counts, strict=True) if x is not None)
    roots = np.linalg.svd(r @ s.T, compute_uv=False)
    total = roots[:, None] + roots[None, :]
    spread = np.outer(roots, roots) * (1 + np.eye(size))
    pairs = np.sum(np.divide(spread, total, out=np.zeros_like(total), where=total > 0))
    return float(means + pairs / 2 * sum(1 / (x - 1) for x in counts if x is not None))


def _samples_behind(name: str, value: Any) -> int:
    try:
        return checks.count(name, value, least=2)
    except (TypeError, ValueError) as error:
        text = f"{error}; give how many samples the covariance was estimated from, or None if it is known"
        raise type(error)(text) from None


def extrapolated(sizes: Sequence[int], values: Sequence[float]) -> Estimate:
    """The value at infinitely many samples of something that is linear in 1/n, by least squares.

    ``value(n) = a + b/n``: the intercept a, and its standard error ``σ √(1/k + t̄² / Σ (t_i - t̄)²)`` with ``t_i = 1/n_i`` and
    σ² the residuals' sum of squares over k - 2. The error is that of the line: honest where the values come from
    independent samples, too small where they share them.

    Cost: k.

    Args:
        sizes: the k numbers of samples n, of two or more different sizes, k ≥ 3.
        values: what was found with each.

    Returns:
        The intercept and its standard error.

    Raises:
        ValueError: for different lengths, too few values, sizes that are all equal, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import extrapolated
        >>> round(extrapolated([10, 20, 40], [3.0, 2.5, 2.25]).value, 6)
        2.0

    Source: Chong and Forsyth, Effectively Unbiased FID and Inception Score, arXiv 1911.07023, Section 4.
    """
    t = 1 / np.array([checks.count("sizes", int(size)) for size in sizes], float)
    y = _inputs.samples("values", np.reshape(values, (-1, 1)), least=3)[:, 0]
    if len(t) != len(y) or np.ptp(t) == 0:
        raise ValueError(
            f"`sizes` must be {len(y)} numbers of samples, one for each value and not all equal, but is {list(sizes)}"
        )
    centred = t - t.mean()
    slope = centred @ y / (centred @ centred)
    residual = y - y.mean() - slope * centred
    variance = residual @ residual / (len(y) - 2)
    error = np.sqrt(variance * (1 / len(y) + t.mean() ** 2 / (centred @ centred)))
    return Estimate(float(y.mean() - slope * t.mean()), float(error))


def frechet_limit(*, real: Any, fake: Any, points: int = 10, smallest: int | None = None, seed: int = 0) -> Estimate:
    """The Fréchet distance at infinitely many samples, extrapolated (with Inception features: FID∞).

    ``F(n) ≈ F∞ + b/n`` for n samples of each: a line through the distances of random subsets whose sizes are evenly spaced in
    1/n, the largest with all that the smaller set has (see ``extrapolated``). Subsets of different sizes share samples, so the
    standard error is that of the line; how far it moves with new data is more.

    Cost: points · ((n + m) p² + p³) in time, as ``frechet_distance`` in memory.

    Args:
        real: (n, p) features of the data.
        fake: (m, p) features of the generated samples.
        points: how many sizes, at least three.
        smallest: the smallest size; a fifth of the smaller set if None. Well above p, or the bias is no longer linear in 1/n.
        seed: of the subsets.

    Returns:
        The limit, which may be a little below zero, and the standard error of the line.

    Raises:
        ValueError: for fewer than three points, sizes that do not fit, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import frechet_distance, frechet_limit
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 400, 10))
        >>> abs(frechet_limit(real=real, fake=fake).value) < frechet_distance(real=real, fake=fake)
        True

    Source: Chong and Forsyth, arXiv 1911.07023, Section 4; sizes evenly spaced in 1/n are ours.
    """
    real, fake = _inputs.pair(real, fake, least=10)
    available = min(len(real), len(fake))
    smallest = checks.count("smallest", available // 5 if smallest is None else smallest, least=2)
    if smallest >= available:
        raise ValueError(f"`smallest` must be below the smaller set's {available} samples, but is {smallest}")
    count = checks.count("points", points, least=3)
    sizes = np.rint(1 / np.linspace(1 / smallest, 1 / available, count)).astype(int).tolist()
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    values = [
        frechet_distance(real=_inputs.subsample(real, size, rng), fake=_inputs.subsample(fake, size, rng))
        for size in sizes
    ]
    return extrapolated(sizes, values)
