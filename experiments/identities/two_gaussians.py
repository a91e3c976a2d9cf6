"""Identities of Gaussian fits: Fréchet and Bures distances."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.identities.claim import Outcome, compared, family, plane, states
from experiments.identities.transport import W2, assignment
from igm_jax.evaluation import frechet_distance
from igm_jax.objectives import bures_distance

IDENTITIES, claim = family()


def _fits(x: Array, y: Array, ddof: int = 0) -> float:
    """W2² of Gaussian fits from the covariance formula; the empirical measures' own have ddof 0."""
    a, b = (np.cov(np.asarray(s).T, ddof=ddof) for s in (x, y))
    cross = np.sqrt(np.abs(np.linalg.eigvals(a @ b))).sum()
    return float(jnp.sum(jnp.square(x.mean(0) - y.mean(0)))) + np.trace(a) + np.trace(b) - 2 * cross


@claim("Fréchet", ("Fréchet distance", "Bures"), "exact", bound=1e-9)
@states("FID = W2² of Gaussian fits", "arXiv 1706.08500")
def gaussian_fits() -> Outcome:
    """The Fréchet distance against the covariance formula."""
    x, y = plane(dim=3)
    return compared(frechet_distance(real=y, fake=x), _fits(x, y, ddof=1))


@claim("Gelbrich", ("Bures", W2), "bound", bound=0.0)
@states("W2² of Gaussian fits ≤ W2²", "Gelbrich 1990")
def gelbrich() -> Outcome:
    """The distance of Gaussian fits never exceeds that of the samples: violations over random pairs, relative."""
    worst = 0.0
    for seed in range(10):
        x, y = plane(12, 12, seed=seed)
        worst = max(worst, _fits(x, y) / assignment(x, y) - 1)
    return Outcome((max(worst, 0.0),))


@claim("Bures", ("Bures", "Gaussian W2"), "exact", bound=1e-9)
@states("‖a − b‖² + min_U ‖R − U S‖² = ‖a − b‖² + tr(A + B − 2(A^½ B A^½)^½)", "Bhatia et al. 2019")
def bures_fits() -> Outcome:
    """Orthogonal factors against the formula of covariances."""
    x, y = plane(dim=3)
    return compared(bures_distance(x, y), _fits(x, y))
