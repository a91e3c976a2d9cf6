"""What an experiment may choose: an objective, a target, the generator and its optimiser.

Lengths are multiples of the data's own median distance (``Space.scale``), so that one setting serves a grid in the plane and
images alike. A new objective is one function in the file of its family, and a new target one in ``targets``; ``choices`` says
what their signatures and docstrings become.
"""

from typing import TYPE_CHECKING, Union

from experiments.configs import adversarial, fields, moments, own, scores, targets, transport
from experiments.configs.choices import ObjectiveConfig, Problem, Space, TargetConfig, gathered
from experiments.configs.generator import Adam, Pushforward
from experiments.configs.shared import Critic, FeatureCritic, narrowed

__all__ = [
    "COMPARED",
    "OBJECTIVES",
    "TARGETS",
    "Adam",
    "Critic",
    "FeatureCritic",
    "ObjectiveChoice",
    "ObjectiveConfig",
    "Problem",
    "Pushforward",
    "Space",
    "TargetChoice",
    "TargetConfig",
    "narrowed",
]

OBJECTIVES: dict[str, type[ObjectiveConfig]] = gathered(moments, transport, adversarial, fields, scores)
"""All objectives by name, family by family."""

TARGETS: dict[str, type[TargetConfig]] = gathered(targets, own)
"""The targets by name."""

# What the command line chooses from.
if TYPE_CHECKING:
    ObjectiveChoice, TargetChoice = ObjectiveConfig, TargetConfig
else:
    ObjectiveChoice, TargetChoice = Union[tuple(OBJECTIVES.values())], Union[tuple(TARGETS.values())]  # noqa: UP007

COMPARED = ("mmd", "energy", "sinkhorn", "sliced", "gan", "wgan-gp", "f-gan", "score-difference", "drifting")
"""The nine that a comparison trains unless others are named, in the order of its table."""
