"""Two known normal laws on the line: on a grid that carries them, and as a critic that knows their ratio."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from igm_jax import Network

P, Q = stats.norm(0.3, 0.8), stats.norm(-0.5, 1.3)  # the data, the model
KL, CHI_SQUARED = 0.36420604063377, 0.61199051872884
GRID = np.linspace(-14, 14, 4001)
LOG_RATIO = P.logpdf(GRID) - Q.logpdf(GRID)
WEIGHTS = {"x_weights": Q.pdf(GRID), "y_weights": P.pdf(GRID)}
STEP = GRID[1] - GRID[0]


def log_ratio(points):
    """log p/q at points (n, 1)."""
    p, q = (jax.scipy.stats.norm.logpdf(points[:, 0], *law.args) for law in (P, Q))
    return p - q


def knowing(output):
    """A critic without parameters whose output is a function of log p/q."""
    return Network(lambda key: {}, lambda params, points: output(log_ratio(points)))


def spread(low, high, n):
    """Points (n, 1), evenly spaced."""
    return jnp.linspace(low, high, n)[:, None]


def score_difference(x):
    """∇log p/q at points (n, 1)."""
    return -(x - 0.3) / 0.8**2 + (x + 0.5) / 1.3**2
