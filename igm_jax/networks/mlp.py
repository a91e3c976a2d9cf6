"""Residual multilayer perceptrons: for generators and, with one output, for critics."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flax import nnx
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Network, Params
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense
from igm_jax.networks.layers import activation as activation_of
from igm_jax.records import recorded


class _Mlp(nnx.Module):
    def __init__(
        self, in_dim: int, out_dim: int, width: int, depth: int, act: Callable, spectral: bool, *, rngs: nnx.Rngs
    ):
        dense = partial(Dense, spectral=spectral, rngs=rngs)
        self.inward = dense(in_dim, width)
        self.residual = nnx.List([dense(width, width) for _ in range(depth - 1)])
        self.outward = dense(width, out_dim)
        self.act, self.share = act, 0.5 if spectral else 1.0

    def __call__(self, x: Array) -> Array:
        h = self.inward(x)
        for layer in self.residual:
            h = self.share * (h + layer(self.act(h)))
        return self.outward(self.act(h))


@recorded
def mlp(
    in_dim: int,
    out_dim: int,
    *,
    width: int = 128,
    depth: int = 3,
    activation: str | Callable[[Array], Array] = "silu",
    spectral_norm: bool = False,
) -> Network:
    """A residual multilayer perceptron.

    ``h₁ = W₁x + b₁``, ``hₗ₊₁ = hₗ + Wₗ₊₁ a(hₗ) + bₗ₊₁``, ``out = W a(h_depth) + b``

    With ``spectral_norm`` every matrix is divided by its largest singular value and every residual sum is halved, so the
    network is Lipschitz with constant Lᵈᵉᵖᵗʰ, where L is the activation's: 1 for ``relu``, ``leaky_relu``, ``tanh`` and
    ``softplus``, 1.1 for ``silu``.

    Args:
        in_dim: number of input features.
        out_dim: number of output features.
        width: units in each hidden layer.
        depth: number of hidden layers.
        activation: a name of ``igm_jax.networks.layers.ACTIVATIONS``, or a function.
        spectral_norm: whether to normalise the weights.

    Returns:
        The network, from (n, in_dim) to (n, out_dim).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or an unknown activation.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import mlp
        >>> net = mlp(2, 3, width=16)
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5, 3)

    Source: residual sums, He et al. 2016, arXiv 1603.05027; spectral normalisation, Miyato et al. 2018, arXiv 1802.05957.
    """
    sizes = {"in_dim": in_dim, "out_dim": out_dim, "width": width, "depth": depth}
    for name, size in sizes.items():
        checks.count(name, size)
    act = activation_of(activation)
    return network(lambda rngs: _Mlp(in_dim, out_dim, width, depth, act, spectral_norm, rngs=rngs))


@recorded
def mlp_critic(in_dim: int, **options: Any) -> Network:
    """A residual multilayer perceptron with one number a sample: ``mlp(in_dim, 1, **options)`` without its last axis.

    Args:
        in_dim: number of features of a sample.
        **options: ``width``, ``depth``, ``activation``, ``spectral_norm``, as in ``mlp``.

    Returns:
        The network, from (n, in_dim) to (n,).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import mlp_critic
        >>> critic = mlp_critic(2, width=16)
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5,)
    """
    return squeeze(mlp(in_dim, 1, **options))


@recorded
def squeeze(net: Network) -> Network:
    """A network whose (n, 1) outputs come as (n,), the form that critics have.

    Args:
        net: a network from (n, d) to (n, 1).

    Returns:
        The network, from (n, d) to (n,), with the same parameters.

    Raises:
        ValueError: from ``apply``, if the output is not (n, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import mlp, squeeze
        >>> critic = squeeze(mlp(2, 1, width=16))
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 2))).shape
        (5,)
    """

    def apply(params: Params, x: Array) -> Array:
        out = net.apply(params, x)
        if out.ndim != 2 or out.shape[1] != 1:
            raise ValueError(
                f"`squeeze` needs a network with output (n, 1), but its output is {out.shape}; use out_dim=1"
            )
        return out[:, 0]

    return Network(net.init, apply)
