"""More objectives with a learned critic: other losses, other bounds, and what the critic is shown."""

import dataclasses
from typing import ClassVar, Literal

from experiments.configs.shared import Critic, Penalised, length
from experiments.configs.targets import Space, command
from igm_jax import Objective, checks
from igm_jax.networks import lipschitz_critic
from igm_jax.objectives.adversarial.augment import additive_noise, augmented, colour, cutout, translation
from igm_jax.objectives.adversarial.constraints import fisher_constraint, sobolev_constraint
from igm_jax.objectives.adversarial.density_ratio import density_ratio
from igm_jax.objectives.adversarial.games import gan, hinge_gan, lsgan, saturating_gan
from igm_jax.objectives.adversarial.kl_wasserstein_gan import kl_wgan
from igm_jax.objectives.adversarial.pac_gan import pac_gan
from igm_jax.objectives.adversarial.penalties import dragan_penalty, one_sided_penalty
from igm_jax.objectives.adversarial.ranking import r3gan, relativistic_average_gan, relativistic_gan
from igm_jax.objectives.adversarial.wasserstein import clipped_weights, wgan


@command("saturating-gan")
@dataclasses.dataclass(frozen=True)
class SaturatingGAN(Penalised):
    """GAN as a minimax game: the generator descends what its critic climbs."""

    name: ClassVar[str] = "saturating-gan"

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return saturating_gan(*self.critic.build(space), penalties=self.penalties(space))


@command("lsgan")
@dataclasses.dataclass(frozen=True)
class LSGAN(Penalised):
    """Least squares GAN: a critic that regresses on 1 for data and 0 for samples."""

    name: ClassVar[str] = "lsgan"

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return lsgan(*self.critic.build(space), penalties=self.penalties(space))


@command("hinge-gan")
@dataclasses.dataclass(frozen=True)
class HingeGAN(Penalised):
    """Hinge GAN: a critic that is paid for a margin and no more."""

    name: ClassVar[str] = "hinge-gan"

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return hinge_gan(*self.critic.build(space), penalties=self.penalties(space))


@command("relativistic-gan")
@dataclasses.dataclass(frozen=True)
class RelativisticGAN(Penalised):
    """Relativistic GAN: a critic that ranks samples against data."""

    name: ClassVar[str] = "relativistic-gan"

    against: Literal["pairs", "average"] = "pairs"
    """Whether each is compared with each of the others, or with their average."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        make = {"pairs": relativistic_gan, "average": relativistic_average_gan}
        chosen = make[checks.choice("against", self.against, make)]
        return chosen(*self.critic.build(space), penalties=self.penalties(space))


@command("r3gan")
@dataclasses.dataclass(frozen=True)
class R3GAN(Penalised):
    """R3GAN: a ranking of samples against data, with penalties on both sides."""

    name: ClassVar[str] = "r3gan"

    r2: float = 0.1
    """Penalty on the critic's slope at samples, in squared median distances."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        unit = space.scale**2
        return r3gan(*self.critic.build(space), r1=self.r1 * unit, r2=self.r2 * unit)


@command("kl-wgan")
@dataclasses.dataclass(frozen=True)
class KLWGAN(Penalised):
    """KL-Wasserstein GAN: a hinge game in which samples that look real count more."""

    name: ClassVar[str] = "kl-wgan"

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return kl_wgan(*self.critic.build(space), penalties=self.penalties(space))


@command("pac-gan")
@dataclasses.dataclass(frozen=True)
class PacGAN(Penalised):
    """GAN whose critic judges several samples at once."""

    name: ClassVar[str] = "pac-gan"

    size: int = 2
    """Samples in a pack."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        shape = space.image_shape and (*space.image_shape[:2], self.size * space.image_shape[2])
        packed = Space(self.size * space.dim, space.scale, shape)
        inner = gan(*self.critic.build(packed), penalties=self.penalties(space))
        return pac_gan(inner, self.size, channels=space.image_shape and space.image_shape[2])


@command("augmented-gan")
@dataclasses.dataclass(frozen=True)
class AugmentedGAN(Penalised):
    """GAN whose critic sees randomly changed images (DiffAugment), or vectors with noise."""

    name: ClassVar[str] = "augmented-gan"

    noise: float = 0.05
    """Standard deviation of the noise on vectors, in median distances."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        inner, shape = gan(*self.critic.build(space), penalties=self.penalties(space)), space.image_shape
        if shape is None:
            return augmented(inner, additive_noise(length("noise", self.noise, space)))
        return augmented(inner, colour(shape, brightness=0.25), translation(shape), cutout(shape, 0.25))


@command("density-ratio")
@dataclasses.dataclass(frozen=True)
class DensityRatio(Penalised):
    """Reverse KL with a learned density ratio."""

    name: ClassVar[str] = "density-ratio"

    loss: Literal["logistic", "nwj", "donsker_varadhan", "least_squares"] = "logistic"
    """How the ratio is learned."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return density_ratio(self.loss, *self.critic.build(space), penalties=self.penalties(space))


@command("wgan")
@dataclasses.dataclass(frozen=True)
class WGAN:
    """Wasserstein GAN, its critic bounded in one of several ways."""

    name: ClassVar[str] = "wgan"

    bound: Literal["clip", "one-sided", "dragan", "fisher", "sobolev", "sorting"] = "one-sided"
    """What keeps the critic from growing; clip is the first paper's, sorting is a network of slope at most one."""
    strength: float = 10.0
    """Coefficient of a penalty; a hundredth of it is the rate of a multiplier, a thousandth the largest weight."""
    inner_steps: int = 2
    """Updates of the critic before each of the generator."""
    critic: Critic = dataclasses.field(default_factory=Critic)

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        network, optimizer = self.critic.build(space)
        if self.bound == "clip":
            return wgan(network, clipped_weights(optimizer, self.strength / 1000))
        if self.bound == "sorting":
            sorting = lipschitz_critic(space.dim, width=2 * (-(-self.critic.width // 2)), depth=self.critic.depth)
            return wgan(sorting, optimizer)
        penalties = {
            "one-sided": lambda: one_sided_penalty(self.strength),
            "dragan": lambda: dragan_penalty(length("width", 0.1, space), self.strength),
            "fisher": lambda: fisher_constraint(self.strength / 100),
            "sobolev": lambda: sobolev_constraint(self.strength / 100),
        }
        return wgan(network, optimizer, penalties=(penalties[checks.choice("bound", self.bound, penalties)](),))


OBJECTIVES = (
    SaturatingGAN,
    LSGAN,
    HingeGAN,
    RelativisticGAN,
    R3GAN,
    KLWGAN,
    WGAN,
    PacGAN,
    AugmentedGAN,
    DensityRatio,
)
