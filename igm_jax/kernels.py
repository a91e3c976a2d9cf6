"""Kernels: ``gaussian``, ``laplace``, ``rational_quadratic``, ``inverse_multiquadric``, ``distance``, ``polynomial``, ``linear``.

Less usual: ``matern_32``, ``matern_52``, ``cauchy``, ``logarithm``, ``riesz``, ``gaussian_mixture``, ``manhattan_laplace``. Sums
and products by ``+`` and ``*``; ``on_columns``, ``equality`` and ``labelled`` for joint distributions;
``median_bandwidth(y)`` chooses a scale. They live in ``igm_jax.pairwise``, the engine room.
"""

from igm_jax.pairwise.columns import equality, labelled, on_columns
from igm_jax.pairwise.kernels import (
    Kernel,
    distance,
    gaussian,
    inverse_multiquadric,
    laplace,
    linear,
    median_bandwidth,
    polynomial,
    rational_quadratic,
)
from igm_jax.pairwise.more_kernels import (
    cauchy,
    gaussian_mixture,
    logarithm,
    manhattan_laplace,
    matern_32,
    matern_52,
    riesz,
)

__all__ = [
    "Kernel",
    "cauchy",
    "distance",
    "equality",
    "gaussian",
    "gaussian_mixture",
    "inverse_multiquadric",
    "labelled",
    "laplace",
    "linear",
    "logarithm",
    "manhattan_laplace",
    "matern_32",
    "matern_52",
    "median_bandwidth",
    "on_columns",
    "polynomial",
    "rational_quadratic",
    "riesz",
]
