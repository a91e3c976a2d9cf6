"""What an experiment may choose, as frozen dataclasses: objectives, generator, optimiser; targets are in ``problems``.

Each field's docstring is its help text on the command line. Lengths are multiples of the data's own median distance
(``Space.scale``), so that one setting serves a grid in the plane and images alike. A new objective is a class in the file of
its family, and one entry of that file's ``OBJECTIVES``.
"""

from typing import TYPE_CHECKING, Any, Protocol, Union

from experiments.configs import adversarial, critics, fields, moments, transport
from experiments.configs.adversarial import FGAN, GAN, WGANGP
from experiments.configs.fields import Drifting, ScoreDifference
from experiments.configs.generator import Adam, Pushforward
from experiments.configs.moments import MMD, Energy
from experiments.configs.shared import Critic, narrowed
from experiments.configs.transport import Sinkhorn, Sliced
from experiments.problems import TARGETS, Problem, Space, TargetConfig
from igm_jax import Objective

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


class ObjectiveConfig(Protocol):
    """The settings of an objective: a frozen dataclass with a name, how often it learns, and how it is built."""

    @property
    def name(self) -> str:
        """On the command line and in tables."""
        ...

    @property
    def inner_steps(self) -> int:
        """Updates of the objective's own state before each of the generator."""
        ...

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        ...


OBJECTIVES: dict[str, type[Any]] = {
    kind.name: kind for family in (moments, transport, adversarial, critics, fields) for kind in family.OBJECTIVES
}
"""All objectives by name, family by family."""

if TYPE_CHECKING:
    ObjectiveChoice = ObjectiveConfig
else:
    ObjectiveChoice = Union[tuple(OBJECTIVES.values())]  # noqa: UP007  what the command line chooses from

COMPARED = ("mmd", "energy", "sinkhorn", "sliced", "gan", "wgan-gp", "f-gan", "score-difference", "drifting")
"""The nine that a comparison trains unless others are named, in the order of its table."""
