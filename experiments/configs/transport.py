"""Objectives of optimal transport."""

import dataclasses
from typing import ClassVar

from experiments.configs.shared import length
from experiments.problems import Space, command
from igm_jax import Objective, objectives


@command("sinkhorn")
@dataclasses.dataclass(frozen=True)
class Sinkhorn:
    """Sinkhorn divergence: optimal transport with entropy, debiased."""

    name: ClassVar[str] = "sinkhorn"
    inner_steps: ClassVar[int] = 1

    epsilon: float = 0.01
    """Strength of the entropy, in squared median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.sinkhorn(length("epsilon", self.epsilon, space) * space.scale)


@command("sliced")
@dataclasses.dataclass(frozen=True)
class Sliced:
    """Sliced Wasserstein distance: sort along random directions."""

    name: ClassVar[str] = "sliced"
    inner_steps: ClassVar[int] = 1

    num_projections: int = 128
    """Directions in each step."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.sliced(self.num_projections)


OBJECTIVES = (Sinkhorn, Sliced)
