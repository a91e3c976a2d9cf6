"""Coupling flows: generators whose samples have a density that can be computed."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Network, Params
from igm_jax.networks.mlp import mlp
from igm_jax.records import Recorded, recorded

LARGEST = 1e37
"""The largest numbers that a new flow may have: sums of a few of them are numbers in single precision."""


class _Flow(NamedTuple):
    network: Network
    inverse: Callable[[Params, Array], tuple[Array, Array]]
    log_density: Callable[[Params, Array], Array]


class Flow(Recorded, _Flow):
    """A network that can be inverted, and the density of what it makes of standard normal noise.

    Attributes:
        network: ``init(key) -> params`` and ``apply(params, z) -> x``, (n, d) to (n, d): what ``pushforward`` takes.
        inverse: ``(params, x) -> (z, log_det)``: the noise (n, d) of samples, and log |det dz/dx|, (n,).
        log_density: ``(params, x) -> (n,)``, log q(x) in nats, for the base ``normal(d)``.
    """


@recorded
def coupling_flow(
    dim: int,
    *,
    mean: Any = None,
    covariance: Any = None,
    layers: int = 8,
    width: int = 64,
    depth: int = 2,
    bound: float = 2.0,
    seed: int = 0,
) -> Flow:
    """Affine coupling layers between fixed rotations: a network with an inverse and a density.

    ``h = R z,  x_a = h_a,  x_b = h_b exp(s(h_a)) + t(h_a)``, then ``x ← x exp(g) + m``; ``s = bound · tanh(s' / bound)``

    ``log q(x) = log N(z; 0, I) + log |det dz/dx|``, with ``log |det dx/dz| = Σ s + Σ g`` of each layer. In the end a fixed
    affine map, ``x ← μ + L x`` with ``L Lᵀ = Σ``, gives the flow the data's mean and covariance to begin with.

    Each half of the features is scaled and shifted by what a perceptron says of the other half, so that the inverse needs no
    solver and the determinant no matrix. What a perceptron scales by lies between ``exp(±bound)``, so that the inverse stays
    exact; g and m are free, and the same for all samples. The last layer of every perceptron begins at zero, so that a
    new flow gives samples of N(μ, Σ).

    A flow is a diffeomorphism: a connected base stays connected, whatever the loss (see ``experiments.alchemy``).

    Args:
        dim: the number of features d, at least 2.
        mean: (d,) the mean μ that a new flow has, such as that of the data; None for 0.
        covariance: (d, d) the covariance Σ that it has, positive definite; None for the identity.
        layers: number of coupling layers.
        width: units in each hidden layer of the perceptrons.
        depth: hidden layers of the perceptrons.
        bound: the largest |s|, in nats.
        seed: of the rotations, which are drawn once and never learned.

    Returns:
        The flow; ``pushforward(flow.network, normal(dim))`` is its generator.

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, one feature, which has no halves, a bound that is not
            positive, or a mean or a covariance that is none or far from 1.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import coupling_flow
        >>> flow = coupling_flow(2, layers=4, width=16)
        >>> params = flow.network.init(jax.random.key(0))
        >>> round(float(flow.log_density(params, jnp.zeros((1, 2)))[0]), 4)  # a new flow: -log 2π at 0
        -1.8379

    Source: Dinh, Sohl-Dickstein, Bengio 2017, Density estimation using Real NVP, arXiv 1605.08803; rotations between layers as
    in Kingma, Dhariwal 2018, Glow, arXiv 1807.03039, here fixed.
    """
    checks.count("dim", dim, least=2)
    checks.count("layers", layers)
    bound = float(checks.positive("bound", bound))
    half = dim // 2
    net = mlp(half, 2 * (dim - half), width=width, depth=depth)
    turns = _rotations(dim, layers, checks.seed("seed", seed))
    middle, factor, back = _start(dim, mean, covariance)
    volume = float(np.linalg.slogdet(factor)[1])

    def init(key: Key) -> Params:
        couplings = jax.vmap(net.init)(jax.random.split(key, layers))
        couplings["outward"] = jax.tree.map(jnp.zeros_like, couplings["outward"])
        return {"couplings": couplings, "log_scale": jnp.zeros((layers, dim)), "shift": jnp.zeros((layers, dim))}

    forward, backward = _layer(net.apply, half, bound)

    def apply(params: Params, z: Array) -> Array:
        z = _rows("z", z, dim)
        x = jax.lax.scan(forward, z, (params, jnp.asarray(turns, z.dtype)))[0]
        return jnp.matmul(x, jnp.asarray(factor.T, x.dtype), precision="highest") + jnp.asarray(middle, x.dtype)[None]

    def inverse(params: Params, x: Array) -> tuple[Array, Array]:
        x = _rows("x", x, dim)
        x = jnp.matmul(x - jnp.asarray(middle, x.dtype)[None], jnp.asarray(back.T, x.dtype), precision="highest")
        start = (x, jnp.full(len(x), -volume, x.dtype))
        return jax.lax.scan(backward, start, (params, jnp.asarray(turns, x.dtype)), reverse=True)[0]

    def log_density(params: Params, x: Array) -> Array:
        z, log_det = inverse(params, x)
        return log_det - 0.5 * jnp.sum(jnp.square(z), axis=1) - 0.5 * dim * math.log(2 * math.pi)

    return Flow(Network(init, apply), inverse, log_density)


def _layer(net: Callable[..., Array], half: int, bound: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """One layer and its inverse, as steps of a loop over the parameters and rotations of all: ``(carry, layer) -> carry``."""

    def affine(params: Params, kept: Array) -> tuple[Array, Array]:
        log_scale, shift = jnp.split(net(params["couplings"], kept), 2, axis=1)
        return bound * jnp.tanh(log_scale / bound), shift

    def forward(x: Array, layer: tuple[Params, Array]) -> tuple[Array, None]:
        params, turn = layer
        kept, moved = jnp.split(jnp.matmul(x, turn, precision="highest"), [half], axis=1)
        log_scale, shift = affine(params, kept)
        x = jnp.concatenate([kept, moved * jnp.exp(log_scale) + shift], axis=1)
        return x * jnp.exp(params["log_scale"])[None] + params["shift"][None], None

    def backward(carry: tuple[Array, Array], layer: tuple[Params, Array]) -> tuple[tuple[Array, Array], None]:
        (x, log_det), (params, turn) = carry, layer
        x = (x - params["shift"][None]) * jnp.exp(-params["log_scale"])[None]
        kept, moved = jnp.split(x, [half], axis=1)
        log_scale, shift = affine(params, kept)
        x = jnp.concatenate([kept, (moved - shift) * jnp.exp(-log_scale)], axis=1)
        log_det = log_det - jnp.sum(log_scale, axis=1) - jnp.sum(params["log_scale"])
        return (jnp.matmul(x, turn.T, precision="highest"), log_det), None

    return forward, backward


def _rotations(dim: int, layers: int, seed: int) -> np.ndarray:
    """(layers, dim, dim) orthogonal matrices, uniformly drawn."""
    matrices, upper = np.linalg.qr(np.random.default_rng(seed).standard_normal((layers, dim, dim)))
    # A decomposition's signs are its maker's habit; with a positive diagonal the draw is uniform, and the same everywhere.
    return matrices * np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :]


def _start(dim: int, mean: Any, covariance: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean (dim,), the Cholesky factor (dim, dim) and its inverse of the Gaussian that a new flow is, or an error."""
    middle = np.zeros(dim) if mean is None else np.asarray(mean, np.float64)
    matrix = np.eye(dim) if covariance is None else np.asarray(covariance, np.float64)
    for name, value, shape in (("mean", middle, (dim,)), ("covariance", matrix, (dim, dim))):
        if value.shape != shape:
            raise ValueError(f"`{name}` must have shape {shape} for {dim} features, but has shape {value.shape}")
        checks.finite(name, value)
    if not np.allclose(matrix, matrix.T, rtol=1e-5, atol=0):
        raise ValueError("`covariance` must be symmetric, but differs from its transpose; use (S + S.T) / 2")
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        least = float(np.linalg.eigvalsh(matrix).min())
        raise ValueError(
            f"`covariance` must be positive definite, but its least eigenvalue is {least:.3g}; add a small multiple of the"
            " identity, or drop features that depend on others"
        ) from error
    back = np.linalg.inv(factor)
    if max(np.abs(middle).max(), np.abs(factor).max(), np.abs(back).max()) > LARGEST:
        raise ValueError(
            f"`mean`, and the roots of `covariance` and of its inverse, must be at most {LARGEST:.0e} for single precision; scale"
            " the data to numbers near 1"
        )
    return middle, factor, back


def _rows(name: str, value: Array, dim: int) -> Array:
    value = jnp.asarray(value)
    if value.ndim != 2 or value.shape[1] != dim:
        raise ValueError(
            f"`{name}` must be samples (n, {dim}), as this flow has {dim} features, but has shape {value.shape};"
            " make a flow of that dimension"
        )
    if not jnp.issubdtype(value.dtype, jnp.floating):
        raise TypeError(
            f"`{name}` must be real numbers, but is of type {value.dtype}; `{name}.astype(float)` makes them so"
        )
    return value.astype(checks.at_least_single(value.dtype))
