"""The targets of the experiments: what to learn, on which scale, and what is held out."""

import hashlib
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import tyro

from experiments.configs import choices
from experiments.configs.choices import ImageShape, Problem, Space
from experiments.configs.shared import read_samples
from igm_jax import distributions, kernels
from igm_jax.distributions import Distribution, Splits
from igm_jax.files import shown

Std = Annotated[float, tyro.conf.arg(help="Standard deviation of each Gaussian.")]
Across = Annotated[float, tyro.conf.arg(help="Standard deviation across the curve.")]


def _space(target: Distribution, image_shape: ImageShape | None = None) -> Space:
    # In one piece, since each small operation on its own would be compiled on its own.
    scale = jax.jit(lambda key: kernels.median_bandwidth(target(key, 1024)))(jax.random.key(0))
    return Space(target.dim, float(scale), image_shape, target)


def _synthetic(name: str, target: Distribution) -> Problem:
    return Problem(name, target, target, _space(target))


def _images(name: str, splits: Splits) -> Problem:
    target, held_out = splits.target(), splits.target("validation")
    return Problem(name, target, held_out, _space(target, splits.image_shape), splits)


@choices.target()
def ring(modes: int = 8, radius: float = 1.0, std: Std = 0.01) -> Problem:
    """Eight narrow Gaussians on a circle.

    Args:
        modes: How many Gaussians.
        radius: Radius of the circle.
    """
    return _synthetic("ring", distributions.ring(modes, radius, std))


@choices.target()
def grid(side: int = 5, spacing: float = 2.0, std: Std = 0.05) -> Problem:
    """25 narrow Gaussians on a square grid.

    Args:
        side: Gaussians in a row.
        spacing: Distance of neighbours.
    """
    return _synthetic("grid", distributions.grid(side, spacing, std))


@choices.target()
def moons(noise: Across = 0.05) -> Problem:
    """Two interleaved half circles."""
    return _synthetic("moons", distributions.moons(noise))


@choices.target()
def swiss_roll(noise: Across = 0.03) -> Problem:
    """A spiral."""
    return _synthetic("swiss-roll", distributions.swiss_roll(noise))


@choices.target()
def checkerboard(noise: float = 0.05) -> Problem:
    """The black squares of a board.

    Args:
        noise: Standard deviation that blurs the edges.
    """
    return _synthetic("checkerboard", distributions.checkerboard(noise))


@choices.target()
def digits() -> Problem:
    """Scikit-learn's handwritten digits, 8 x 8, grey."""
    splits = distributions.digits()
    return _images(splits.name, splits)


@choices.target()
def photo_patches(size: int = 8) -> Problem:
    """Colour patches of scikit-learn's two photographs.

    Args:
        size: Side of a patch in pixels.
    """
    return _images("photo-patches", distributions.photo_patches(size))


@choices.target()
def file(path: Path, array: str | None = None) -> Problem:
    """Your own samples, from a .npy or .npz file; a tenth is held out.

    Args:
        path: The file: (n, d) samples, or (n, h, w) or (n, h, w, c) images, which are flattened.
        array: Which array of a .npz file; may be left out if it holds only one.
    """
    x = read_samples(path, array, "--array")
    if len(x) < 20:
        raise ValueError(f"{path} holds {len(x)} samples, but at least 20 are needed to train and to hold some out")
    # A fixed random tenth: files are often sorted.
    order = np.random.default_rng(0).permutation(len(x))
    cut = len(x) // 10
    name = shown(path.stem)
    target = distributions.dataset(x[order[cut:]], name)
    held_out = distributions.dataset(x[order[:cut]], f"{name}, held out")
    fingerprint = hashlib.sha256(path.expanduser().read_bytes()).hexdigest()
    return Problem(name, target, held_out, _space(target), fingerprint=fingerprint)
