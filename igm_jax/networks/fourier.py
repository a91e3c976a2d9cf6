"""Fourier features: sines and cosines of random projections in front of a network, so that it learns fine detail early."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Key, Network, Params
from igm_jax.records import recorded


@recorded
def fourier(net: Network, in_dim: int, *, num_frequencies: int = 64, scale: float = 3.0) -> Network:
    """A network that sees its input and sines and cosines of random projections of it.

    ``out = net([x, sin(Wx), cos(Wx)])``, ``W_kj ~ N(0, scale² / in_dim)``, learned along with the rest.

    A smooth network learns low frequencies first; a generator that must tear a connected base distribution into separate
    modes needs high ones.

    Args:
        net: a network of ``in_dim + 2 * num_frequencies`` inputs.
        in_dim: number of input features.
        num_frequencies: how many projections.
        scale: standard deviation of a projection of standard normal input, in radians.

    Returns:
        The network, from (n, in_dim) to what ``net`` gives.

    Raises:
        TypeError: if ``net`` is not a ``Network``.
        ValueError: for sizes or a scale that are not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import fourier, mlp
        >>> net = fourier(mlp(2 + 2 * 8, 3, width=16), 2, num_frequencies=8)
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5, 3)

    Source: Tancik et al., Fourier Features Let Networks Learn High Frequency Functions, arXiv 2006.10739.
    """
    if not isinstance(net, Network):
        raise functions.not_a_network("net", "mlp(2 + 2 * 64, 2)", net)
    checks.count("in_dim", in_dim)
    checks.count("num_frequencies", num_frequencies)
    checks.positive("scale", scale)

    def init(key: Key) -> Params:
        key_frequencies, key_net = jax.random.split(key)
        frequencies = scale / in_dim**0.5 * jax.random.normal(key_frequencies, (in_dim, num_frequencies))
        return {"frequencies": frequencies, "net": net.init(key_net)}

    def apply(params: Params, x: Array) -> Array:
        angles = x @ params["frequencies"]
        return net.apply(params["net"], jnp.concatenate([x, jnp.sin(angles), jnp.cos(angles)], axis=1))

    return Network(init, apply)
