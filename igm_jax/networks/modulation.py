"""Convolutions whose kernels each image sets by a style of its own, as in StyleGAN2."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax.networks.filters import convolved
from igm_jax.networks.layers import Dense, activation


def leaky(h: Array) -> Array:
    """Leaky ReLU of slope 0.2 times √2, which keeps the mean square of centred inputs about as it was.

    Args:
        h: an array.

    Returns:
        One of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.modulation import leaky
        >>> [round(float(h), 3) for h in leaky(jnp.array([1.0, -1.0]))]
        [1.414, -0.283]
    """
    return 2**0.5 * activation("leaky_relu")(h)


def normalised(z: Array) -> Array:
    """Each row over the root of its mean square.

    Args:
        z: (n, d).

    Returns:
        (n, d).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.modulation import normalised
        >>> normalised(jnp.array([[3.0, -3.0]])).tolist()
        [[1.0, -1.0]]
    """
    return z * jax.lax.rsqrt(jnp.mean(jnp.square(z), axis=-1, keepdims=True) + 1e-8)


class Modulated(nnx.Module):
    """A convolution whose kernel ``w`` is scaled for each image by input channel and then brought to norm one by output channel.

    ``w'_abio = s_i w_abio``, ``w''_abio = w'_abio / (Σ_abi w'_abio²)^½``: of inputs that are independent with unit variance the
    outputs have unit variance again. The same as scaling input and output of one convolution for all images, as is done here.
    """

    def __init__(
        self, style_dim: int, in_dim: int, out_dim: int, side: int, dtype: Any, *, scale: float = 1.0, rngs: nnx.Rngs
    ):
        self.style = Dense(style_dim, in_dim, rngs=rngs)
        shape = (side, side, in_dim, out_dim)
        self.kernel = nnx.Param(scale / (side * in_dim**0.5) * jax.random.normal(rngs.params(), shape))
        self.dtype = dtype

    def __call__(self, h: Array, style: Array) -> Array:
        """(n, h, w, in) and styles (n, style_dim) to (n, h, w, out); a kernel of 1 × 1, which colours images, is not brought to
        norm one."""
        kernel = self.kernel[...]
        scale = 1 + self.style(style)
        dtype = self.dtype or kernel.dtype
        h = h.astype(dtype) * scale.astype(dtype)[:, None, None]
        if kernel.shape[0] == 1:
            return (h.reshape(-1, h.shape[-1]) @ kernel[0, 0].astype(dtype)).reshape(*h.shape[:3], -1)
        size = jnp.square(scale) @ jnp.sum(jnp.square(kernel), (0, 1))
        return convolved(h, kernel.astype(dtype)) * jax.lax.rsqrt(size + 1e-8).astype(dtype)[:, None, None]
