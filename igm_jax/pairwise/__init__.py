"""The engine room: all that touches n × m pairs."""

from igm_jax.kernels.pairs import Pairs, distances, matmul, safe_sqrt, squared_distances
from igm_jax.pairwise.reductions import nearest

__all__ = ["Pairs", "distances", "matmul", "nearest", "safe_sqrt", "squared_distances"]
