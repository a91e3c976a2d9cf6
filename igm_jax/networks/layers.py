"""The linear layer that all networks here are made of, activations by name, and spectral normalisation."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from igm_jax import checks, loops
from igm_jax.checks import Scalar

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "silu": jax.nn.silu,
    "relu": jax.nn.relu,
    "leaky_relu": lambda h: jax.nn.leaky_relu(h, 0.2),
    "gelu": jax.nn.gelu,
    "softplus": jax.nn.softplus,
    "tanh": jnp.tanh,
}


def activation(name: Any) -> Callable[[Array], Array]:
    """The activation function of that name, or the function itself if one is given.

    Args:
        name: one of ``silu``, ``relu``, ``leaky_relu`` (slope 0.2), ``gelu``, ``softplus``, ``tanh``, or any function
            from an array to an array of its shape.

    Returns:
        The function.

    Raises:
        ValueError: for an unknown name; the text lists the known ones.

    Example:
        >>> from igm_jax.networks.layers import activation
        >>> float(activation("relu")(-2.0))
        0.0
    """
    return name if callable(name) else ACTIVATIONS[checks.choice("activation", name, ACTIVATIONS)]


def spectral_norm(matrix: Float[Array, "a b"], *, squarings: int = 8) -> Scalar:
    """The largest singular value of a matrix, ``σ = uᵀ W v``, as a pure function with an exact first derivative.

    No vector is carried from step to step: the Gram matrix of the smaller side is squared ``squarings`` times, which is
    ``2**squarings`` power iterations from every coordinate direction at once, and the longest column is v. The singular
    vectors are held constant, which leaves the derivative dσ/dW = u vᵀ. The value is never too large; it can be too small
    by a fraction of about log(n) / 2^(squarings+2), n being the smaller side, if all singular values crowd just below the
    largest, and is exact to rounding once the two largest differ by a few per cent.

    Args:
        matrix: (a, b).
        squarings: how often the Gram matrix is squared.

    Returns:
        The norm, a scalar; 0 with a zero gradient for a matrix of zeros.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks import spectral_norm
        >>> round(float(spectral_norm(jnp.array([[3.0, 0.0], [0.0, 1.0]]))), 6)
        3.0

    Source: Miyato et al. 2018, arXiv 1802.05957, which carries u between the steps instead.
    """
    fixed = jax.lax.stop_gradient(matrix)
    wide = fixed if fixed.shape[0] >= fixed.shape[1] else fixed.T
    wide = wide / _or_one(jnp.max(jnp.abs(wide)))
    gram = jnp.matmul(wide.T, wide, precision="highest")
    gram = loops.fori_loop(0, squarings, lambda _, gram: _squared(gram), gram)
    # A positive semi-definite matrix has its largest entry on the diagonal: that column cannot miss the leading vector.
    right = _unit(gram[:, jnp.argmax(jnp.diagonal(gram))])
    left = _unit(jnp.matmul(wide, right, precision="highest"))
    if fixed.shape[0] < fixed.shape[1]:
        left, right = right, left
    return jnp.matmul(left, jnp.matmul(matrix, right, precision="highest"), precision="highest")


def _squared(gram: Array) -> Array:
    gram = gram / _or_one(jnp.max(jnp.abs(gram)))
    return jnp.matmul(gram, gram, precision="highest")


def _or_one(scale: Array) -> Array:
    return jnp.where(scale > 0, scale, 1)


def _unit(vector: Array) -> Array:
    return vector / _or_one(jnp.sqrt(jnp.sum(jnp.square(vector))))


DTYPES = ("float32", "bfloat16", "float16", "float64")


def compute_dtype(dtype: Any) -> Any:
    """The type that a network computes in, from its name or itself.

    Args:
        dtype: a name such as "bfloat16", or a type such as ``jnp.bfloat16``; None for that of the parameters.

    Returns:
        The NumPy type, or None.

    Raises:
        ValueError: for anything that is no type of floating point numbers, the text lists the names; for float64 where JAX has
            none.

    Example:
        >>> from igm_jax.networks.layers import compute_dtype
        >>> compute_dtype("bfloat16")
        dtype(bfloat16)
    """
    if dtype is None:
        return None
    try:
        name = dtype if isinstance(dtype, str) else jnp.dtype(dtype).name
    except TypeError:
        name = repr(dtype)
    found = jnp.dtype(checks.choice("dtype", name, DTYPES))
    if found == jnp.float64 and jnp.result_type(float) != found:
        raise ValueError(
            "`dtype` is 'float64', but JAX has no more than 32 bits here; build the network under `jax.enable_x64(True)`"
        )
    return found


class Dense(nnx.Module):
    """``x @ kernel + bias``, and with ``spectral`` the kernel over its largest singular value.

    A small layer of our own, so that it computes in one type, that of its parameters or ``dtype``, whatever comes in, and so
    that a wrong number of features gets an error that says so. Norms of kernels are taken in the type of the parameters.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        *,
        spectral: bool = False,
        scale: float = 1.0,
        dtype: Any = None,
        rngs: nnx.Rngs,
    ):
        shape = (checks.count("in_dim", in_dim), checks.count("out_dim", out_dim))
        spread = scale / in_dim**0.5
        self.kernel = nnx.Param(spread * jax.random.truncated_normal(rngs.params(), -2.0, 2.0, shape) / 0.8796)
        self.bias = nnx.Param(jnp.zeros((out_dim,)))
        self.spectral, self.dtype = spectral, dtype

    def weights(self) -> Array:
        """The kernel that inputs are multiplied with, in the type to compute in."""
        kernel = self.kernel[...]
        if self.spectral:
            kernel = kernel / _or_one(spectral_norm(kernel))
        return kernel.astype(self.dtype or kernel.dtype)

    def offset(self) -> Array:
        """The bias in the type to compute in."""
        return self.bias[...].astype(self.dtype or self.bias.dtype)

    def __call__(self, x: Array) -> Array:
        shape = self.kernel.shape
        if x.ndim == 0 or x.shape[-1] != shape[0]:
            raise ValueError(
                f"this layer was built for {shape[0]} features, but got an array of shape {x.shape};"
                " build the network for the dimension of its inputs"
            )
        kernel = self.weights()
        # As one matrix: a product with several leading axes, vmapped over kernels, falls off the CPU's fast path.
        rows = x.astype(kernel.dtype).reshape(-1, x.shape[-1])
        return (rows @ kernel + self.offset()[None]).reshape(*x.shape[:-1], shape[1])
