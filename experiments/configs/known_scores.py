"""Objectives that know their target by its log density or score, and learn nothing from data."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import Critic, length, with_density
from experiments.configs.targets import Space, command
from igm_jax import Objective, checks, kernels, objectives
from igm_jax.kernels import Kernel

SmoothKernel = Literal["gaussian", "inverse_multiquadric"]


def smooth_kernel(form: str, bandwidth: float, space: Space) -> Kernel:
    """A kernel by its name, its bandwidth in median distances."""
    of = getattr(kernels, checks.choice("kernel", form, ("gaussian", "inverse_multiquadric")))
    return of(length("bandwidth", bandwidth, space))


@command("ksd")
@dataclasses.dataclass(frozen=True)
class KSD:
    """Squared kernel Stein discrepancy from a target with a known score."""

    name: ClassVar[str] = "ksd"
    inner_steps: ClassVar[int] = 1
    needs_density: ClassVar[bool] = True

    kernel: SmoothKernel = "inverse_multiquadric"
    """Form of the kernel."""
    bandwidth: float = 0.3
    """Its width, in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        score = with_density(self.name, space).score
        return objectives.ksd(score, smooth_kernel(self.kernel, self.bandwidth, space))


@command("svgd")
@dataclasses.dataclass(frozen=True)
class SVGD:
    """Stein variational gradient descent to a target with a known score, amortised by the generator."""

    name: ClassVar[str] = "svgd"
    inner_steps: ClassVar[int] = 1
    needs_density: ClassVar[bool] = True

    kernel: SmoothKernel = "gaussian"
    """Form of the kernel."""
    bandwidth: float = 0.1
    """Its width, in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        score = with_density(self.name, space).score
        return objectives.svgd(score, smooth_kernel(self.kernel, self.bandwidth, space))


@command("stein-reverse-kl")
@dataclasses.dataclass(frozen=True)
class SteinReverseKL:
    """KL to a target with a known score, the model's own score estimated by Stein's identity."""

    name: ClassVar[str] = "stein-reverse-kl"
    inner_steps: ClassVar[int] = 1
    needs_density: ClassVar[bool] = True

    kernel: SmoothKernel = "gaussian"
    """Form of the kernel."""
    bandwidth: float = 0.3
    """Its width, in median distances of the data."""
    ridge: float = 0.003
    """What is added to the mean of the kernel's matrix."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        score = with_density(self.name, space).score
        return objectives.stein_reverse_kl(score, smooth_kernel(self.kernel, self.bandwidth, space), self.ridge)


@command("reverse-kl")
@dataclasses.dataclass(frozen=True)
class ReverseKL:
    """KL to a target with a known density, the model's own learned by a classifier."""

    name: ClassVar[str] = "reverse-kl"
    needs_density: ClassVar[bool] = True

    inner_steps: int = 3
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        log_density = checks.is_function("log_density", with_density(self.name, space).log_density)
        return objectives.reverse_kl(log_density, *self.critic.build(space))


OBJECTIVES = (KSD, SVGD, SteinReverseKL, ReverseKL)
