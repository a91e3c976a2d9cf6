"""Objectives that compare means in feature spaces: kernels and distances."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import optax
import tyro

from experiments.configs import choices
from experiments.configs.choices import Space
from experiments.configs.shared import CRITIC, Critic, length
from igm_jax import Network, Objective, checks, kernels, objectives
from igm_jax.kernels import Kernel
from igm_jax.networks import mlp

SEVERAL = (0.02, 0.07, 0.23, 0.7)
"""Widths in median distances, from the detail of a target in the plane to its whole."""

Form = Annotated[Literal["gaussian", "laplace", "inverse_multiquadric"], tyro.conf.arg(help="Form of each kernel.")]
Bandwidths = Annotated[tuple[float, ...], tyro.conf.arg(help="One kernel each; in median distances of the data.")]


def _bank(name: str, bandwidths: Sequence[float], space: Space) -> Kernel:
    """A sum of kernels of one form of ``igm_jax.kernels``, bandwidths in median distances of the data."""
    if not bandwidths:
        raise ValueError("`bandwidths` must hold at least one positive number, but is empty")
    form = getattr(kernels, checks.choice("kernel", name, ("gaussian", "laplace", "inverse_multiquadric")))
    parts = [form(length("bandwidths", width, space)) for width in bandwidths]
    return sum(parts[1:], parts[0])


def _features(critic: Critic, count: int, space: Space, **options: Any) -> tuple[Network, optax.GradientTransformation]:
    """A critic's network with several outputs, a perceptron also for images, and its optimiser."""
    network = mlp(space.dim, count, width=critic.perceptron().width, depth=critic.depth, **options)
    return network, critic.optimizer()


@choices.objective(kind="MMD")
def mmd(space: Space, kernel: Form = "laplace", bandwidths: Bandwidths = SEVERAL) -> Objective:
    """Squared maximum mean discrepancy under a sum of kernels."""
    return objectives.mmd(_bank(kernel, bandwidths, space))


@choices.objective()
def energy(space: Space, beta: float = 1.0) -> Objective:
    """Energy distance: MMD without a bandwidth.

    Args:
        beta: Exponent of the distance, below 2.
    """
    del space
    return objectives.energy(beta)


@choices.objective()
def log_energy(space: Space, bandwidth: float = 0.1) -> Objective:
    """Log-energy distance: MMD whose pull from afar dies out as one over the distance.

    Args:
        bandwidth: Where the pull is hardest, in median distances of the data.
    """
    return objectives.log_energy(length("bandwidth", bandwidth, space))


@choices.objective(kind="MMDBlock")
def mmd_block(
    space: Space, kernel: Form = "laplace", bandwidths: Bandwidths = SEVERAL, block_size: int = 64
) -> Objective:
    """MMD of blocks of samples: less than all pairs, without bias.

    Args:
        block_size: Samples of a block, which meet each other; 2 for the linear-time estimate.
    """
    return objectives.mmd_block(_bank(kernel, bandwidths, space), block_size)


@choices.objective(kind="MMDFlow")
def mmd_flow(
    space: Space, kernel: Form = "laplace", bandwidths: Bandwidths = SEVERAL, noise: float = 0.02
) -> Objective:
    """The velocity of MMD at places that noise has moved.

    Args:
        noise: Standard deviation of the noise, in median distances of the data.
    """
    return objectives.mmd_flow(_bank(kernel, bandwidths, space), length("noise", noise, space) if noise else 0.0)


@choices.objective(kind="MMDNystrom")
def mmd_nystrom(
    space: Space, kernel: Form = "laplace", bandwidths: Bandwidths = SEVERAL, num_landmarks: int = 128
) -> Objective:
    """MMD with the data projected on some of them.

    Args:
        num_landmarks: How many data stand for all.
    """
    return objectives.mmd_nystrom(_bank(kernel, bandwidths, space), num_landmarks)


@choices.objective()
def characteristic(
    space: Space,
    law: Literal["normal", "student", "cauchy"] = "student",
    bandwidth: float = 0.2,
    num_frequencies: int = 512,
) -> Objective:
    """Distance of characteristic functions at random frequencies.

    Args:
        law: Law of the frequencies: its kernel is the Gaussian, the Matérn one of smoothness 3/2, or the Laplace one.
        bandwidth: Bandwidth of that kernel, in median distances of the data.
        num_frequencies: Frequencies in each step.
    """
    scale = 1 / length("bandwidth", bandwidth, space)
    if checks.choice("law", law, ("normal", "student", "cauchy")) == "normal":
        frequencies = objectives.normal_frequencies(scale)
    else:
        frequencies = objectives.student_frequencies(3 if law == "student" else 1, scale)
    return objectives.characteristic(frequencies, num_frequencies)


@choices.objective(kind="MMDGAN", inner_steps=2, learns="the features")
def mmd_gan(space: Space, outputs: int = 16, penalty: float = 1.0, critic: Critic = CRITIC) -> Objective:
    """MMD between learned features, with a gradient penalty on its witness.

    Args:
        outputs: Features.
        penalty: Coefficient of the gradient penalty.
    """
    network = _features(critic, outputs, space, activation="leaky_relu")
    return objectives.mmd_gan(*network, kernels.rational_quadratic(), penalty=penalty)


@choices.objective(kind="ScaledMMD", inner_steps=2, learns="the features")
def scaled_mmd(space: Space, outputs: int = 4, ridge: float = 1.0, critic: Critic = CRITIC) -> Objective:
    """MMD between learned features, over their slope at the data.

    Args:
        outputs: Features; each takes a backward pass.
        ridge: What the slope is compared with.
    """
    return objectives.scaled_mmd(*_features(critic, outputs, space), kernels.gaussian(1.0), ridge=ridge)


@choices.objective(kind="RepulsiveMMD", inner_steps=2, learns="the features")
def repulsive_mmd(space: Space, outputs: int = 16, bandwidth: float = 0.1, critic: Critic = CRITIC) -> Objective:
    """MMD between learned features that tell data from data.

    Args:
        outputs: Features.
        bandwidth: Width of the kernel between features, in median distances of the data.
    """
    network = _features(critic, outputs, space, spectral_norm=True)
    # Normalised features are at most as wide as the data.
    return objectives.repulsive_mmd(*network, kernels.gaussian(length("bandwidth", bandwidth, space)))


@choices.objective(kind="FrechetLoss", inner_steps=1)
def frechet_loss(space: Space, rate: float = 0.0, bank: int = 0) -> Objective:
    """Fréchet distance of the mean and covariance of a population from those of the data.

    Args:
        rate: Share of a minibatch in moving moments of the population; 0 for none.
        bank: Past samples that belong to the population; 0 for none.
    """
    del space
    return objectives.frechet_loss(rate=rate or None, bank=bank or None)
