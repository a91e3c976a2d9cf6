"""Objectives that are velocity fields: score differences and drifts."""

import dataclasses
from typing import ClassVar, Literal

import optax

from experiments.configs import known_scores
from experiments.configs.shared import Critic, length
from experiments.configs.targets import Space, command
from igm_jax import Objective, checks, objectives
from igm_jax.networks import mlp

RatioDivergence = Literal["reverse_kl", "kl", "neyman", "pearson", "squared_hellinger"]


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


@command("kde-drift")
@dataclasses.dataclass(frozen=True)
class KdeDrift:
    """The gradient flow of a divergence between kernel density estimates."""

    name: ClassVar[str] = "kde-drift"
    inner_steps: ClassVar[int] = 1

    divergence: RatioDivergence = "neyman"
    """Which divergence; neyman is chi-squared, weighted by model over data."""
    bandwidth: float = 0.12
    """Width of the Gaussian, in median distances of the data."""
    most: float = 10.0
    """Largest power of the ratio of densities."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return objectives.kde_drift(length("bandwidth", self.bandwidth, space), self.divergence, most=self.most)


@command("annealed-difference")
@dataclasses.dataclass(frozen=True)
class AnnealedDifference:
    """Score difference at noisy samples, for noise that falls as training goes on."""

    name: ClassVar[str] = "annealed-difference"
    inner_steps: ClassVar[int] = 1

    start: float = 0.5
    """First standard deviation of the noise, in median distances of the data."""
    end: float = 0.05
    """The last."""
    over: int = 800
    """Steps from one to the other."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        start, end = length("start", self.start, space), length("end", self.end, space)
        return objectives.annealed_difference(start, end, self.over)


@command("learned-score")
@dataclasses.dataclass(frozen=True)
class LearnedScore:
    """Score difference, both scores learned by denoising."""

    name: ClassVar[str] = "learned-score"

    sigma: float = 0.12
    """Standard deviation of the noise, in median distances of the data."""
    width: int = 128
    """Units of a hidden layer."""
    depth: int = 3
    """Hidden layers."""
    rate: float = 1e-3
    """Learning rate of Adam."""
    inner_steps: int = 3
    """Updates of the networks before each of the generator."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale; a perceptron for images, too."""
        network = mlp(space.dim, space.dim, width=self.width, depth=self.depth)
        adam = optax.adam(checks.positive("rate", self.rate))
        return objectives.learned_score_difference(network, adam, length("sigma", self.sigma, space))


@command("distribution-matching")
@dataclasses.dataclass(frozen=True)
class DistributionMatching:
    """Distribution matching distillation from the data's exact denoiser, the model's learned."""

    name: ClassVar[str] = "distribution-matching"

    low: float = 0.05
    """Least standard deviation of the noise, in median distances of the data."""
    high: float = 0.5
    """Greatest one."""
    width: int = 128
    """Units of a hidden layer."""
    depth: int = 3
    """Hidden layers."""
    rate: float = 1e-3
    """Learning rate of Adam."""
    inner_steps: int = 3
    """Updates of the network before each of the generator."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale; a perceptron for images, too."""
        network = mlp(space.dim + 1, space.dim, width=self.width, depth=self.depth)
        adam = optax.adam(checks.positive("rate", self.rate))
        low, high = length("low", self.low, space), length("high", self.high, space)
        return objectives.distribution_matching(network, adam, low, high)


@command("discriminator-flow")
@dataclasses.dataclass(frozen=True)
class DiscriminatorFlow:
    """The gradient flow of a divergence, its ratio of densities learned by a classifier."""

    name: ClassVar[str] = "discriminator-flow"

    divergence: RatioDivergence = "reverse_kl"
    """Which divergence; reverse_kl moves along the logit's own gradient."""
    most: float = 10.0
    """Largest power of the ratio of densities."""
    r1: float = 0.1
    """Penalty on the critic's slope at data, in squared median distances."""
    inner_steps: int = 1
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        r1 = self.r1 * space.scale**2
        return objectives.discriminator_flow(*self.critic.build(space), self.divergence, most=self.most, r1=r1)


@command("banked-drifting")
@dataclasses.dataclass(frozen=True)
class BankedDrifting:
    """Drifting against a bank of past samples, too."""

    name: ClassVar[str] = "banked-drifting"
    inner_steps: ClassVar[int] = 1

    size: int = 1024
    """Past samples."""
    weight: float = 0.5
    """How strongly each repels, compared with a present one."""
    temperatures: tuple[float, ...] = (0.025,)
    """One field each, added; in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        temperatures = tuple(length("temperatures", value, space) for value in self.temperatures)
        return objectives.banked_drifting(self.size, temperatures, weight=self.weight)


OBJECTIVES = (
    ScoreDifference,
    Drifting,
    KdeDrift,
    AnnealedDifference,
    LearnedScore,
    DistributionMatching,
    DiscriminatorFlow,
    BankedDrifting,
    *known_scores.OBJECTIVES,
)
