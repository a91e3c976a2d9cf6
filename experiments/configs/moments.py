"""Objectives that compare means in feature spaces: kernels and distances."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import length
from experiments.problems import Space, command
from igm_jax import Objective, checks, kernels, objectives


@command("mmd")
@dataclasses.dataclass(frozen=True)
class MMD:
    """Squared maximum mean discrepancy under a sum of kernels."""

    name: ClassVar[str] = "mmd"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = (0.02, 0.07, 0.23, 0.7)
    """One kernel each; in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        if not self.bandwidths:
            raise ValueError("`bandwidths` must hold at least one positive number, but is empty")
        form = getattr(kernels, checks.choice("kernel", self.kernel, ("gaussian", "laplace", "inverse_multiquadric")))
        parts = [form(length("bandwidths", width, space)) for width in self.bandwidths]
        return objectives.mmd(sum(parts[1:], parts[0]))


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


OBJECTIVES = (MMD, Energy)
