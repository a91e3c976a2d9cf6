"""Kernels: ``gaussian``, ``laplace``, ``rational_quadratic``, ``inverse_multiquadric``, ``distance``, ``polynomial``, ``linear``.

Sums and products by ``+`` and ``*``; ``on_columns``, ``equality`` and ``labelled`` for joint distributions;
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

__all__ = [
    "Kernel",
    "distance",
    "equality",
    "gaussian",
    "inverse_multiquadric",
    "labelled",
    "laplace",
    "linear",
    "median_bandwidth",
    "on_columns",
    "polynomial",
    "rational_quadratic",
]
