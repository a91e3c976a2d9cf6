"""Means of waves over a sample: empirical characteristic functions, some rows at a time."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.checks import OfPoints, OfSamples, Points, Samples
from igm_jax.kernels.pairs import matmul
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import block_sum


def characteristic_function(frequencies: Float[Array, "d k"], x: Samples, weights: OfSamples) -> Float[Array, "2 k"]:
    """``Σ_i a_i exp(i ω·x_i)`` at each frequency: its real part, and its imaginary part.

    Args:
        frequencies: (d, k), one a column.
        x: (n, d) samples, best centred: far from the origin phases lose their digits.
        weights: (n,) of them.

    Returns:
        (2, k) means of cosines and of sines.
    """

    def visit(carry: Array, block: tuple[Array, Array], index: Array) -> tuple[Array, tuple]:
        rows, share = block
        phases, share = matmul(rows, frequencies), jnp.where(index < len(x), share, 0)[:, None]
        waves = jnp.stack([share * jnp.cos(phases), share * jnp.sin(phases)])
        return carry + block_sum(waves, axis=1), ()

    start = jnp.zeros((2, frequencies.shape[1]), x.dtype)
    return by_rows(visit, start, (x, weights), len(x), frequencies.shape[1])[0]


def wave_sums(frequencies: Float[Array, "d k"], points: Points, amplitudes: Float[Array, "2 k"]) -> OfPoints:
    """``Σ_k (A_k cos ω_k·p + B_k sin ω_k·p)`` at each point.

    Args:
        frequencies: (d, k), one a column.
        points: (p, d).
        amplitudes: (2, k) of the cosines and of the sines.

    Returns:
        (p,) heights.
    """

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        phases = matmul(rows, frequencies)
        waves = amplitudes[:1] * jnp.cos(phases) + amplitudes[1:] * jnp.sin(phases)
        return carry, block_sum(waves)

    return by_rows(visit, (), points, len(points), frequencies.shape[1])[1]
