"""Sorting networks: critics of slope at most one that can be as steep as one everywhere.

A ReLU network of small weights is seldom as steep as allowed: half of a gradient is lost at every layer. Sorting features in
groups only permutes them, so that the gradient keeps its length.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from igm_jax import checks, loops
from igm_jax.base import Network
from igm_jax.networks.functional import network
from igm_jax.networks.layers import spectral_norm
from igm_jax.networks.mlp import squeeze
from igm_jax.pairwise.line.sort import sort
from igm_jax.records import recorded


def group_sort(h: Float[Array, "*n k"], size: int = 2) -> Float[Array, "*n k"]:
    """Features sorted in groups, ascending: an activation that permutes.

    ``(h₁ … h_s), (h_{s+1} … h_{2s}), …`` each sorted; groups of two are MaxMin, ``(min(h₁, h₂), max(h₁, h₂)), …``

    Args:
        h: (..., k) features.
        size: how many make a group; it divides k.

    Returns:
        (..., k), the same numbers in another order.

    Raises:
        ValueError: if ``size`` is not a positive integer that divides k.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks import group_sort
        >>> group_sort(jnp.array([3.0, 1.0, 2.0, 5.0])).tolist()
        [1.0, 3.0, 2.0, 5.0]

    Source: Anil, Lucas, Grosse 2019, arXiv 1811.05381; MaxMin, Chernodub, Nowicki 2016, arXiv 1604.02313.
    """
    if h.shape[-1] % checks.count("size", size):
        raise ValueError(
            f"groups of {size} must divide the number of features, but there are {h.shape[-1]}; choose another width"
        )
    groups = h.reshape(*h.shape[:-1], -1, size)
    if size == 2:  # no sort: minimum and maximum are cheaper, and have cheaper gradients
        first, second = groups[..., 0], groups[..., 1]
        return jnp.stack([jnp.minimum(first, second), jnp.maximum(first, second)], axis=-1).reshape(h.shape)
    return jnp.moveaxis(_ascending(jnp.moveaxis(groups, -1, 0)), 0, -1).reshape(h.shape)


def _ascending(h: Float[Array, "size *m"]) -> Float[Array, "size *m"]:
    """Sorted along the first axis: by Batcher's network for powers of two, whose derivatives need no order of the numbers."""
    size, run = len(h), 1
    if size & (size - 1):
        return sort(h, axis=0)
    while run < size:
        h, gap = _exchanged(h, run, mirrored=True), run // 2
        while gap:
            h, gap = _exchanged(h, gap, mirrored=False), gap // 2
        run *= 2
    return h


def _exchanged(h: Array, gap: int, *, mirrored: bool) -> Array:
    """The smaller of two rows first, one of each half of a block: the other is ``gap`` below, or the mirror image."""
    blocks = h.reshape(-1, 2, gap, *h.shape[1:])
    first, second = blocks[:, 0], blocks[:, 1, ::-1] if mirrored else blocks[:, 1]
    return jnp.stack([jnp.minimum(first, second), jnp.maximum(first, second)], axis=1).reshape(h.shape)


def orthonormal(matrix: Float[Array, "a b"], *, steps: int = 16) -> Float[Array, "a b"]:
    """The orthonormal matrix nearest to a matrix, ``W (WᵀW)^{−½}``, by Björck and Bowie's iteration.

    ``W ← W (3 I − WᵀW)/2``, from W over its largest singular value

    The singular values rise to one, by half at first and then twice the digits a step, and never pass it: the result is a
    contraction after any number of steps, whatever the matrix.

    Args:
        matrix: (a, b).
        steps: of the iteration; 16 suffice for singular values above a hundredth of the largest.

    Returns:
        (a, b), with orthonormal columns if a ≥ b, else orthonormal rows.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks import orthonormal
        >>> orthonormal(jnp.array([[3.0, 0.0], [0.0, -1.0]])).round(4).tolist()
        [[1.0, 0.0], [0.0, -1.0]]

    Source: Björck, Bowie 1971, SIAM J. Numer. Anal. 8(2); Anil, Lucas, Grosse 2019, arXiv 1811.05381.
    """
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    tall = _over(tall, spectral_norm(tall))
    product = partial(jnp.matmul, precision="highest")

    tall = loops.fori_loop(0, steps, lambda _, w: 1.5 * w - 0.5 * product(w, product(w.T, w)), tall)
    return tall if matrix.shape[0] >= matrix.shape[1] else tall.T


def _over(matrix: Array, norm: Array) -> Array:
    """The matrix over its norm, and zeros over zero."""
    return matrix / jnp.where(norm > 0, norm, 1)


def _spectral(kernel: Array, first: bool) -> Array:
    del first
    return _over(kernel, spectral_norm(kernel))


def _orthonormal(kernel: Array, first: bool) -> Array:
    del first
    return orthonormal(kernel)


def _bounded(kernel: Array, first: bool) -> Array:
    """No output moves more than the input: by its l2 norm in the first layer, and by its largest feature thereafter."""
    squares = jnp.sum(jnp.square(kernel), axis=0)
    length = jnp.sqrt(jnp.where(squares > 0, squares, 1)) if first else jnp.sum(jnp.abs(kernel), axis=0)
    return kernel / jnp.maximum(length, 1)[None, :]


NORMS: dict[str, Callable[[Array, bool], Array]] = {
    "orthonormal": _orthonormal,
    "spectral": _spectral,
    "infinity": _bounded,
}


class _Bounded(nnx.Module):
    def __init__(self, in_dim: int, out_dim: int, norm: str, first: bool, *, rngs: nnx.Rngs):
        start = jax.nn.initializers.orthogonal()
        self.kernel = nnx.Param(start(rngs.params(), (in_dim, out_dim)))
        self.bias = nnx.Param(jnp.zeros((out_dim,)))
        self.norm, self.first = norm, first

    def __call__(self, x: Array) -> Array:
        kernel = self.kernel[...]
        if x.shape[-1] != kernel.shape[0]:
            raise ValueError(
                f"this layer was built for {kernel.shape[0]} features, but got an array of shape {x.shape};"
                " build the network for the dimension of its inputs"
            )
        return x.astype(kernel.dtype) @ NORMS[self.norm](kernel, self.first) + self.bias[...][None]


class _Sorting(nnx.Module):
    def __init__(self, in_dim: int, width: int, depth: int, group: int, norm: str, *, rngs: nnx.Rngs):
        sizes = [in_dim, *[width] * depth, 1]
        layers = [_Bounded(*size, norm, index == 0, rngs=rngs) for index, size in enumerate(pairwise(sizes))]
        self.layers, self.group = nnx.List(layers), group

    def __call__(self, x: Array) -> Array:
        for index, layer in enumerate(self.layers):
            x = layer(group_sort(x, self.group) if index else x)
        return x


@recorded
def lipschitz_critic(
    in_dim: int, *, width: int = 128, depth: int = 3, group: int = 2, norm: str = "orthonormal"
) -> Network:
    """A critic of slope at most one: sorted features between matrices of norm one.

    ``h₁ = W₁x + b₁``, ``hₗ₊₁ = Wₗ₊₁ sort(hₗ) + bₗ₊₁``, ``out = w sort(h_depth) + b``

    ``|D(x) − D(y)| ≤ ‖x − y‖`` for any parameters, so that ``wgan`` needs no penalty. The norms: ``orthonormal`` makes all
    singular values one, and only the first layer, which widens, can shorten a gradient; ``spectral`` only the largest, and is
    cheaper; ``infinity`` bounds rows, with the largest feature for a norm: the one for which such networks are known to
    approximate every function of slope one.

    Args:
        in_dim: number of features of a sample.
        width: units in each hidden layer, a multiple of ``group``.
        depth: number of hidden layers.
        group: how many features are sorted together.
        norm: ``"orthonormal"``, ``"spectral"`` or ``"infinity"``.

    Returns:
        The network, from (n, in_dim) to (n,).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, a width that groups do not divide, or an unknown norm.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import lipschitz_critic
        >>> critic = lipschitz_critic(2, width=16)
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5,)

    Source: Anil, Lucas, Grosse 2019, Sorting out Lipschitz function approximation, arXiv 1811.05381.
    """
    for name, size in {"in_dim": in_dim, "width": width, "depth": depth, "group": group}.items():
        checks.count(name, size)
    checks.choice("norm", norm, NORMS)
    if width % group:
        raise ValueError(f"`width` must be a multiple of `group`, {group}, but is {width}; choose e.g. {width * group}")
    return squeeze(network(lambda rngs: _Sorting(in_dim, width, depth, group, norm, rngs=rngs)))
