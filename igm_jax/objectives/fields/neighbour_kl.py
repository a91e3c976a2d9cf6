"""Kullback and Leibler's divergence by nearest neighbours: no density, no ratio and nothing to learn."""

import jax.numpy as jnp

from igm_jax import checks
from igm_jax.checks import Rows, Scalar
from igm_jax.pairwise.reductions import nearest

__all__ = ["neighbour_kl"]


def neighbour_kl(x: Rows, y: Rows, k: int = 1) -> Scalar:
    """An estimate of KL(P‖Q), P the data and Q the model, from the distances to k-th nearest neighbours.

    ``(d/m) Σ_j log(ν_k(y_j)/ρ_k(y_j)) + log(n/(m − 1))``: ν to the samples, ρ to the other data

    Consistent for densities, without any bandwidth; of order n^{-1/d} in its bias, so for few dimensions. For KL(Q‖P)
    exchange the arguments. Data that coincide with samples or with k other data have no such estimate: it is infinite or NaN.

    Args:
        x: (n, d) generated samples, n ≥ k.
        y: (m, d) data, m > k.
        k: which neighbour; a larger one has less variance and more bias.

    Returns:
        The estimate, a scalar; negative at times.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or fewer samples than neighbours.

    Example:
        >>> from igm_jax.objectives.fields.neighbour_kl import neighbour_kl
        >>> round(float(neighbour_kl([[0.0], [4.0]], [[1.0], [2.0], [3.0]])), 4)  # (log 1 + log 2 + log 1)/3 + log(2/2)
        0.231

    Source: Wang, Kulkarni, Verdú 2009, IEEE Trans. Inf. Theory 55(5).
    """
    k = checks.count("k", k)
    x, y = checks.pair(x, y)
    checks.samples("x", x, least=k)
    checks.samples("y", y, least=k + 1)
    to_samples = nearest(y, x, k)[0][:, k - 1]
    to_data = nearest(y, y, k + 1)[0][:, k]  # the first is the datum itself
    (n, d), m = x.shape, len(y)
    return d * jnp.mean(jnp.log(to_samples) - jnp.log(to_data)) + jnp.log(jnp.asarray(n / (m - 1), x.dtype))
