"""Generators and critics: flax NNX modules behind pure ``init`` and ``apply``, on flat samples (n, d).

Modules of one's own: ``network`` takes those of NNX, ``from_linen`` those of flax linen, ``from_equinox`` those of Equinox.
"""

from igm_jax.networks.convolutional import conv_critic, conv_generator
from igm_jax.networks.coupling import Flow, coupling_flow
from igm_jax.networks.filters import depthwise
from igm_jax.networks.fourier import fourier
from igm_jax.networks.functional import network, parameter_count
from igm_jax.networks.layers import spectral_norm
from igm_jax.networks.lipschitz import group_sort, lipschitz_critic, orthonormal
from igm_jax.networks.mlp import mlp, mlp_critic, squeeze
from igm_jax.networks.modules import from_equinox, from_linen
from igm_jax.networks.noisy import noisy_mlp, noisy_mlp_noise_size
from igm_jax.networks.projection import one_hot, projection_critic
from igm_jax.networks.residual import residual_critic, residual_generator
from igm_jax.networks.style import style_critic, style_generator, style_noise_size
from igm_jax.networks.tokens import straight_through, token_generator
from igm_jax.networks.unet import unet_generator

__all__ = [
    "Flow",
    "conv_critic",
    "conv_generator",
    "coupling_flow",
    "depthwise",
    "fourier",
    "from_equinox",
    "from_linen",
    "group_sort",
    "lipschitz_critic",
    "mlp",
    "mlp_critic",
    "network",
    "noisy_mlp",
    "noisy_mlp_noise_size",
    "one_hot",
    "orthonormal",
    "parameter_count",
    "projection_critic",
    "residual_critic",
    "residual_generator",
    "spectral_norm",
    "squeeze",
    "straight_through",
    "style_critic",
    "style_generator",
    "style_noise_size",
    "token_generator",
    "unet_generator",
]
