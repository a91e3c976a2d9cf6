"""What an experiment may choose, as frozen dataclasses: objectives, generator, optimiser; targets are in ``problems``.

Each field's docstring is its help text on the command line. Lengths are multiples of the data's own median distance
(``Space.scale``), so that one setting serves a grid in the plane and images alike.
"""

import dataclasses
from typing import Any, ClassVar, Literal

import optax

from experiments.problems import TARGETS as TARGETS
from experiments.problems import Problem as Problem
from experiments.problems import Space, command
from experiments.problems import TargetConfig as TargetConfig
from igm_jax import Generator, Network, Objective, checks, distributions, kernels, objectives
from igm_jax.generators import pushforward
from igm_jax.networks import conv_critic, conv_generator, fourier, mlp, mlp_critic
from igm_jax.objectives.f_gan import f_gan
from igm_jax.objectives.gan import gan
from igm_jax.objectives.wasserstein_gan import wgan_gp


@dataclasses.dataclass(frozen=True)
class Critic:
    """A critic and its own optimiser."""

    width: int = 128
    """Units of a hidden layer; for images, a quarter of it is the channels of the first convolution."""
    depth: int = 3
    """Hidden layers, for samples that are no images."""
    rate: float = 1e-3
    """Learning rate of Adam."""
    b1: float = 0.0
    """Adam's memory of the gradient."""
    b2: float = 0.99
    """Adam's memory of its square."""

    def build(self, space: Space) -> tuple[Network, optax.GradientTransformation]:
        """The critic's network and optimiser."""
        if space.image_shape is not None:
            network = conv_critic(space.image_shape, width=max(1, self.width // 4))
        else:
            network = mlp_critic(space.dim, width=self.width, depth=self.depth, activation="leaky_relu")
        return network, optax.adam(_positive("rate", self.rate), b1=self.b1, b2=self.b2)


@command("mmd")
@dataclasses.dataclass(frozen=True)
class MMD:
    """Squared maximum mean discrepancy under a sum of kernels."""

    name: ClassVar[str] = "mmd"
    inner_steps: ClassVar[int] = 1

    kernel: Literal["gaussian", "laplace", "inverse_multiquadric"] = "laplace"
    """Form of each kernel."""
    bandwidths: tuple[float, ...] = (0.02, 0.07, 0.23, 0.7)
    """One kernel each; in median distances of the data."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        if not self.bandwidths:
            raise ValueError("`bandwidths` must hold at least one positive number, but is empty")
        form = getattr(kernels, checks.choice("kernel", self.kernel, ("gaussian", "laplace", "inverse_multiquadric")))
        parts = [form(_length("bandwidths", width, space)) for width in self.bandwidths]
        return objectives.mmd(sum(parts[1:], parts[0]))


@command("energy")
@dataclasses.dataclass(frozen=True)
class Energy:
    """Energy distance: MMD without a bandwidth."""

    name: ClassVar[str] = "energy"
    inner_steps: ClassVar[int] = 1

    beta: float = 1.0
    """Exponent of the distance, below 2."""

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        del space
        return objectives.energy(self.beta)


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
        return objectives.sinkhorn(_length("epsilon", self.epsilon, space) * space.scale)


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

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        return f_gan(self.divergence, *self.critic.build(space), saturating=self.saturating)


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
        return objectives.score_difference(_length("bandwidth", self.bandwidth, space))


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
        temperatures = (_length("temperatures", value, space) if paper else value for value in self.temperatures)
        return objectives.drifting(tuple(temperatures), self.preset)


ObjectiveConfig = MMD | Energy | Sinkhorn | Sliced | GAN | WGANGP | FGAN | ScoreDifference | Drifting
OBJECTIVES: dict[str, type[Any]] = {
    kind.name: kind for kind in (MMD, Energy, Sinkhorn, Sliced, GAN, WGANGP, FGAN, ScoreDifference, Drifting)
}
"""The nine objectives by name, in the order of a table."""


# --- generator and optimiser ---


@dataclasses.dataclass(frozen=True)
class Pushforward:
    """The generator: normal noise through a network."""

    latent: int | None = None
    """Features of the noise; by default as many as the data have, up to 16."""
    width: int = 128
    """Units of a hidden layer; for images, a quarter of it is the channels of the picture of half the size."""
    depth: int = 3
    """Hidden layers, for samples that are no images."""
    frequencies: int = 64
    """Fourier features of the noise, for samples that are no images; 0 for none."""

    def build(self, space: Space) -> Generator:
        """The generator for data of this shape: a small convolutional network for images, else a perceptron."""
        latent = min(space.dim, 16) if self.latent is None else checks.count("latent", self.latent)
        if space.image_shape is not None:
            network = conv_generator(latent, space.image_shape, width=max(1, self.width // 4))
        else:
            features = latent + 2 * checks.count("frequencies", self.frequencies, least=0)
            network = mlp(features, space.dim, width=self.width, depth=self.depth)
            if self.frequencies:
                network = fourier(network, latent, num_frequencies=self.frequencies)
        return pushforward(network, distributions.normal(latent))


@dataclasses.dataclass(frozen=True)
class Adam:
    """The generator's optimiser."""

    rate: float | None = 1e-3
    """Learning rate; None leaves it to a comparison, which gives all objectives the target's own."""
    b1: float = 0.5
    """Memory of the gradient."""
    b2: float = 0.99
    """Memory of its square."""
    clip: float | None = None
    """Largest norm of the gradient, if any."""

    def build(self, steps: int | None = None) -> optax.GradientTransformation:
        """The optax transformation; over ``steps``, if given, the rate falls to zero along a cosine."""
        if self.rate is None:
            raise ValueError("`rate` must be a positive number, but is None; give one, e.g. `--optimizer.rate 0.003`")
        rate = _positive("rate", self.rate)
        adam = optax.adam(rate if steps is None else optax.cosine_decay_schedule(rate, steps), b1=self.b1, b2=self.b2)
        return adam if self.clip is None else optax.chain(optax.clip_by_global_norm(_positive("clip", self.clip)), adam)


def _length(name: str, multiple: float, space: Space) -> float:
    """A multiple of the data's median distance, which must not be zero then."""
    if space.scale == 0:
        raise ValueError(
            f"`{name}` is in median distances of the data, but that distance is zero: at least half of the pairs coincide;"
            " remove duplicates, or choose an objective without it, such as energy or sliced"
        )
    return _positive(name, multiple) * space.scale


def _positive(name: str, value: float) -> float:
    return checks.positive(name, value)
