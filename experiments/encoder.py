"""Train an encoder for losses: a small network whose stages are spaces to compare images in.

    python -m experiments.encoder classifier fashion-mnist
    python -m experiments.encoder autoencoder images --path FOLDER --size 32
    python -m experiments.train drifting fashion-mnist --features results/encoders/classifier-fashion-mnist-seed0.npz

A classifier learns the labels of the training part, an autoencoder to give images back; both see images with noise. One file
holds everything: parameters, the mean distance of two data in each map, and a fingerprint, by which runs that are trained on its
maps know it. The table says how well it does on the validation part; beside the file of an autoencoder lies a picture of
what it gives back. The same command again finds the file and trains nothing.

It is for what a generator is trained by, never for what judges it. On two cores 28 x 28 images take about two minutes; with
``--smoke`` some seconds.
"""

import dataclasses
import re
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.configs import Problem, TargetChoice
from experiments.shared.outputs import check_output
from experiments.shared.pictures import ends_of
from experiments.shared.study import ended_with, writable
from igm_jax import checks
from igm_jax.features import Architecture, Encoder, Recipe, fit_encoder, load_encoder, save_encoder
from igm_jax.features.architecture import reconstructed
from igm_jax.features.encoder import digest_of
from igm_jax.features.fitting import by_rows
from igm_jax.files import write_whole
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import command_line, counting, ended
from igm_jax.training import plain, provenance

MOST = 100_000
"""Training images that are looked at, at most; of more a random choice."""

SHOWN = 10
"""Columns of the picture: as many images, and what is given back below each."""


@dataclasses.dataclass(frozen=True)
class Encode:
    """Train an encoder for losses on the images of a target."""

    kind: tyro.conf.Positional[Literal["classifier", "autoencoder"]]
    """Whether it learns to tell the labels, or to give the images back."""
    target: TargetChoice
    output: Path | None = None
    """The file; by default results/encoders/KIND-TARGET-seedSEED.npz."""
    width: int = 16
    """Channels of the first stage; the second has twice as many, the later ones four times."""
    code: int = 128
    """Numbers of the last map."""
    steps: int = 2500
    """Updates."""
    batch_size: int = 128
    """Images in each."""
    seed: int = 0
    """Seed of everything random."""
    smoke: bool = False
    """Only try whether everything works: few steps, few images, a small network."""


class Images(NamedTuple):
    """What is learned from, and what it is measured on."""

    x: np.ndarray
    labels: np.ndarray | None
    held_out: np.ndarray
    held_out_labels: np.ndarray | None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the file is written, 2 for a wrong choice, 130 after Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = (tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitSubcommandPrefixes)
    config = command_line(Encode, words, "python -m experiments.encoder", config=options)
    try:
        config = _small(config) if config.smoke else config
        for name in ("width", "code", "steps", "batch_size"):
            checks.count(name, getattr(config, name))
        checks.seed("seed", config.seed)
        problem = config.target.build()
        path = config.output or _default_path(config, problem)
        _check_path(path, config.kind)
        images = images_of(config, problem)
        encoder = _kept(path, config, problem, images)
        if encoder is None:
            writable(path.parent)
            encoder = _trained(config, problem, images, f"python -m experiments.encoder {shlex.join(words)}")
            save_encoder(path, encoder)
        picture = _picture(path, encoder, problem, images)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return ended_with(error)
    except KeyboardInterrupt:
        return ended_with("stopped; nothing was written", 128 + signal.SIGINT)
    Console().print(summary(encoder, path, picture))
    return 0


def _small(config: Encode) -> Encode:
    """The same config in miniature."""
    return dataclasses.replace(
        config, width=min(config.width, 4), code=min(config.code, 8), steps=min(config.steps, 20), batch_size=32
    )


def _default_path(config: Encode, problem: Problem) -> Path:
    data = re.sub(r"[^\w.-]+", "-", problem.name).strip("-.") or "data"
    end = "-smoke" if config.smoke else ""
    return Path("results", "encoders", f"{config.kind}-{data}-seed{config.seed}{end}.npz")


def _check_path(path: Path, kind: str) -> None:
    checks.choice("the ending of --output", path.suffix, (".npz",))
    check_output("--output", path, {})
    picture = _beside(path)
    if kind == "autoencoder" and picture.exists() and not path.exists():
        raise ValueError(
            f"{picture}, where the picture of what is given back would be, is there already and would be lost; choose another"
            " --output, or move it away"
        )


def _beside(path: Path) -> Path:
    """Where the picture of an encoder is."""
    return path.with_suffix(".png")


def images_of(config: Encode, problem: Problem) -> Images:
    """The training and the validation images of a target, with classes 0 … K-1 for a classifier.

    Raises:
        ValueError: for a target that has no images, or no labels that a classifier could learn.
    """
    splits = problem.splits
    if splits is None or splits.image_shape is None:
        raise ValueError(f"an encoder is of images, but {problem.name} has none; choose a target of images")
    most = 500 if config.smoke else MOST
    if config.kind == "autoencoder":
        x, held_out = (_some(np.asarray(part.values), most) for part in (splits.train, splits.validation))
        return Images(x, None, held_out, None)
    if splits.train.labels is None:
        raise ValueError(
            f"a classifier learns labels, but {problem.name} has none; train an autoencoder:"
            " `python -m experiments.encoder autoencoder ...`"
        )
    x, given = (_some(np.asarray(one), most) for one in (splits.train.values, splits.train.labels))
    classes, labels = np.unique(given, return_inverse=True)
    unseen = np.asarray(splits.validation.labels)
    known = np.isin(unseen, classes)
    numbers = np.searchsorted(classes, unseen[known]).astype(np.int32)
    held_out = np.asarray(splits.validation.values)[known]
    return Images(x, labels.astype(np.int32), _some(held_out, most), _some(numbers, most))


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:most])]


def _recipe(config: Encode) -> Recipe:
    return Recipe(steps=config.steps, batch_size=config.batch_size)


def _kept(path: Path, config: Encode, problem: Problem, images: Images) -> Encoder | None:
    """The encoder that the file holds already; None if there is no file, and an error if it is another's."""
    if not path.exists():
        return None
    found = load_encoder(path)
    classes = 0 if images.labels is None else len(np.unique(images.labels))
    shape = Architecture(config.kind, problem.space.image_shape or (0, 0, 0), config.width, config.code, classes)
    data = digest_of(np.ascontiguousarray(images.x, np.float32), images.labels)
    if (found.architecture, found.recipe, found.seed, found.data) != (shape, _recipe(config), config.seed, data):
        raise ValueError(f"{path} holds an encoder of other data or settings; choose another --output, or move it away")
    return found


def _trained(config: Encode, problem: Problem, images: Images, command: str) -> Encoder:
    start = time.monotonic()
    told = {"command": command, "target": problem.name, "data": problem.fingerprint, **plain(provenance())}
    with counting(f"training the {config.kind}") as progress:
        encoder = fit_encoder(
            config.kind,
            images.x,
            problem.space.image_shape or (0, 0, 0),
            images.labels,
            held_out=(images.held_out, images.held_out_labels) if len(images.held_out) > 1 else None,
            seed=config.seed,
            width=config.width,
            code=config.code,
            recipe=_recipe(config),
            name=f"{config.kind} of {problem.name}",
            progress=progress,
            story=told,
        )
    seconds = round(time.monotonic() - start, 1)
    return dataclasses.replace(encoder, story={**encoder.story, "seconds": seconds, "images": len(images.x)})


def _picture(path: Path, encoder: Encoder, problem: Problem, images: Images) -> Path | None:
    """Validation images, and below each what an autoencoder gives back."""
    if encoder.architecture.kind != "autoencoder" or problem.splits is None:
        return None
    some = images.held_out[np.random.default_rng(0).permutation(len(images.held_out))[: 3 * SHOWN]]
    some = some[: len(some) // SHOWN * SHOWN] if len(some) > SHOWN else some
    back = np.asarray(by_rows(partial(reconstructed, encoder.architecture), encoder.parameters, some))
    rows: list[Any] = []
    for start in range(0, len(some), SHOWN):
        rows += [some[start : start + SHOWN], back[start : start + SHOWN]]
    own = problem.splits.undone(np.concatenate(rows))
    return write_whole(_beside(path), sheet(own, ends_of(problem.splits, own), columns=min(SHOWN, len(some))))


def summary(encoder: Encoder, path: Path, picture: Path | None) -> Table:
    """A table of an encoder: how well it does, and the mean distance of two data in each map."""
    table = Table("", "value", "numbers", title=Text(encoder.name))
    said = {"accuracy": "accuracy on validation images", "unexplained": "share of the variance that is not given back"}
    for name, value in encoder.scores.items():
        table.add_row(said[name], f"{value:.4f}", "")
    for name, width in encoder.architecture.widths.items():
        table.add_row(f"mean distance in {name}", f"{encoder.distances[name].mean:.4g}", f"{width}")
    table.add_row("seconds of training", f"{encoder.story.get('seconds', float('nan')):.0f}", "")
    lines = [f"encoder: {path}", f"fingerprint: {encoder.fingerprint[:16]}"]
    table.caption = Text("\n".join([*lines, *([f"given back: {picture}"] if picture else [])]))
    return table


if __name__ == "__main__":
    ended(main)
