"""Objectives that are velocity fields: score differences and drifts."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import length
from experiments.problems import Space, command
from igm_jax import Objective, objectives


@command("score-difference")
@dataclasses.dataclass(frozen=True)
class ScoreDifference:
    """Score difference: the gap between the scores of data and samples, both smoothed by a Gaussian."""

    name: ClassVar[str] = "score-difference"
    inner_steps: ClassVar[int] = 1

    bandwidth: float = 0.1
    """Width of the Gaussian, in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.score_difference(length("bandwidth", self.bandwidth, space))


@command("drifting")
@dataclasses.dataclass(frozen=True)
class Drifting:
    """Drifting: doubly normalised attraction and repulsion."""

    name: ClassVar[str] = "drifting"
    inner_steps: ClassVar[int] = 1

    temperatures: tuple[float, ...] = (0.05, 0.2, 1.0)
    """One field each, added; in median distances of the data ("paper") or mean ones ("released")."""
    preset: Literal["paper", "released"] = "released"
    """The formula of the paper's toy notebook, or of its released code."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        paper = self.preset == "paper"
        temperatures = (length("temperatures", value, space) if paper else value for value in self.temperatures)
        return objectives.drifting(tuple(temperatures), self.preset)


OBJECTIVES = (ScoreDifference, Drifting)
