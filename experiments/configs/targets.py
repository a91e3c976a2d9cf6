"""The targets of the experiments, as frozen dataclasses: what to learn, on which scale, and what is held out.

Each field's docstring is its help text on the command line.
"""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import jax
import numpy as np
import tyro

from igm_jax import distributions, kernels
from igm_jax.base import Target
from igm_jax.distributions import Distribution, Splits

Kind = TypeVar("Kind", bound=type)


def command(name: str) -> Callable[[Kind], Kind]:
    """The name of a choice on the command line."""
    return tyro.conf.configure(tyro.conf.subcommand(name=name))


ImageShape = tuple[int, int, int]


class Space(NamedTuple):
    """What may be known of the data before training.

    Attributes:
        dim: number of features.
        scale: median distance of two data, the unit of all lengths in the configs; 0 if most data coincide.
        image_shape: (height, width, channels) of images, or None.
        target: the distribution itself, for objectives that use its log density or score where it has one.
    """

    dim: int
    scale: float
    image_shape: ImageShape | None = None
    target: Distribution | None = None


class Problem(NamedTuple):
    """A target to learn, and what is needed to judge how well.

    Attributes:
        name: a short name for tables and directories.
        target: what the generator learns from.
        held_out: fresh draws, or data that the target does not hold; for tuning and a first look.
        space: shape and scale.
        splits: the images, where it is an image data set; reported results use ``splits.test``.
        fingerprint: SHA-256 of a user's file, so that a run never continues on other data.
    """

    name: str
    target: Distribution
    held_out: Target
    space: Space
    splits: Splits | None = None
    fingerprint: str | None = None


def _space(target: Distribution, image_shape: ImageShape | None = None) -> Space:
    # In one piece, since each small operation on its own would be compiled on its own.
    scale = jax.jit(lambda key: kernels.median_bandwidth(target(key, 1024)))(jax.random.key(0))
    return Space(target.dim, float(scale), image_shape, target)


def _synthetic(name: str, target: Distribution) -> Problem:
    return Problem(name, target, target, _space(target))


def _images(splits: Splits) -> Problem:
    target = distributions.dataset(splits.train.images, splits.name)
    held_out = distributions.dataset(splits.validation.images, f"{splits.name}, held out")
    return Problem(splits.name, target, held_out, _space(target, splits.image_shape), splits)


@command("ring")
@dataclasses.dataclass(frozen=True)
class Ring:
    """Eight narrow Gaussians on a circle."""

    name: ClassVar[str] = "ring"

    modes: int = 8
    """How many Gaussians."""
    radius: float = 1.0
    """Radius of the circle."""
    std: float = 0.01
    """Standard deviation of each Gaussian."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _synthetic(self.name, distributions.ring(self.modes, self.radius, self.std))


@command("grid")
@dataclasses.dataclass(frozen=True)
class Grid:
    """25 narrow Gaussians on a square grid."""

    name: ClassVar[str] = "grid"

    side: int = 5
    """Gaussians in a row."""
    spacing: float = 2.0
    """Distance of neighbours."""
    std: float = 0.05
    """Standard deviation of each Gaussian."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _synthetic(self.name, distributions.grid(self.side, self.spacing, self.std))


@command("moons")
@dataclasses.dataclass(frozen=True)
class Moons:
    """Two interleaved half circles."""

    name: ClassVar[str] = "moons"

    noise: float = 0.05
    """Standard deviation across the curve."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _synthetic(self.name, distributions.moons(self.noise))


@command("swiss-roll")
@dataclasses.dataclass(frozen=True)
class SwissRoll:
    """A spiral."""

    name: ClassVar[str] = "swiss-roll"

    noise: float = 0.03
    """Standard deviation across the curve."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _synthetic(self.name, distributions.swiss_roll(self.noise))


@command("checkerboard")
@dataclasses.dataclass(frozen=True)
class Checkerboard:
    """The black squares of a board."""

    name: ClassVar[str] = "checkerboard"

    noise: float = 0.05
    """Standard deviation that blurs the edges."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _synthetic(self.name, distributions.checkerboard(self.noise))


@command("digits")
@dataclasses.dataclass(frozen=True)
class Digits:
    """Scikit-learn's handwritten digits, 8 x 8, grey."""

    name: ClassVar[str] = "digits"

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _images(distributions.digits())


@command("photo-patches")
@dataclasses.dataclass(frozen=True)
class PhotoPatches:
    """Colour patches of scikit-learn's two photographs."""

    name: ClassVar[str] = "photo-patches"

    size: int = 8
    """Side of a patch in pixels."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        return _images(distributions.photo_patches(self.size))._replace(name=self.name)


@command("file")
@dataclasses.dataclass(frozen=True)
class File:
    """Your own samples, from a .npy or .npz file; a tenth is held out."""

    name: ClassVar[str] = "file"

    path: Path
    """The file: (n, d) samples, or (n, h, w) or (n, h, w, c) images, which are flattened."""
    array: str | None = None
    """Which array of a .npz file; may be left out if it holds only one."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        x = distributions.load_samples(self.path, self.array)
        if len(x) < 20:
            raise ValueError(
                f"{self.path} holds {len(x)} samples, but at least 20 are needed to train and to hold some out"
            )
        # A fixed random tenth: files are often sorted.
        order = np.random.default_rng(0).permutation(len(x))
        cut = len(x) // 10
        target = distributions.dataset(x[order[cut:]], self.path.stem)
        held_out = distributions.dataset(x[order[:cut]], f"{self.path.stem}, held out")
        fingerprint = hashlib.sha256(self.path.expanduser().read_bytes()).hexdigest()
        return Problem(self.path.stem, target, held_out, _space(target), fingerprint=fingerprint)


TargetConfig = Ring | Grid | Moons | SwissRoll | Checkerboard | Digits | PhotoPatches | File
TARGETS: dict[str, type[Any]] = {
    kind.name: kind for kind in (Ring, Grid, Moons, SwissRoll, Checkerboard, Digits, PhotoPatches, File)
}
"""The targets by name."""
