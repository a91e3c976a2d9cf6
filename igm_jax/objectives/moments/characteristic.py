"""The distance of characteristic functions, which random Fourier features of a kernel make its squared MMD, in linear time."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Objective
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred
from igm_jax.lifts import of_arrays
from igm_jax.objectives.moments.estimate import Estimate, mean_of
from igm_jax.pairwise.waves import characteristic_function, wave_sums
from igm_jax.records import recorded

__all__ = [
    "cauchy_frequencies",
    "characteristic",
    "characteristic_distance",
    "normal_frequencies",
    "random_feature_mmd2",
    "student_frequencies",
]

Frequencies = Callable[[Key, int, int], Array]
"""``law(key, dim, k) -> (dim, k)``: a law of frequencies, whose characteristic function is the kernel."""


@recorded
def normal_frequencies(scale: ArrayLike) -> Frequencies:
    """Normal frequencies: ``ω ~ N(0, scale² I)``, whose kernel is ``gaussian(1 / scale)``.

    Args:
        scale: their standard deviation, in inverse units of the samples.

    Returns:
        The law.

    Raises:
        ValueError: for a scale that is not positive and finite.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import normal_frequencies
        >>> normal_frequencies(2.0)(jax.random.key(0), 3, 5).shape
        (3, 5)

    Source: Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007.
    """
    checks.positive("scale", scale)

    def law(key: Key, dim: int, count: int) -> Array:
        return _scaled(jax.random.normal(key, (dim, count)), scale)

    return law


@recorded
def student_frequencies(freedom: int, scale: ArrayLike) -> Frequencies:
    """Frequencies of a multivariate Student law: normal ones over the root of a χ² variable over its degrees of freedom.

    Their kernels are the Matérn ones with bandwidth 1/scale: with one degree ``laplace``, with three ``matern_32``, with
    five ``matern_52``, and the Gaussian with infinitely many.

    Args:
        freedom: ν ≥ 1 degrees of freedom.
        scale: in inverse units of the samples.

    Returns:
        The law.

    Raises:
        ValueError: for no degrees of freedom, or a scale that is not positive and finite.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import student_frequencies
        >>> student_frequencies(3, 2.0)(jax.random.key(0), 3, 5).shape
        (3, 5)

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), Section 4.2.1.
    """
    freedom = checks.count("freedom", freedom)
    checks.positive("scale", scale)

    def law(key: Key, dim: int, count: int) -> Array:
        key_normal, key_length = jax.random.split(key)
        spread = jnp.mean(jnp.square(jax.random.normal(key_length, (freedom, count))), axis=0, keepdims=True)
        return _scaled(jax.random.normal(key_normal, (dim, count)) * jax.lax.rsqrt(spread), scale)

    return law


@recorded
def cauchy_frequencies(scale: ArrayLike) -> Frequencies:
    """Cauchy frequencies, the same in all directions: their kernel is ``laplace(1 / scale)``, with the Euclidean distance.

    Rare high frequencies see the finest detail, but leave the slope of a distance over draws of them without a variance: to
    train, take ``student_frequencies(3, scale)``. (Independent Cauchy coordinates would make the Laplace kernel of the
    distance Σ|x_j - y_j|.)

    Args:
        scale: in inverse units of the samples.

    Returns:
        The law.

    Raises:
        ValueError: for a scale that is not positive and finite.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import cauchy_frequencies
        >>> cauchy_frequencies(2.0)(jax.random.key(0), 3, 5).shape
        (3, 5)
    """
    return student_frequencies(1, scale)


def characteristic_distance(
    x: Rows,
    y: Rows,
    frequencies: ArrayLike,
    *,
    frequency_weights: Weights = None,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Scalar:
    """The squared distance of two empirical characteristic functions at given frequencies.

    ``D = Σ_k c_k |φ_x(ω_k) - φ_y(ω_k)|²`` with ``φ_x(ω) = Σ_i a_i exp(i ω·x_i)``

    It is the squared MMD, V-statistic, of the kernel ``Σ_k c_k cos ω_k·(x - y)``.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        frequencies: (d, k), one a column, in inverse units of the samples.
        frequency_weights: (k,) non-negative weights c, normalised here; uniform if None.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar between 0 and 4, without units.

    Raises:
        ValueError: for frequencies of another dimension, wrong shapes, non-finite numbers or bad weights.

    Example:
        >>> from igm_jax.objectives import characteristic_distance
        >>> round(float(characteristic_distance([[0.0]], [[1.0]], [[3.14159265]])), 4)  # exp(iπ) = -1
        4.0

    Source: Ansari, Scarlett, Soh, A Characteristic Function Approach to Deep Implicit Generative Modeling, arXiv 1909.07425,
    Equation 4; Li et al., Reciprocal Adversarial Learning via Characteristic Functions, arXiv 2006.08413.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    frequencies = _columns(checks.samples("frequencies", frequencies), x)
    shares = checks.weights("frequency_weights", frequency_weights, frequencies.T)
    return jnp.sum(shares * jnp.sum(jnp.square(_gaps(frequencies, x, y, a, b)), axis=0))


def random_feature_mmd2(
    key: Key,
    x: Rows,
    y: Rows,
    law: Frequencies,
    *,
    num_features: int = 256,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Estimate:
    """The squared maximum mean discrepancy from random Fourier features, in time (n + m)k.

    ``MMD² ≈ mean_k |φ_x(ω_k) - φ_y(ω_k)|²,  ω_k ~ law``: unbiased for the V-statistic ``mmd2_biased`` of these two samples.

    Args:
        key: random key of the frequencies.
        x: (n, d) generated samples.
        y: (m, d) data.
        law: of the frequencies: ``normal_frequencies(1/σ)`` for ``gaussian(σ)``, ``cauchy_frequencies(1/σ)`` for
            ``laplace(σ)``.
        num_features: k ≥ 2.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        The estimate and its standard error over draws of the frequencies (not of the samples), which falls as 1/√k.

    Raises:
        ValueError: for fewer than two features, wrong shapes, non-finite numbers or bad weights.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import normal_frequencies, random_feature_mmd2
        >>> law = normal_frequencies(1.0)
        >>> value, error = random_feature_mmd2(jax.random.key(0), [[0.0]], [[1.0]], law, num_features=4096)
        >>> abs(float(value) - 2 * (1 - 0.60653)) < 3 * float(error)  # MMD² = 2 - 2 exp(-1/2)
        True

    Source: Rahimi and Recht, NIPS 2007; Zhao and Meng, FastMMD, arXiv 1405.2664.
    """
    key = checks.key("key", key)
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    frequencies = _columns(law(key, x.shape[1], checks.count("num_features", num_features, least=2)), x)
    return mean_of(jnp.sum(jnp.square(_gaps(frequencies, x, y, a, b)), axis=0))


class FrequencyState(NamedTuple):
    """The frequencies, (d, k), drawn anew at every update and shared by the loss and the witness."""

    frequencies: Float[Array, "d k"]


@recorded
def characteristic(law: Frequencies, num_frequencies: int = 256) -> Objective:
    """The distance of characteristic functions as an objective; each inner step draws new frequencies.

    ``loss = mean_k |φ_x(ω_k) - φ_y(ω_k)|²``, ``witness(p) = 2 mean_k Re[exp(-i ω_k·p) (φ_x(ω_k) - φ_y(ω_k))]``

    On average over the frequencies it is ``mmd`` with the law's kernel, in time (n + m)k instead of (n + m)². The
    frequencies belong to the state; a loop of your own calls ``update`` before each step, as the project's does.

    Args:
        law: of the frequencies, e.g. ``student_frequencies(3, 1/σ)``; slopes are of their size, so it should have a variance.
        num_frequencies: k ≥ 1.

    Returns:
        The objective.

    Raises:
        TypeError: if ``law`` is not callable.
        ValueError: for no frequencies.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import characteristic, student_frequencies
        >>> objective = characteristic(student_frequencies(3, 1.0), 16)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state = objective.init(jax.random.key(1), x)
        >>> bool(objective.loss(jax.random.key(2), state, x, y) > 0)
        True

    Source: Ansari, Scarlett, Soh, arXiv 1909.07425, with a fixed law of frequencies.
    """
    checks.count("num_frequencies", num_frequencies)
    if not callable(law):
        raise TypeError(f"`law` must draw frequencies, as `normal_frequencies(1.0)` does, but is {law!r}")

    def drawn(key: Key, x: Any) -> FrequencyState:
        x = checks.samples("x", x)
        return FrequencyState(law(key, x.shape[1], num_frequencies).astype(x.dtype))

    def update(key: Key, state: FrequencyState, x: Array, y: Array) -> tuple[FrequencyState, Info]:
        del state, y
        return drawn(key, x), {}

    def loss(key: Key, state: FrequencyState, x: Array, y: Array) -> Array:
        del key
        return characteristic_distance(x, y, state.frequencies)

    def witness(state: FrequencyState, points: Array, x: Array, y: Array) -> Array:
        x, y, a, b = checks.weighted_pair(x, y)
        points, _ = centred(checks.pair(points, y, names=("points", "y"))[0], y)
        frequencies = _columns(state.frequencies, x)
        return 2 / num_frequencies * wave_sums(frequencies, points, _gaps(frequencies, x, y, a, b))

    return of_arrays(drawn, update, loss, witness)


def _scaled(frequencies: Array, scale: ArrayLike) -> Array:
    return frequencies * jnp.asarray(scale).astype(frequencies.dtype)


def _columns(frequencies: Array, x: Array) -> Float[Array, "d k"]:
    if frequencies.ndim != 2 or len(frequencies) != x.shape[1]:
        raise ValueError(
            f"frequencies must have shape (d, k), one a column, for samples {x.shape}, but have shape {frequencies.shape};"
            " transpose them, or draw them for this dimension"
        )
    return frequencies.astype(x.dtype)


def _gaps(frequencies: Array, x: Array, y: Array, a: Array, b: Array) -> Float[Array, "2 k"]:
    """``φ_x - φ_y``, real and imaginary parts, about the mean of y: a shift turns both phases alike."""
    x, y = centred(x, y)
    return characteristic_function(frequencies, x, a) - characteristic_function(frequencies, y, b)
