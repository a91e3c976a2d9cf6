"""Two Gaussians, one shifted and narrower, and every divergence between them in closed form: a truth to measure estimators by.

The data are ``y ~ N(0, I)`` in d dimensions and the model is ``x = δ + s z``, ``z ~ N(0, I)``, with ``‖δ‖ = r``. A divergence is
then a function of r and s alone, and so are its derivatives in δ and s: the gradient of a generator with d + 1 parameters.
Everything here is in float64 and independent of the package.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special


class Setting(NamedTuple):
    """What is compared, and how: the dimension, and the lengths that estimators need, in units of the data.

    Attributes:
        dim: d.
        bandwidth: of the Gaussian kernel; the root mean square distance of two data, √(2d).
        epsilon: of the Sinkhorn divergence, a share of the mean squared distance of two data, 2d.
        num_projections: directions of the sliced distance.
    """

    dim: int
    bandwidth: float
    epsilon: float
    num_projections: int


Truth = Callable[[Setting, float, float], float]
"""``(setting, r, s) -> value`` between N(δ, s² I), ‖δ‖ = r, and N(0, I)."""


def setting_of(dim: int, epsilon: float, num_projections: int) -> Setting:
    """The lengths for a dimension; ``epsilon`` is a share of the mean squared distance."""
    return Setting(dim, float(np.sqrt(2 * dim)), 2 * dim * epsilon, num_projections)


def mean_kernel(setting: Setting, r: float, variance: float) -> float:
    """``E exp(-‖z‖²/2h²)`` for ``z ~ N(δ, v I)``."""
    total = setting.bandwidth**2 + variance
    return float((setting.bandwidth**2 / total) ** (setting.dim / 2) * np.exp(-(r**2) / (2 * total)))


def mean_distance(setting: Setting, r: float, variance: float) -> float:
    """``E‖z‖`` for ``z ~ N(δ, v I)``: ``√(2v) Γ((d+1)/2)/Γ(d/2) ₁F₁(-½; d/2; -r²/2v)``."""
    half = setting.dim / 2
    ratio = np.exp(special.gammaln(half + 0.5) - special.gammaln(half))
    return float(np.sqrt(2 * variance) * ratio * special.hyp1f1(-0.5, half, -(r**2) / (2 * variance)))


def mmd2(setting: Setting, r: float, s: float) -> float:
    """Squared MMD under the Gaussian kernel."""
    within = mean_kernel(setting, 0.0, 2 * s**2) + mean_kernel(setting, 0.0, 2.0)
    return within - 2 * mean_kernel(setting, r, 1 + s**2)


def energy(setting: Setting, r: float, s: float) -> float:
    """The energy distance."""
    within = mean_distance(setting, 0.0, 2 * s**2) + mean_distance(setting, 0.0, 2.0)
    return 2 * mean_distance(setting, r, 1 + s**2) - within


def entropic_cost(setting: Setting, r: float, s: float, t: float) -> float:
    """``min E‖x - y‖² + ε KL(π ‖ a⊗b)`` between N(δ, s² I) and N(0, t² I) (Janati et al., arXiv 2006.02572)."""
    half = setting.epsilon / 2
    root = np.sqrt(4 * (s * t) ** 2 + half**2)
    each = s**2 + t**2 - root + half * (1 - np.log(setting.epsilon)) + half * np.log(root + half)
    return float(r**2 + setting.dim * each)


def sinkhorn(setting: Setting, r: float, s: float) -> float:
    """The Sinkhorn divergence."""
    within = entropic_cost(setting, 0.0, s, s) + entropic_cost(setting, 0.0, 1.0, 1.0)
    return entropic_cost(setting, r, s, 1.0) - within / 2


def sliced(setting: Setting, r: float, s: float) -> float:
    """The squared sliced 2-Wasserstein distance, over all directions."""
    return r**2 / setting.dim + (1 - s) ** 2


def wasserstein(setting: Setting, r: float, s: float) -> float:
    """The squared 2-Wasserstein distance."""
    return r**2 + setting.dim * (1 - s) ** 2


def gradient(truth: Truth, setting: Setting, r: float, s: float, step: float = 1e-5) -> np.ndarray:
    """The derivatives in δ and s, (d + 1,), for δ along the first axis: central differences of the closed form."""
    along_r = (truth(setting, r + step, s) - truth(setting, r - step, s)) / (2 * step)
    along_s = (truth(setting, r, s + step) - truth(setting, r, s - step)) / (2 * step)
    return np.concatenate([[along_r], np.zeros(setting.dim - 1), [along_s]])
