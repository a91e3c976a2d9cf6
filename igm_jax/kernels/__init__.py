"""Kernels: ``gaussian``, ``laplace``, ``rational_quadratic``, ``inverse_multiquadric``, ``distance``, ``polynomial``, ``linear``.

Less usual: ``matern_32``, ``matern_52``, ``cauchy``, ``logarithm``, ``riesz``, ``gaussian_mixture``, ``manhattan_laplace``. Sums
and products by ``+`` and ``*``; ``substrings`` of texts; ``on_columns``, ``equality`` and ``labelled`` for joint distributions;
``median_bandwidth(y)`` chooses a scale. One's own: ``of_squared_distance``, and ``of_points``, which a plain function of two
points becomes wherever a kernel is expected.
"""

from igm_jax.kernels.custom import of_squared_distance
from igm_jax.kernels.joint import equality, labelled, linear, manhattan_laplace, on_columns, polynomial
from igm_jax.kernels.kernel import Kernel, KernelLike, median_bandwidth, of_points
from igm_jax.kernels.radial import (
    distance,
    gaussian,
    gaussian_mixture,
    inverse_multiquadric,
    laplace,
    rational_quadratic,
    riesz,
)
from igm_jax.kernels.sharp import sharp
from igm_jax.kernels.smooth import cauchy, logarithm, matern_32, matern_52
from igm_jax.kernels.strings import substrings

__all__ = [
    "Kernel",
    "KernelLike",
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
    "of_points",
    "of_squared_distance",
    "on_columns",
    "polynomial",
    "rational_quadratic",
    "riesz",
    "sharp",
    "substrings",
]
