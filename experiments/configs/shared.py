"""What several objectives share: a critic with its optimiser, options with their help, lengths in the data's own unit."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import optax
import tyro
from jaxtyping import Array

from experiments.configs.choices import ImageShape, ObjectiveConfig, Space, later_option
from experiments.configs.images import channels, computing_in, for_images_only
from igm_jax import Network, checks
from igm_jax.distributions import Distribution, load_samples
from igm_jax.distributions.files import ArgumentError
from igm_jax.networks import conv_critic, mlp, mlp_critic, residual_critic, style_critic

R1 = Annotated[float, tyro.conf.arg(help="Penalty on the critic's slope at data, in squared median distances.")]

AnyConfig = TypeVar("AnyConfig", bound=ObjectiveConfig)


@dataclasses.dataclass(frozen=True)
class _Trained:
    """The size of a critic, and its own optimiser."""

    width: int = 128
    """Units of a hidden layer; where the first one is a convolution, a quarter of it is its channels."""
    depth: int = 3
    """Hidden layers, where there are no convolutions."""
    rate: float = 1e-3
    """Learning rate of Adam."""
    b1: float = 0.0
    """Adam's memory of the gradient."""
    b2: float = 0.99
    """Adam's memory of its square."""

    def optimizer(self) -> optax.GradientTransformation:
        """The critic's optimiser."""
        return optax.adam(checks.positive("rate", self.rate), b1=self.b1, b2=self.b2)


@dataclasses.dataclass(frozen=True)
class Critic(_Trained):
    """A critic and its own optimiser."""

    network: Literal["convolutional", "residual", "style"] = later_option("convolutional")
    """The critic of images: small, SNGAN's or StyleGAN2's, each slower than the one before."""
    dtype: Literal["float32", "bfloat16"] = later_option("float32")
    """The type that the critic of images computes in; parameters and values are of float32."""
    spectral: bool = later_option(False)
    """Whether each matrix of a critic of images is divided by its largest singular value; not for StyleGAN2's."""

    def made(self, space: Space) -> Network:
        """The critic's network."""
        if space.image_shape is None:
            for_images_only("critic", self)
            return mlp_critic(space.dim, width=self.width, depth=self.depth, activation="leaky_relu")
        kinds = {"convolutional": conv_critic, "residual": residual_critic, "style": style_critic}
        make = kinds[checks.choice("network", self.network, kinds)]
        if self.spectral and self.network == "style":
            raise ValueError(
                "`critic.spectral` is True, but StyleGAN2's critic has no spectral normalisation; leave `--critic.spectral` out,"
                " or choose `--critic.network residual`"
            )
        spectral = {"spectral_norm": True} if self.spectral else {}
        return make(space.image_shape, width=channels(self.width), **spectral, **computing_in(self.dtype))

    def build(self, space: Space) -> tuple[Network, optax.GradientTransformation]:
        """The critic's network and optimiser."""
        return self.made(space), self.optimizer()

    def perceptron(self) -> "Critic":
        """The same options, for an objective whose critic is a perceptron even of images; others are refused."""
        for_images_only("critic", self, "the critic of this objective is a perceptron")
        return self


@dataclasses.dataclass(frozen=True)
class FeatureCritic(_Trained):
    """A critic that gives several features, a perceptron for images, too, and its own optimiser."""

    features: int = 32
    """What the critic gives for a sample."""

    def made(self, space: Space) -> Network:
        """The critic's network."""
        return mlp(space.dim, self.features, width=self.width, depth=self.depth, activation="leaky_relu")

    def build(self, space: Space) -> tuple[Network, optax.GradientTransformation]:
        """The critic's network and optimiser."""
        return self.made(space), self.optimizer()


CRITIC, FEATURE_CRITIC = Critic(), FeatureCritic()


def read_samples(path: Path, array: str | None, option: str, image_shape: ImageShape | None = None) -> Array:
    """Samples from a file, with errors in the words of the command line.

    Args:
        path: the file.
        array: which array of a .npz file.
        option: the option that says so.
        image_shape: the shape that they must have if they are images.
    """
    try:
        return load_samples(path, array, image_shape=image_shape)
    except ArgumentError as error:
        raise ValueError(error.told({"key": option, "image_shape": "--image-shape"}[error.argument])) from error


def length(name: str, multiple: float, space: Space) -> float:
    """A multiple of the data's median distance, which must not be zero then; errors call it ``name``.

    Raises:
        ValueError: for a multiple that is not positive, or data of which most coincide.
    """
    if space.scale == 0:
        raise ValueError(
            f"`{name}` is in median distances of the data, but that distance is zero: at least half of the pairs coincide;"
            " remove duplicates, or choose an objective without it, such as energy or sliced"
        )
    return checks.positive(name, multiple) * space.scale


def with_density(name: str, space: Space) -> Distribution:
    """The target, which must have a log density; a ValueError names the objective that needs it."""
    target = space.target
    if target is None or target.log_density is None:
        reason = "it is only known by its samples" if target is None else target.no_density
        shown = "this target" if target is None else repr(target.name)
        raise ValueError(
            f"{name} needs a target whose score is known, but {shown} has no density: {reason}; choose a target with one, such"
            " as grid or moons, or an objective that learns from data"
        )
    return target


def narrowed(config: AnyConfig, width: int = 16) -> AnyConfig:
    """The same config with a critic of fewer units a layer, where it has a critic: for trying things out."""
    critic = getattr(config, "critic", None)
    return config if critic is None else dataclasses.replace(config, critic=dataclasses.replace(critic, width=width))
