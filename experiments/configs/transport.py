"""Objectives of optimal transport."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import FeatureCritic, length
from experiments.configs.targets import Space, command
from igm_jax import Objective, objectives

DIRECTIONS = {
    "random": objectives.random_directions,
    "orthogonal": objectives.orthogonal_directions,
    "quasi-random": objectives.quasi_random_directions,
}


def _strength(name: str, multiple: float, space: Space) -> float:
    """A multiple of the data's squared median distance."""
    return length(name, multiple, space) * space.scale


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
        return objectives.sinkhorn(_strength("epsilon", self.epsilon, space))


@command("unbalanced-sinkhorn")
@dataclasses.dataclass(frozen=True)
class UnbalancedSinkhorn:
    """Sinkhorn divergence that may leave mass behind: marginals are penalised, not met."""

    name: ClassVar[str] = "unbalanced-sinkhorn"
    inner_steps: ClassVar[int] = 1

    epsilon: float = 0.01
    """Strength of the entropy, in squared median distances of the data."""
    rho: float = 1.0
    """Strength of the penalty on marginals, likewise: mass is hardly moved farther than its root."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        rho = _strength("rho", self.rho, space)
        return objectives.sinkhorn(_strength("epsilon", self.epsilon, space), rho=rho)


@command("two-batch-sinkhorn")
@dataclasses.dataclass(frozen=True)
class TwoBatchSinkhorn:
    """Sinkhorn divergence whose self terms compare independent halves of a batch."""

    name: ClassVar[str] = "two-batch-sinkhorn"
    inner_steps: ClassVar[int] = 1

    epsilon: float = 0.01
    """Strength of the entropy, in squared median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.two_batch_sinkhorn(_strength("epsilon", self.epsilon, space))


@command("sinkhorn-drift")
@dataclasses.dataclass(frozen=True)
class SinkhornDrift:
    """Sinkhorn drift: to the barycentres of the plan to the data, from those of the plan to itself."""

    name: ClassVar[str] = "sinkhorn-drift"
    inner_steps: ClassVar[int] = 1

    epsilon: float = 0.01
    """Strength of the entropy, in squared median distances of the data."""
    two_sided: bool = True
    """Whether plans meet both marginals, or are one kernel with normalised rows."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.sinkhorn_drift(_strength("epsilon", self.epsilon, space), two_sided=self.two_sided)


@command("sliced")
@dataclasses.dataclass(frozen=True)
class Sliced:
    """Sliced Wasserstein distance: sort along random directions."""

    name: ClassVar[str] = "sliced"
    inner_steps: ClassVar[int] = 1

    num_projections: int = 128
    """Directions in each step."""
    directions: Literal["random", "orthogonal", "quasi-random"] = "random"
    """How they are drawn."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.sliced(self.num_projections, directions=DIRECTIONS[self.directions])


@command("max-sliced")
@dataclasses.dataclass(frozen=True)
class MaxSliced:
    """Max-sliced Wasserstein distance: sort along the one direction that tells samples apart best."""

    name: ClassVar[str] = "max-sliced"

    rate: float = 0.5
    """How far an update turns the direction, up to 1."""
    inner_steps: int = 5
    """Turns of the direction before each update of the generator."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.max_sliced(rate=self.rate)


@command("imle")
@dataclasses.dataclass(frozen=True)
class IMLE:
    """Implicit maximum likelihood: each datum pulls its nearest sample."""

    name: ClassVar[str] = "imle"
    inner_steps: ClassVar[int] = 1

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.imle()


@command("chamfer")
@dataclasses.dataclass(frozen=True)
class Chamfer:
    """Squared Chamfer distance: each datum and each sample pull on their nearest."""

    name: ClassVar[str] = "chamfer"
    inner_steps: ClassVar[int] = 1

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.chamfer()


@command("bures")
@dataclasses.dataclass(frozen=True)
class Bures:
    """Squared Wasserstein distance of Gaussian fits: means and covariances alone."""

    name: ClassVar[str] = "bures"
    inner_steps: ClassVar[int] = 1

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.bures()


@command("ot-gan")
@dataclasses.dataclass(frozen=True)
class OTGAN:
    """OT-GAN: transport between halves of a batch, in features that a critic learns."""

    name: ClassVar[str] = "ot-gan"

    epsilon: float = 0.1
    """Strength of the entropy, in units of the cosine distance."""
    inner_steps: int = 1
    """Updates of the critic before each of the generator."""
    critic: FeatureCritic = dataclasses.field(default_factory=FeatureCritic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.ot_gan(*self.critic.build(space), epsilon=self.epsilon)


OBJECTIVES = (
    Sinkhorn,
    UnbalancedSinkhorn,
    TwoBatchSinkhorn,
    SinkhornDrift,
    Sliced,
    MaxSliced,
    IMLE,
    Chamfer,
    Bures,
    OTGAN,
)
