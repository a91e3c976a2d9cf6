"""Conditional laws that are known: what to learn p(x | c) on, and how good a score can get."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import stats

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.batches import Batch
from igm_jax.records import Recorded, recorded


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ConditionalLaw(Recorded):
    """A law of samples under conditions, as a target: ``law(key, n)`` draws n conditions, and a sample under each.

    Attributes:
        name: a short name for tables.
        dim: features of a sample.
        condition_dim: features of a condition.
        conditions: ``(key, n) -> (n, condition_dim)`` conditions as in training.
        sample: ``(key, c, k) -> (b, k, dim)``, k independent draws under each of b conditions.
        log_density: ``(x, c) -> (n,)`` natural log of the density of x (n, dim) under c (n, condition_dim), or None.
        energy_score: ``c -> (b,)``, the mean energy score of the law itself, ``½ E‖x − x'‖``: no model has a lower one.
        quantiles: ``(c, levels) -> (b, levels)`` of laws of one feature; None for others.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import heteroscedastic
        >>> batch = heteroscedastic(2)(jax.random.key(0), 5)
        >>> batch.values.shape, batch.condition.shape
        ((5, 2), (5, 1))
    """

    name: str
    dim: int
    condition_dim: int
    conditions: Callable[[Key, int], Array]
    sample: Callable[[Key, Array, int], Array]
    log_density: Callable[[Array, Array], Array] | None
    energy_score: Callable[[Any], np.ndarray]
    quantiles: Callable[[Any, Any], np.ndarray] | None = None

    def __call__(self, key: Key, n: int) -> Batch:
        """``n`` conditions, and a sample under each."""
        key_condition, key_sample = jax.random.split(checks.key("key", key))
        c = self.conditions(key_condition, checks.count("n", n))
        return Batch(self.sample(key_sample, c, 1)[:, 0], condition=c)


def mean_norm(dim: int, offset: Any = 0.0) -> np.ndarray:
    """The mean length of a standard normal vector around a place, ``E‖μ + Z‖``, to twelve digits.

    ``E√q = (2√π)⁻¹ ∫ (1 − E e^{−tq}) t^{−3/2} dt`` with ``E e^{−tq} = (1 + 2t)^{−d/2} e^{−‖μ‖² t/(1 + 2t)}`` of ``q = ‖μ + Z‖²``

    Args:
        dim: d.
        offset: ‖μ‖, numbers of any shape.

    Returns:
        Means, of that shape.

    Example:
        >>> from igm_jax.distributions.conditional import mean_norm
        >>> round(float(mean_norm(1)), 4), round(float(mean_norm(1, 100.0)), 4)  # √(2/π); hardly any noise
        (0.7979, 100.0)
    """
    squared = np.square(np.asarray(offset, float))[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(400)
    s, size = (nodes + 1) / 2, np.sqrt(dim + squared)
    # With √t = s/(1 − s) over the size of a vector, the integrand is smooth from end to end.
    t = np.square(s / (1 - s) / size)
    log_mean = -dim / 2 * np.log1p(2 * t) - squared * t / (1 + 2 * t)
    integral = np.sum(weights / 2 * -np.expm1(log_mean) / np.square(s), axis=-1)
    return np.asarray(size[..., 0] / math.sqrt(math.pi) * integral)


def _uniform(low: float, high: float, dim: int = 1) -> Callable[[Key, int], Array]:
    return lambda key, n: jax.random.uniform(key, (n, dim), minval=low, maxval=high)


def _softplus(x: Array) -> Array:
    return jnp.logaddexp(x, 0.0)


def _square(x: Array) -> Array:
    return jnp.square(jnp.maximum(x, 0)) / 2


def _cubic(x: Array) -> Array:
    return x**3 / 3


def _log(x: Array) -> Array:
    return jnp.where(x <= 2, x / 3 + math.log(3) - 2 / 3, jnp.log1p(jnp.maximum(x, 2)))


SHAPES: dict[str, tuple[Callable[[Array], Array], tuple[float, float]]] = {
    "softplus": (_softplus, (-2.0, 2.0)),
    "square": (_square, (0.0, 2.0)),
    "cubic": (_cubic, (-2.0, 2.0)),
    "log": (_log, (0.0, 2.0)),
}
"""The functions of the pre-additive laws, and the ranges of their conditions in training."""

NODES = 2000


@recorded
def preadditive(shape: str, noise: float = 1.0) -> ConditionalLaw:
    """Engression's simulators: noise is added before a monotone function, which shows how it goes on beyond the training range.

    ``y = g(c + σ η)``, η normal, with g: ``softplus`` log(1 + eᶜ) and ``cubic`` c³/3, trained on c uniform in [−2, 2]; ``square``
    max(c, 0)²/2 and ``log`` c/3 + log 3 − 2/3 up to 2 and log(1 + c) from there, trained on [0, 2].

    Args:
        shape: which g.
        noise: σ.

    Returns:
        The law; its quantiles are g of those of the noise, its energy score a sum over 2000 of these.

    Raises:
        ValueError: for an unknown shape, or a noise that is not positive.

    Example:
        >>> from igm_jax.distributions import preadditive
        >>> preadditive("cubic").quantiles([[3.0]], [0.5]).tolist()
        [[9.0]]

    Source: Shen and Meinshausen, arXiv 2307.00835.
    """
    g, (low, high) = SHAPES[checks.choice("shape", shape, SHAPES)]
    checks.positive("noise", noise)

    def sample(key: Key, c: Array, k: int) -> Array:
        return g(c[:, None] + noise * jax.random.normal(key, (len(c), k, 1), c.dtype))

    def quantiles(c: Any, levels: Any) -> np.ndarray:
        with jax.enable_x64(True):
            places = np.asarray(c, float)[:, :1] + noise * stats.norm.ppf(np.asarray(levels, float))[None]
            return np.asarray(g(jnp.asarray(places)))

    def energy_score(c: Any) -> np.ndarray:
        # ½ E|y − y'| is the area between the quantiles: Σ_i q_i (2 i − n)/n² over equally likely ones.
        middles = (np.arange(NODES) + 0.5) / NODES
        return quantiles(c, middles) @ (2 * middles - 1) / NODES

    return ConditionalLaw(f"{shape}, noise before", 1, 1, _uniform(low, high), sample, None, energy_score, quantiles)


@recorded
def heteroscedastic(dim: int = 1) -> ConditionalLaw:
    """A normal law whose mean and spread both depend on the condition.

    ``x = sin(πc) 1 + s(c) ε``, ``s(c) = 0.1 + 0.4 c²``, c uniform in [−1, 1], ε standard normal in d dimensions. Its energy score
    is ``s(c) Γ((d + 1)/2)/Γ(d/2)``.

    Args:
        dim: d.

    Returns:
        The law.

    Raises:
        TypeError, ValueError: for a dimension that is no positive integer.

    Example:
        >>> from igm_jax.distributions import heteroscedastic
        >>> round(float(heteroscedastic(1).energy_score([[0.0]])[0]), 4)  # 0.1/√π
        0.0564

    Source: written for this project.
    """
    checks.count("dim", dim)

    def spread(c: Any) -> Any:
        return 0.1 + 0.4 * c[:, :1] ** 2

    def sample(key: Key, c: Array, k: int) -> Array:
        noise = jax.random.normal(key, (len(c), k, dim), c.dtype)
        return jnp.sin(jnp.pi * c)[:, None] + spread(c)[:, None] * noise

    def log_density(x: Array, c: Array) -> Array:
        z = (x - jnp.sin(jnp.pi * c)) / spread(c)
        return -0.5 * jnp.sum(z**2, axis=1) - dim * (jnp.log(spread(c)[:, 0]) + 0.5 * math.log(2 * math.pi))

    def energy_score(c: Any) -> np.ndarray:
        return spread(np.asarray(c, float))[:, 0] * mean_norm(dim) / math.sqrt(2)

    def quantiles(c: Any, levels: Any) -> np.ndarray:
        c = np.asarray(c, float)
        return np.sin(np.pi * c) + spread(c) * stats.norm.ppf(np.asarray(levels, float))[None]

    return ConditionalLaw(
        f"heteroscedastic {dim}", dim, 1, _uniform(-1, 1), sample, log_density, energy_score,
        quantiles if dim == 1 else None,
    )  # fmt: skip


@recorded
def bimodal(dim: int = 1) -> ConditionalLaw:
    """Two equally likely modes that part as the condition grows: a mean says nothing, and one normal law cannot fit.

    ``x = ± m(c) 1/√d + 0.2 ε``, ``m(c) = max(c, 0)``, c uniform in [−1, 1], ε standard normal in d dimensions. Its energy score
    is ``¼ (0.2 √2) (E‖Z‖ + E‖Z + μ‖)`` with ‖μ‖ = √2 m(c)/0.2.

    Args:
        dim: d.

    Returns:
        The law.

    Raises:
        TypeError, ValueError: for a dimension that is no positive integer.

    Example:
        >>> from igm_jax.distributions import bimodal
        >>> [round(float(score), 3) for score in bimodal(1).energy_score([[-1.0], [1.0]])]
        [0.113, 0.556]

    Source: written for this project.
    """
    checks.count("dim", dim)
    std = 0.2

    def sample(key: Key, c: Array, k: int) -> Array:
        key_sign, key_noise = jax.random.split(key)
        sign = jax.random.rademacher(key_sign, (len(c), k, 1), c.dtype)
        noise = jax.random.normal(key_noise, (len(c), k, dim), c.dtype)
        return sign * jnp.maximum(c, 0)[:, None] / math.sqrt(dim) + std * noise

    def log_density(x: Array, c: Array) -> Array:
        centre = jnp.maximum(c, 0) / math.sqrt(dim)
        near = [-0.5 * jnp.sum(((x - sign * centre) / std) ** 2, axis=1) for sign in (1, -1)]
        return jnp.logaddexp(*near) - math.log(2) - dim * math.log(std * math.sqrt(2 * math.pi))

    def energy_score(c: Any) -> np.ndarray:
        apart = math.sqrt(2) * np.maximum(np.asarray(c, float)[:, 0], 0) / std
        return 0.25 * math.sqrt(2) * std * (mean_norm(dim) + mean_norm(dim, apart))

    return ConditionalLaw(f"bimodal {dim}", dim, 1, _uniform(-1, 1), sample, log_density, energy_score)
