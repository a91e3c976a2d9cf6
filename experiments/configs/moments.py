"""Objectives that compare means in feature spaces: kernels and distances."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import optax

from experiments.configs.shared import Critic, length
from experiments.configs.targets import Space, command
from igm_jax import Network, Objective, checks, kernels, objectives
from igm_jax.kernels import Kernel
from igm_jax.networks import mlp

SEVERAL = (0.02, 0.07, 0.23, 0.7)
"""Widths in median distances, from the detail of a target in the plane to its whole."""


def bank(name: str, bandwidths: Sequence[float], space: Space) -> Kernel:
    """A sum of kernels of one form.

    Args:
        name: of the form, in ``igm_jax.kernels``.
        bandwidths: in median distances of the data.
        space: the data's.

    Returns:
        The kernel.

    Raises:
        ValueError: for another name, no bandwidths, or bandwidths that are not positive.
    """
    if not bandwidths:
        raise ValueError("`bandwidths` must hold at least one positive number, but is empty")
    form = getattr(kernels, checks.choice("kernel", name, ("gaussian", "laplace", "inverse_multiquadric")))
    parts = [form(length("bandwidths", width, space)) for width in bandwidths]
    return sum(parts[1:], parts[0])


def features(critic: Critic, count: int, space: Space, **options: Any) -> tuple[Network, optax.GradientTransformation]:
    """A critic's network with several outputs, a perceptron also for images, and its optimiser.

    Args:
        critic: its settings.
        count: how many outputs.
        space: the data's.
        **options: of ``mlp``.

    Returns:
        The network, from (n, d) to (n, count), and the optimiser.
    """
    network = mlp(space.dim, count, width=critic.width, depth=critic.depth, **options)
    return network, critic.build(space)[1]


@command("mmd")
@dataclasses.dataclass(frozen=True)
class MMD:
    """Squared maximum mean discrepancy under a sum of kernels."""

    name: ClassVar[str] = "mmd"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = SEVERAL
    """One kernel each; in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.mmd(bank(self.kernel, self.bandwidths, space))


@command("energy")
@dataclasses.dataclass(frozen=True)
class Energy:
    """Energy distance: MMD without a bandwidth."""

    name: ClassVar[str] = "energy"
    inner_steps: ClassVar[int] = 1

    beta: float = 1.0
    """Exponent of the distance, below 2."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.energy(self.beta)


@command("log-energy")
@dataclasses.dataclass(frozen=True)
class LogEnergy:
    """Log-energy distance: MMD whose pull from afar dies out as one over the distance."""

    name: ClassVar[str] = "log-energy"
    inner_steps: ClassVar[int] = 1

    bandwidth: float = 0.1
    """Where the pull is hardest, in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.log_energy(length("bandwidth", self.bandwidth, space))


@command("mmd-block")
@dataclasses.dataclass(frozen=True)
class MMDBlock:
    """MMD of blocks of samples: less than all pairs, without bias."""

    name: ClassVar[str] = "mmd-block"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = SEVERAL
    """One kernel each; in median distances of the data."""
    block_size: int = 64
    """Samples of a block, which meet each other; 2 for the linear-time estimate."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.mmd_block(bank(self.kernel, self.bandwidths, space), self.block_size)


@command("mmd-flow")
@dataclasses.dataclass(frozen=True)
class MMDFlow:
    """The velocity of MMD at places that noise has moved."""

    name: ClassVar[str] = "mmd-flow"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = SEVERAL
    """One kernel each; in median distances of the data."""
    noise: float = 0.02
    """Standard deviation of the noise, in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        noise = length("noise", self.noise, space) if self.noise else 0.0
        return objectives.mmd_flow(bank(self.kernel, self.bandwidths, space), noise)


@command("mmd-nystrom")
@dataclasses.dataclass(frozen=True)
class MMDNystrom:
    """MMD with the data projected on some of them."""

    name: ClassVar[str] = "mmd-nystrom"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = SEVERAL
    """One kernel each; in median distances of the data."""
    num_landmarks: int = 128
    """How many data stand for all."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.mmd_nystrom(bank(self.kernel, self.bandwidths, space), self.num_landmarks)


@command("characteristic")
@dataclasses.dataclass(frozen=True)
class Characteristic:
    """Distance of characteristic functions at random frequencies."""

    name: ClassVar[str] = "characteristic"
    inner_steps: ClassVar[int] = 1

    law: Literal["normal", "student", "cauchy"] = "student"
    """Law of the frequencies: its kernel is the Gaussian, the Matérn one of smoothness 3/2, or the Laplace one."""
    bandwidth: float = 0.2
    """Bandwidth of that kernel, in median distances of the data."""
    num_frequencies: int = 512
    """Frequencies in each step."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        scale = 1 / length("bandwidth", self.bandwidth, space)
        if checks.choice("law", self.law, ("normal", "student", "cauchy")) == "normal":
            law = objectives.normal_frequencies(scale)
        else:
            law = objectives.student_frequencies(3 if self.law == "student" else 1, scale)
        return objectives.characteristic(law, self.num_frequencies)


@command("mmd-gan")
@dataclasses.dataclass(frozen=True)
class MMDGAN:
    """MMD between learned features, with a gradient penalty on its witness."""

    name: ClassVar[str] = "mmd-gan"

    outputs: int = 16
    """Features."""
    penalty: float = 1.0
    """Coefficient of the gradient penalty."""
    inner_steps: int = 2
    """Updates of the features before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        network = features(self.critic, self.outputs, space, activation="leaky_relu")
        return objectives.mmd_gan(*network, kernels.rational_quadratic(), penalty=self.penalty)


@command("scaled-mmd")
@dataclasses.dataclass(frozen=True)
class ScaledMMD:
    """MMD between learned features, over their slope at the data."""

    name: ClassVar[str] = "scaled-mmd"

    outputs: int = 4
    """Features; each takes a backward pass."""
    ridge: float = 1.0
    """What the slope is compared with."""
    inner_steps: int = 2
    """Updates of the features before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.scaled_mmd(
            *features(self.critic, self.outputs, space), kernels.gaussian(1.0), ridge=self.ridge
        )


@command("repulsive-mmd")
@dataclasses.dataclass(frozen=True)
class RepulsiveMMD:
    """MMD between learned features that tell data from data."""

    name: ClassVar[str] = "repulsive-mmd"

    outputs: int = 16
    """Features."""
    bandwidth: float = 0.1
    """Width of the kernel between features, in median distances of the data."""
    inner_steps: int = 2
    """Updates of the features before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        network = features(self.critic, self.outputs, space, spectral_norm=True)
        # Normalised features are at most as wide as the data.
        return objectives.repulsive_mmd(*network, kernels.gaussian(length("bandwidth", self.bandwidth, space)))


OBJECTIVES = (
    MMD,
    Energy,
    LogEnergy,
    MMDBlock,
    MMDFlow,
    MMDNystrom,
    Characteristic,
    MMDGAN,
    ScaledMMD,
    RepulsiveMMD,
)
