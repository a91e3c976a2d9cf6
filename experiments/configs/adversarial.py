"""Objectives with a learned critic: which game it plays, what bounds it, and what it is shown."""

from collections.abc import Callable
from typing import Annotated, Literal

import optax
import tyro
from jaxtyping import Array

from experiments.configs import choices
from experiments.configs.choices import Space
from experiments.configs.shared import CRITIC, R1, Critic, length
from igm_jax import Objective, checks, objectives
from igm_jax.networks import lipschitz_critic
from igm_jax.objectives.adversarial.base import Penalty

R2 = Annotated[float, tyro.conf.arg(help="The same at samples.")]


def _penalties(r1: float, r2: float, space: Space) -> tuple[Penalty, Penalty]:
    """Penalties on a critic's slope at data and at samples, both in squared median distances."""
    unit = space.scale**2
    return objectives.r1_penalty(r1 * unit), objectives.r2_penalty(r2 * unit)


Fade = Annotated[float, tyro.conf.arg(help="What the penalties fall to, in their first size.")]
Over = Annotated[int, tyro.conf.arg(help="Updates of the critic over which they fall; 0 leaves them as they are.")]


def _fading(objective_of: Callable[[Array | float], Objective], fade: float, over: int) -> Objective:
    """An objective whose penalties, multiplied by what it is made of, fall exponentially to a share over some updates."""
    checks.positive("fade", fade)
    if checks.count("over", over, least=0) == 0:
        return objective_of(1.0)
    return objectives.annealed(objective_of, optax.exponential_decay(1.0, over, fade, end_value=fade), name="fade")


@choices.objective(kind="GAN", inner_steps=1, later=("fade", "over"))
def gan(
    space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC, fade: Fade = 0.1, over: Over = 0
) -> Objective:
    """Non-saturating GAN with gradient penalties."""
    unit, built = space.scale**2, critic.build(space)
    return _fading(lambda share: objectives.gan(*built, r1=r1 * unit * share, r2=r2 * unit * share), fade, over)


@choices.objective(kind="WGANGP", inner_steps=5)
def wgan_gp(space: Space, penalty: float = 10.0, critic: Critic = CRITIC) -> Objective:
    """Wasserstein GAN with a gradient penalty.

    Args:
        penalty: Coefficient of the gradient penalty.
    """
    return objectives.wgan_gp(*critic.build(space), penalty=penalty)


Divergence = Literal[
    "kl", "reverse_kl", "pearson", "neyman", "squared_hellinger", "jeffrey", "jensen_shannon", "gan", "total_variation"
]


@choices.objective(kind="FGAN", inner_steps=1)
def f_gan(
    space: Space,
    divergence: Divergence = "jensen_shannon",
    saturating: bool = False,
    critic: Critic = CRITIC,
    alpha: float | None = None,
) -> Objective:
    """f-GAN: a critic bounds an f-divergence.

    Args:
        divergence: Which f-divergence.
        saturating: Whether the generator descends the bound itself, or the form with a slope where the critic is sure.
        alpha: Order of an α-divergence, which is then the one: 0.5 is Hellinger's, 1 is KL, 2 is Pearson's.
    """
    chosen = divergence if alpha is None else objectives.alpha_divergence(alpha)
    return objectives.f_gan(chosen, *critic.build(space), saturating=saturating)


@choices.objective(kind="SaturatingGAN", inner_steps=1)
def saturating_gan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC) -> Objective:
    """GAN as a minimax game: the generator descends what its critic climbs."""
    return objectives.saturating_gan(*critic.build(space), penalties=_penalties(r1, r2, space))


@choices.objective(kind="LSGAN", inner_steps=1)
def lsgan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC) -> Objective:
    """Least squares GAN: a critic that regresses on 1 for data and 0 for samples."""
    return objectives.lsgan(*critic.build(space), penalties=_penalties(r1, r2, space))


@choices.objective(kind="HingeGAN", inner_steps=1)
def hinge_gan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC) -> Objective:
    """Hinge GAN: a critic that is paid for a margin and no more."""
    return objectives.hinge_gan(*critic.build(space), penalties=_penalties(r1, r2, space))


@choices.objective(kind="RelativisticGAN", inner_steps=1)
def relativistic_gan(
    space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC, against: Literal["pairs", "average"] = "pairs"
) -> Objective:
    """Relativistic GAN: a critic that ranks samples against data.

    Args:
        against: Whether each is compared with each of the others, or with their average.
    """
    make = {"pairs": objectives.relativistic_gan, "average": objectives.relativistic_average_gan}
    chosen = make[checks.choice("against", against, make)]
    return chosen(*critic.build(space), penalties=_penalties(r1, r2, space))


@choices.objective(kind="R3GAN", inner_steps=1, later=("fade", "over"))
def r3gan(
    space: Space, r1: R1 = 0.1, r2: float = 0.1, critic: Critic = CRITIC, fade: Fade = 0.1, over: Over = 0
) -> Objective:
    """R3GAN: a ranking of samples against data, with penalties on both sides.

    Args:
        r2: Penalty on the critic's slope at samples, in squared median distances.
    """
    unit, built = space.scale**2, critic.build(space)
    return _fading(lambda share: objectives.r3gan(*built, r1=r1 * unit * share, r2=r2 * unit * share), fade, over)


@choices.objective(kind="KLWGAN", inner_steps=1)
def kl_wgan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC) -> Objective:
    """KL-Wasserstein GAN: a hinge game in which samples that look real count more."""
    return objectives.kl_wgan(*critic.build(space), penalties=_penalties(r1, r2, space))


@choices.objective(kind="WGAN", inner_steps=2)
def wgan(
    space: Space,
    bound: Literal["clip", "one-sided", "dragan", "fisher", "sobolev", "sorting"] = "one-sided",
    strength: float = 10.0,
    critic: Critic = CRITIC,
) -> Objective:
    """Wasserstein GAN, its critic bounded in one of several ways.

    Args:
        bound: What keeps the critic from growing; clip is the first paper's, sorting is a network of slope at most one.
        strength: Coefficient of a penalty; a hundredth of it is the rate of a multiplier, a thousandth the largest weight.
    """
    network, optimizer = critic.build(space)
    if bound == "clip":
        return objectives.wgan(network, objectives.clipped_weights(optimizer, strength / 1000))
    if bound == "sorting":
        size = critic.perceptron()
        sorting = lipschitz_critic(space.dim, width=2 * (-(-size.width // 2)), depth=size.depth)
        return objectives.wgan(sorting, optimizer)
    bounds = {
        "one-sided": lambda: objectives.one_sided_penalty(strength),
        "dragan": lambda: objectives.dragan_penalty(length("width", 0.1, space), strength),
        "fisher": lambda: objectives.fisher_constraint(strength / 100),
        "sobolev": lambda: objectives.sobolev_constraint(strength / 100),
    }
    return objectives.wgan(network, optimizer, penalties=(bounds[checks.choice("bound", bound, bounds)](),))


@choices.objective(kind="PacGAN", inner_steps=1)
def pac_gan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC, size: int = 2) -> Objective:
    """GAN whose critic judges several samples at once.

    Args:
        size: Samples in a pack.
    """
    shape = space.image_shape and (*space.image_shape[:2], size * space.image_shape[2])
    packed = Space(size * space.dim, space.scale, shape)
    inner = objectives.gan(*critic.build(packed), penalties=_penalties(r1, r2, space))
    return objectives.pac_gan(inner, size, channels=space.image_shape and space.image_shape[2])


@choices.objective(kind="AugmentedGAN", inner_steps=1)
def augmented_gan(space: Space, r1: R1 = 0.1, r2: R2 = 0.0, critic: Critic = CRITIC, noise: float = 0.05) -> Objective:
    """GAN whose critic sees randomly changed images (DiffAugment), or vectors with noise.

    Args:
        noise: Standard deviation of the noise on vectors, in median distances.
    """
    inner, shape = objectives.gan(*critic.build(space), penalties=_penalties(r1, r2, space)), space.image_shape
    if shape is None:
        return objectives.augmented(inner, objectives.additive_noise(length("noise", noise, space)))
    changes = objectives.colour(shape, brightness=0.25), objectives.translation(shape), objectives.cutout(shape, 0.25)
    return objectives.augmented(inner, *changes)


@choices.objective(inner_steps=1)
def density_ratio(
    space: Space,
    r1: R1 = 0.1,
    r2: R2 = 0.0,
    critic: Critic = CRITIC,
    loss: Literal["logistic", "nwj", "donsker_varadhan", "least_squares"] = "logistic",
) -> Objective:
    """Reverse KL with a learned density ratio.

    Args:
        loss: How the ratio is learned.
    """
    return objectives.density_ratio(loss, *critic.build(space), penalties=_penalties(r1, r2, space))
