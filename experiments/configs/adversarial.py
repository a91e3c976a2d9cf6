"""Objectives with a learned critic."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import Critic
from experiments.configs.targets import Space, command
from igm_jax import Objective
from igm_jax.objectives.adversarial.f_divergences import alpha_divergence
from igm_jax.objectives.adversarial.f_gan import f_gan
from igm_jax.objectives.adversarial.games import gan
from igm_jax.objectives.adversarial.wasserstein import wgan_gp


@command("gan")
@dataclasses.dataclass(frozen=True)
class GAN:
    """Non-saturating GAN with gradient penalties."""

    name: ClassVar[str] = "gan"

    r1: float = 0.1
    """Penalty on the critic's slope at data, in squared median distances."""
    r2: float = 0.0
    """The same at samples."""
    inner_steps: int = 1
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        unit = space.scale**2
        return gan(*self.critic.build(space), r1=self.r1 * unit, r2=self.r2 * unit)


@command("wgan-gp")
@dataclasses.dataclass(frozen=True)
class WGANGP:
    """Wasserstein GAN with a gradient penalty."""

    name: ClassVar[str] = "wgan-gp"

    penalty: float = 10.0
    """Coefficient of the gradient penalty."""
    inner_steps: int = 5
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return wgan_gp(*self.critic.build(space), penalty=self.penalty)


Divergence = Literal[
    "kl",
    "reverse_kl",
    "pearson",
    "neyman",
    "squared_hellinger",
    "jeffrey",
    "jensen_shannon",
    "gan",
    "total_variation",
]


@command("f-gan")
@dataclasses.dataclass(frozen=True)
class FGAN:
    """f-GAN: a critic bounds an f-divergence."""

    name: ClassVar[str] = "f-gan"

    divergence: Divergence = "jensen_shannon"
    """Which f-divergence."""
    saturating: bool = False
    """Whether the generator descends the bound itself, or the form with a slope where the critic is sure."""
    inner_steps: int = 1
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)
    alpha: float | None = None
    """Order of an α-divergence, which is then the one: 0.5 is Hellinger's, 1 is KL, 2 is Pearson's."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        divergence = self.divergence if self.alpha is None else alpha_divergence(self.alpha)
        return f_gan(divergence, *self.critic.build(space), saturating=self.saturating)


OBJECTIVES = (GAN, WGANGP, FGAN)
