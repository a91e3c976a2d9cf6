"""Energy distance by sorting: exact for scalars, and its mean over random directions for vectors."""

import jax.numpy as jnp

from igm_jax.base import Key
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.objectives.transport.sliced import projection_input, scalar_pair
from igm_jax.pairwise.line.divergences import energy, mean_over_directions

__all__ = ["energy_distance_1d", "sliced_energy_distance"]


def energy_distance_1d(x: ArrayLike, y: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None) -> Scalar:
    """The energy distance of two weighted samples of scalars, exactly, without an n × m matrix.

    ``ED = 2 E|x - y| - E|x - x'| - E|y - y'| = 2 ∫ (F_x - F_y)²``

    It is ``energy_distance`` in one dimension, in time n log n; SciPy's ``energy_distance`` is its square root.

    Args:
        x: (n,) or (n, 1) generated scalars.
        y: (m,) or (m, 1) data; n and m may differ.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples.

    Raises:
        ValueError: for vectors instead of scalars, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax import energy_distance_1d
        >>> float(energy_distance_1d([0.0], [3.0]))
        6.0

    Source: Székely and Rizzo, Energy statistics, J. Statist. Plann. Inference 143 (2013).
    """
    x, y, a, b = scalar_pair(x, y, x_weights, y_weights)
    return mean_over_directions(energy, jnp.ones((1, 1), x.dtype), x, y, a, b)


def sliced_energy_distance(
    key: Key, x: Rows, y: Rows, *, num_projections: int = 128, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The mean over random directions of the energy distance of the projections.

    ``SED = mean_θ ED(θ·x, θ·y)``, θ uniform on the unit sphere.

    Over directions its expectation is ``c_d ED(x, y)`` with ``c_d = E|θ_1| = Γ(d/2) / (√π Γ((d+1)/2))``, as |θ·z| is
    ``c_d ‖z‖`` in the mean: divided by ``c_d`` it estimates the energy distance without bias, in time k n log n.

    Args:
        key: random key of the directions.
        x: (n, d) generated samples.
        y: (m, d) data; n and m may differ.
        num_projections: how many directions.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples.

    Raises:
        ValueError: for no directions, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> import jax
        >>> from igm_jax import sliced_energy_distance
        >>> round(float(sliced_energy_distance(jax.random.key(0), [[0.0]], [[3.0]])), 3)
        6.0

    Source: Hertrich, Wald, Altekrüger and Hagemann, Generative Sliced MMD Flows with Riesz Kernels, arXiv 2305.11463.
    """
    directions, x, y, a, b = projection_input(key, x, y, num_projections, x_weights, y_weights)
    return mean_over_directions(energy, directions, x, y, a, b)
