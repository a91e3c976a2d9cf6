"""The targets that need no files: distributions of the plane, and two data sets of scikit-learn for a quick start."""

from typing import Annotated

import tyro

from experiments.configs import choices
from experiments.configs.choices import Problem
from experiments.configs.problems import of_splits, synthetic
from igm_jax import distributions

Std = Annotated[float, tyro.conf.arg(help="Standard deviation of each Gaussian.")]
Across = Annotated[float, tyro.conf.arg(help="Standard deviation across the curve.")]


@choices.target()
def ring(modes: int = 8, radius: float = 1.0, std: Std = 0.01) -> Problem:
    """Eight narrow Gaussians on a circle.

    Args:
        modes: How many Gaussians.
        radius: Radius of the circle.
    """
    return synthetic("ring", distributions.ring(modes, radius, std))


@choices.target()
def grid(side: int = 5, spacing: float = 2.0, std: Std = 0.05) -> Problem:
    """25 narrow Gaussians on a square grid.

    Args:
        side: Gaussians in a row.
        spacing: Distance of neighbours.
    """
    return synthetic("grid", distributions.grid(side, spacing, std))


@choices.target()
def moons(noise: Across = 0.05) -> Problem:
    """Two interleaved half circles."""
    return synthetic("moons", distributions.moons(noise))


@choices.target()
def swiss_roll(noise: Across = 0.03) -> Problem:
    """A spiral."""
    return synthetic("swiss-roll", distributions.swiss_roll(noise))


@choices.target()
def checkerboard(noise: float = 0.05) -> Problem:
    """The black squares of a board.

    Args:
        noise: Standard deviation that blurs the edges.
    """
    return synthetic("checkerboard", distributions.checkerboard(noise))


@choices.target()
def digits() -> Problem:
    """Scikit-learn's handwritten digits, 8 x 8, grey."""
    return of_splits(distributions.digits())


@choices.target()
def photo_patches(size: int = 8) -> Problem:
    """Colour patches of scikit-learn's two photographs.

    Args:
        size: Side of a patch in pixels.
    """
    return of_splits(distributions.photo_patches(size))._replace(name="photo-patches")
