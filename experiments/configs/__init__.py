"""What an experiment may choose, as frozen dataclasses: objectives, generator, optimiser; targets are in ``problems``.

Each field's docstring is its help text on the command line. Lengths are multiples of the data's own median distance
(``Space.scale``), so that one setting serves a grid in the plane and images alike. A new objective is a class in the file of
its family, and one entry of that file's ``OBJECTIVES``.
"""

from typing import TYPE_CHECKING, Any, Union

from experiments.configs import adversarial, fields, moments, transport
from experiments.configs.adversarial import FGAN, GAN, WGANGP
from experiments.configs.fields import Drifting, ScoreDifference
from experiments.configs.generator import Adam, Pushforward
from experiments.configs.moments import MMD, Energy
from experiments.configs.shared import Critic, narrowed
from experiments.configs.targets import TARGETS, Problem, TargetConfig
from experiments.configs.transport import Sinkhorn, Sliced

__all__ = [
    "COMPARED",
    "FGAN",
    "GAN",
    "MMD",
    "OBJECTIVES",
    "TARGETS",
    "WGANGP",
    "Adam",
    "Critic",
    "Drifting",
    "Energy",
    "ObjectiveChoice",
    "ObjectiveConfig",
    "Problem",
    "Pushforward",
    "ScoreDifference",
    "Sinkhorn",
    "Sliced",
    "TargetConfig",
    "narrowed",
]


ObjectiveConfig = Any
"""The settings of an objective: a frozen dataclass with a ``name``, ``inner_steps`` (updates of the objective's own state
before each of the generator) and ``build(space) -> Objective``."""

OBJECTIVES: dict[str, type[Any]] = {
    kind.name: kind for family in (moments, transport, adversarial, adversarial, fields) for kind in family.OBJECTIVES
}
"""All objectives by name, family by family."""

if TYPE_CHECKING:
    ObjectiveChoice = ObjectiveConfig
else:
    ObjectiveChoice = Union[tuple(OBJECTIVES.values())]  # noqa: UP007  what the command line chooses from

COMPARED = ("mmd", "energy", "sinkhorn", "sliced", "gan", "wgan-gp", "f-gan", "score-difference", "drifting")
"""The nine that a comparison trains unless others are named, in the order of its table."""
