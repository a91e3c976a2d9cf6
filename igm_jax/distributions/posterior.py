"""The posterior of a logistic regression: a target that is known up to a constant, as in Bayesian inference; exact draws."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.distributions.base import Distribution, default_float, points_of
from igm_jax.pairwise import matmul
from igm_jax.records import recorded

# Below this share of accepted proposals, draws would take long.
LEAST_ACCEPTANCE = 1e-4


@recorded
def logistic_posterior(features: ArrayLike, labels: ArrayLike, prior_std: float = 1.0) -> Distribution:
    """The posterior distribution of the weights of a logistic regression under a Gaussian prior.

    ``log p(w) = -‖w‖²/2τ² + Σ_i log σ(l_i w·f_i) + constant`` with labels l of ±1; the constant is left out

    Draws are exact, by rejection: the likelihood lies below its tangent at the mode, which makes a Gaussian envelope as wide as
    the prior. So it is for a few weights and weak data; with many of both, nearly all proposals would be rejected.

    Args:
        features: (N, d) what is classified; a column of ones makes an intercept.
        labels: (N,) labels, -1 and 1, or 0 and 1.
        prior_std: τ > 0.

    Returns:
        The distribution of the d weights; its log density lacks its constant, its score lacks nothing.

    Raises:
        ValueError: for shapes that do not fit, labels of more than two kinds, or data so strong that draws would take long.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import logistic_posterior
        >>> target = logistic_posterior([[1.0], [2.0]], [0, 1], prior_std=2.0)
        >>> target(jax.random.key(0), 5).shape
        (5, 1)
    """
    rows = np.asarray(checks.samples("features", features), np.float64)
    signed = _signs(labels, len(rows))[:, None] * rows
    std = float(checks.positive("prior_std", prior_std))
    mode, precision = _laplace(signed, std)
    dim, columns = rows.shape[1], np.ascontiguousarray(signed.T)
    share = math.exp(-0.5 * float(np.linalg.slogdet(precision)[1]) - dim * math.log(std))
    if share < LEAST_ACCEPTANCE:
        raise ValueError(
            f"only about {share:.1e} of the draws from the prior's width would be accepted, fewer than {LEAST_ACCEPTANCE};"
            " use fewer features, fewer data or a narrower prior"
        )

    def log_likelihood(weights: Array) -> Array:
        return jnp.sum(jax.nn.log_sigmoid(matmul(weights, jnp.asarray(columns, weights.dtype))), axis=1)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)
        return log_likelihood(points) - 0.5 * jnp.sum(jnp.square(points), axis=1) / std**2

    def sample(key: Key, n: int) -> Array:
        centre = jnp.asarray(mode, default_float())[None]
        highest = log_likelihood(centre)

        def propose(state: tuple) -> tuple:
            key, drawn, waiting = state
            key, key_place, key_chance = jax.random.split(key, 3)
            step = std * jax.random.normal(key_place, (n, dim))
            # At the mode the likelihood's slope is mode/τ², as the prior's is minus that.
            tangent = highest + jnp.sum(centre * step, axis=1) / std**2
            accepted = jnp.log(jax.random.uniform(key_chance, (n,))) < log_likelihood(centre + step) - tangent
            drawn = jnp.where((waiting & accepted)[:, None], centre + step, drawn)
            return key, drawn, waiting & ~accepted

        start = (key, jnp.zeros((n, dim)), jnp.ones(n, bool))
        return jax.lax.while_loop(lambda state: jnp.any(state[2]), propose, start)[1]

    return Distribution("logistic posterior", dim, sample, log_density)


def _signs(labels: Any, number: int) -> np.ndarray:
    labels = np.asarray(labels)
    kinds = set(np.unique(labels).tolist())
    if labels.shape != (number,) or not (kinds <= {0, 1} or kinds <= {-1, 1}):
        raise ValueError(
            f"`labels` must have shape ({number},) and be -1 and 1, or 0 and 1, but have shape {labels.shape} and values"
            f" {sorted(kinds)[:5]}"
        )
    return np.where(labels == 1, 1.0, -1.0)


def _laplace(signed: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """The mode, by Newton's method with steps halved while the log density falls, and the precision there."""

    def log_density(weights: np.ndarray) -> float:
        return -float(np.logaddexp(0, -signed @ weights).sum()) - 0.5 * float(weights @ weights) / std**2

    weights, prior = np.zeros(signed.shape[1]), np.eye(signed.shape[1]) / std**2
    precision = prior
    for _ in range(100):
        wrong = 1 / (1 + np.exp(signed @ weights))
        precision = prior + signed.T @ ((wrong * (1 - wrong))[:, None] * signed)
        step = np.linalg.solve(precision, signed.T @ wrong - weights / std**2)
        while log_density(weights + step) < log_density(weights) and np.abs(step).max() > 1e-12:
            step = step / 2
        weights = weights + step
        if np.abs(step).max() < 1e-12:
            break
    return weights, precision
