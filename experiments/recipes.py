"""Named ways of training a generator of images, as commands that can be taken apart.

    python -m experiments.recipes                                 what there is
    python -m experiments.recipes drifting-features               do it, and judge it
    python -m experiments.recipes drifting-features --show        only say the commands
    python -m experiments.recipes r3gan --smoke                   a try of seconds

A recipe is a list of this project's own commands, said before they are run, so that it can be taken apart: one that trains on
features trains their encoder first, and at its end the samples are judged against test images. Each of its commands goes on where
it was stopped, and so does the recipe.
"""

import dataclasses
import shlex
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple

import tyro
from rich.console import Console
from rich.table import Table

from experiments.shared.study import ended_with
from igm_jax import checks
from igm_jax.reporting.terminal import command_line, ended

ENCODER = "classifier-fashion-mnist-seed{seed}.npz"

PATH = "--path=FOLDER"
"""Stands in a recipe for where its data lie."""

DINOV2 = "--features=dinov2=FILE"
"""Stands in a recipe for the file of the published network in whose maps it trains."""


class Recipe(NamedTuple):
    """A way of training a generator.

    Attributes:
        told: what it is, and what is known of it.
        words: of ``experiments.train``: the objective with its options, the target, and the rest.
        encoder: whether it trains on the features of a classifier of Fashion-MNIST, which is trained first.
    """

    told: str
    words: tuple[str, ...]
    encoder: bool = False


class Command(NamedTuple):
    """A command of this project: its module and its words."""

    module: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(["python", "-m", self.module, *self.words])


@dataclasses.dataclass(frozen=True)
class Config:
    """Named ways of training a generator of images."""

    name: Annotated[str | None, tyro.conf.Positional] = None
    """Which; without one all are listed."""
    seed: int = 0
    """Seed of everything random."""
    path: Path | None = None
    """Where the data lie, for recipes of data that no package brings."""
    weights: Path | None = None
    """The file of the published network, for recipes that train in the maps of one."""
    directory: Path = Path("results/recipes")
    """Where runs and encoders are kept."""
    show: bool = False
    """Only say the commands."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks."""


def commands(config: Config) -> list[Command]:
    """The commands of a recipe, in order.

    Raises:
        ValueError: for a name that is none, or data or weights without a path.
    """
    assert config.name is not None
    recipe = RECIPES[checks.choice("name", config.name, RECIPES)]
    if (config.path is None) == (PATH in recipe.words):
        needs = "lie" if config.path is None else "come with a package"
        raise ValueError(
            f"`--path` must say where the data are for recipes of one's own files, but those of {config.name} {needs}"
        )
    if (config.weights is None) == (DINOV2 in recipe.words):
        needs = "looks through DINOv2" if config.weights is None else "needs none"
        raise ValueError(
            f"`--weights` must say where the file of a published network is for recipes that train in its maps, but {config.name}"
            f" {needs}"
        )
    smoke, run = ("--smoke",) if config.smoke else (), config.directory / f"{config.name}-seed{config.seed}"
    given = {PATH: f"--path={config.path}", DINOV2: f"--features=dinov2={config.weights}"}
    words = tuple(given.get(word, word) for word in recipe.words)
    found = []
    if recipe.encoder:
        file = config.directory / ENCODER.format(seed=config.seed)
        learned = ("classifier", "fashion-mnist", "--seed", str(config.seed), "--output", str(file))
        found.append(Command("experiments.encoder", (*learned, *smoke)))
        words = (*words, "--features", str(file))
    words = (*words, "--seed", str(config.seed), "--directory", str(run), *smoke)
    found.append(Command("experiments.train", words))
    pages = ("--output", str(run / "evaluation.md"), str(run / "evaluation.jsonl"))
    found.append(Command("experiments.evaluate", ("--run", str(run), "--seed", str(config.seed), *pages)))
    return found


_LONG = ("--steps", "2000", "--batch-size", "128")
_CRITIC = ("--critic.rate", "0.0002", "--critic.b1", "0", "--critic.b2", "0.9")
_CIFAR = ("cifar", PATH, "--steps", "100000", "--optimizer.rate", "0.0002", "--optimizer.b1", "0", "--optimizer.b2", "0.9",
          "--generator.network", "residual", "--generator.width", "1024", "--generator.latent", "128", "--average", "0.9999",
          "--every", "5000")  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "drifting": Recipe(
        "Drifting in pixels, without the floor of its released code. Half as many updates: Fréchet (classifier) 5.0 ± 0.1, 1.7"
        " minutes on one core (docs/garments.md).",
        ("drifting", "--temperatures", "0.01", "0.025", "0.1", "fashion-mnist", *_LONG),
    ),
    "drifting-features": Recipe(
        "Drifting in the maps of a classifier. Half as many updates: Fréchet (another classifier) 8.4, one seed, about 4"
        " minutes on one core (docs/garments.md).",
        ("drifting", "--temperatures", "0.01", "0.025", "0.1", "fashion-mnist", *_LONG),
        encoder=True,
    ),
    "mmd-features": Recipe(
        "MMD in the maps of a classifier. Half as many updates: Fréchet (another classifier) 10.9, one seed, about 3 minutes"
        " on one core (docs/garments.md).",
        ("mmd", "--bandwidths", "0.1", "0.3", "fashion-mnist", *_LONG),
        encoder=True,
    ),
    "r3gan": Recipe(
        "R3GAN, whose penalties fall to a tenth: not measured as a whole; half as many updates with a penalty of .003 that stays"
        " had 9.1, one seed, about 4 minutes on one core (docs/garments.md).",
        ("r3gan", "--over", "2000", "--fade", "0.1", "fashion-mnist", *_LONG),
    ),
    "drifting-cifar": Recipe(
        "Drifting in the maps of DINOv2, a U-Net of 32.9 million parameters on CIFAR-10: FID 6.74 by the README of a port"
        " of the paper to PyTorch, with 640 samples and 640 data. Nobody has run it here.",
        ("drifting", "--temperatures", "0.02", "0.05", "0.2", "cifar", PATH, DINOV2, "--steps", "100000", "--batch-size", "640",
         "--generator.network", "unet", "--generator.width", "512", "--generator.blocks", "2", "--optimizer.rate", "0.0002",
         "--average", "0.9999", "--every", "5000"),
    ),
    "sngan-cifar": Recipe(
        "SNGAN's residual networks by a hinge game on CIFAR-10: FID 16.77 as mimicry published it. Nobody has run it here.",
        ("hinge-gan", "--r1", "0", "--inner-steps", "5", "--critic.network", "residual", "--critic.spectral", "--critic.width",
         "512", *_CRITIC, *_CIFAR, "--batch-size", "64"),
    ),
    "wgan-gp-cifar": Recipe(
        "The same networks by WGAN-GP on CIFAR-10: FID 22.29 as mimicry published it. Nobody has run it here.",
        ("wgan-gp", "--penalty", "10", "--inner-steps", "5", "--critic.network", "residual", "--critic.width", "512", *_CRITIC,
         *_CIFAR, "--batch-size", "64"),
    ),
}  # fmt: skip
"""All recipes, by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: the status of the first command that does not end with 0, or 2 for a wrong choice."""
    config = command_line(Config, arguments, "python -m experiments.recipes")
    if config.name is None:
        Console().print(listed())
        return 0
    try:
        checks.seed("seed", config.seed)
        wanted = commands(config)
    except ValueError as error:
        return ended_with(error)
    for number, one in enumerate(wanted):
        print(f"{number + 1} of {len(wanted)}: {one}", flush=True)
        if not config.show and (status := import_module(one.module).main(list(one.words))):
            return status
    return 0


def listed() -> Table:
    """All recipes, and what they are."""
    found = Table("name", "what it is", title="python -m experiments.recipes NAME")
    for name, recipe in RECIPES.items():
        found.add_row(name, recipe.told)
    return found


if __name__ == "__main__":
    ended(main)
