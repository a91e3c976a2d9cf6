"""Draw samples from what was trained, and write them to a file.

    python -m experiments.sample --run results/train/energy-grid-seed0 --n 10000 --out samples.npy
    python -m experiments.sample --run results/train/gan-digits-seed0 --n 64 --out digits.png
    python -m experiments.sample --run runs/mine --n 1000 --out samples.csv --step 500 --seed 1
    python -m experiments.sample --run runs/towns --n 50 --out towns.txt

The run may have been started by ``experiments.train`` or by ``igm_jax.training.train`` in Python, and may be going on: the newest
finished checkpoint is taken, or the one of ``--step``. The ending of ``--out`` says the format: ``.npy`` (one array), ``.npz``
(``samples``, and their ``provenance``), ``.csv`` (a sample a line), ``.png`` (images side by side), ``.txt`` (one-hot texts as
they are spelled, a line each), ``.wav`` (sounds at 16 kHz, one after the other). The same run, step and seed give the same
samples, and a larger ``--n`` only more of them.

A generator that holds code of your own cannot be made from a directory: draw from it in Python, with
``igm_jax.training.load_generator(directory, generator=generator)``.

On two cores 10000 points of the plane take about five seconds, mostly to start and to compile.
"""

import dataclasses
import importlib
import io
import json
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from experiments.shared.outputs import check_output
from experiments.shared.study import ended_with, progress
from igm_jax import ConditionalGenerator, checks
from igm_jax.data import spelled, texts, wav_bytes
from igm_jax.data.sounds import SHORTEST
from igm_jax.descriptions import Made
from igm_jax.extras import unusable
from igm_jax.files import write_npz, write_whole
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import TrainedGenerator, load_generator, plain, provenance

FORMATS = (".npy", ".npz", ".csv", ".png", ".txt", ".wav")
MOST_AT_ONCE, MOST_NUMBERS = 4096, 1 << 22
"""Samples, and numbers in them, that are drawn at once unless ``--chunk`` says how many."""

SYMBOLS = len(texts.SYMBOLS) + 1
"""Numbers for each place of a text: those of the symbols, and of the end."""

SPAN = (-1.0, 1.0)
"""Values that are black and white on a sheet of images, unless ``--value-range`` says which."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples from what was trained, and write them to a file."""

    run: Path
    """The run's directory."""
    n: int
    """How many samples."""
    out: Path
    """The file, .npy, .npz, .csv, .png, .txt (texts) or .wav (sounds); it must not exist."""
    seed: int = 0
    """Seed of the samples."""
    step: int | None = None
    """Which checkpoint; by default the newest."""
    of: int | None = None
    """Which seed of a run that trained several side by side, counted from 0."""
    parameters: Literal["average", "last"] = "average"
    """The running average of the parameters, which all tables are made with, or the last ones."""
    image_shape: tuple[int, int, int] | None = None
    """Height, width and channels for a .png, where the generator's own network does not say them."""
    value_range: tuple[float, float] | None = None
    """Which values are black and white in a .png; by default -1 and 1."""
    chunk: int | None = None
    """Samples drawn at once, on which the samples depend; by default 4096, or fewer where each is large."""
    overwrite: bool = False
    """Whether to replace the file if it exists."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the file is written, 2 for a wrong choice or a run that will not do, 130 after Ctrl-C."""
    config = command_line(Sample, arguments, "python -m experiments.sample")
    try:
        _check(config)
        model = load_generator(config.run, step=config.step, seed=config.of)
        if isinstance(model.generator, ConditionalGenerator):
            raise TypeError(
                f"{config.run} holds a conditional generator, which needs conditions: draw in Python, `load_generator(directory)"
                ".sample(key, conditions, k)`"
            )
        size, dim = _sizes(config, model)
        shape = _image_shape(config, model, dim) if config.out.suffix == ".png" else None
        _check_features(config.out.suffix, dim)
        _check_room(config, dim)
        samples = drawn(config, model, size, dim)
        _write(config, model, samples, shape)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return ended_with(error)
    except KeyboardInterrupt:
        return ended_with("stopped; nothing was written", 128 + signal.SIGINT)
    which = "average of the parameters" if config.parameters == "average" else "parameters"
    print(f"{config.out} holds {config.n} samples of {dim} features, by the {which} at step {model.step}")
    return 0


def drawn(config: Sample, model: TrainedGenerator, size: int, dim: int) -> np.ndarray:
    """The samples, (n, dim), drawn ``size`` at once, chunk i from a key of its own: how many there are changes none of them."""
    draw = jax.jit(model.generator.sample, static_argnums=2)
    params = model.average if config.parameters == "average" else model.params
    key, out = jax.random.key(config.seed), None
    with progress() as bar:
        shown = bar.add_task("samples", total=config.n)
        for i, start in enumerate(range(0, config.n, size)):
            part = np.asarray(draw(params, jax.random.fold_in(key, i), size))[: config.n - start]
            out = np.empty((config.n, dim), part.dtype) if out is None else out
            out[start : start + len(part)] = part
            bar.advance(shown, len(part))
    return np.empty((0, dim)) if out is None else out


def _check(config: Sample) -> None:
    """Refuse before any work what cannot be written."""
    checks.count("--n", config.n)
    checks.seed("--seed", config.seed)
    if config.chunk is not None:
        checks.count("--chunk", config.chunk)
    checks.choice("the ending of --out", config.out.suffix, FORMATS)
    if config.out.exists() and not (config.overwrite and config.out.is_file()):
        raise ValueError(
            f"{config.out} exists; choose another --out" + ("" if config.out.is_dir() else ", or say --overwrite")
        )
    check_output("--out", config.out, {}, config.run)
    image = config.out.suffix == ".png"
    for name, given in (("--image-shape", config.image_shape), ("--value-range", config.value_range)):
        if given is not None and not image:
            raise ValueError(f"{name} is for a .png, but --out is {config.out}; leave it out, or write a .png")
    low, high = config.value_range or SPAN
    if not low < high:
        raise ValueError(f"--value-range must be two numbers, the lower one first, but is {low} {high}")
    if image:
        try:
            importlib.import_module("PIL.Image")
        except Exception as error:
            raise ImportError(f"{unusable('a .png', 'pillow', error, 'data')}; or write .npy") from error


def _sizes(config: Sample, model: TrainedGenerator) -> tuple[int, int]:
    """How many samples to draw at once, and their features; an error for a number that the generator cannot give."""

    def features(n: int) -> int:
        return jax.eval_shape(lambda params, key: model.sample(key, n), model.params, jax.random.key(0)).shape[1]

    if isinstance(made := model.generator.made, Made) and made.name == "particles":
        if config.chunk is not None:
            raise ValueError(
                "--chunk does not go with particles, which are fixed points, all of them at once; leave it out"
            )
        return config.n, features(config.n)
    dim = features(2)
    return config.chunk or max(1, min(MOST_AT_ONCE, MOST_NUMBERS // dim)), dim


def _image_shape(config: Sample, model: TrainedGenerator, dim: int) -> tuple[int, int, int]:
    """The shape of the images: as it was asked for, or as the generator's network has it."""
    own = _own_shape(model.generator)
    shape = config.image_shape or own
    if shape is None or int(np.prod(shape)) != dim or shape[-1] not in (1, 3):
        told = "nothing is known of a shape" if shape is None else f"height, width and channels (1 or 3) are {shape}"
        raise ValueError(
            f"a .png shows images, but the samples have {dim} features and {told}; give --image-shape HEIGHT WIDTH CHANNELS,"
            " or write .npy, .npz or .csv"
        )
    if own is not None and own != shape:
        raise ValueError(
            f"--image-shape must be the shape of the generator's images, {own[0]} {own[1]} {own[2]}, but is"
            f" {shape[0]} {shape[1]} {shape[2]}; leave it out"
        )
    return shape


def _own_shape(value: Any) -> tuple[int, int, int] | None:
    made = getattr(value, "made", None)
    if not isinstance(made, Made):
        return None
    if "image_shape" in made.arguments:
        height, width, channels = made.arguments["image_shape"]
        return int(height), int(width), int(channels)
    return next((shape for part in made.arguments.values() if (shape := _own_shape(part))), None)


def _check_features(suffix: str, dim: int) -> None:
    """Refuse what is no text, or no sound."""
    if suffix == ".txt" and dim % SYMBOLS:
        raise ValueError(
            f"a .txt holds one-hot texts, of so many times {SYMBOLS} features, but the samples have {dim}; write .npy or .csv"
        )
    if suffix == ".wav" and dim < SHORTEST:
        raise ValueError(
            f"a .wav holds sounds, of at least {SHORTEST} numbers, but the samples have {dim} features; write .npy or .csv"
        )


def _check_room(config: Sample, dim: int) -> None:
    above = next(parent for parent in config.out.absolute().parents if parent.exists())
    needed, free = config.n * dim * (12 if config.out.suffix == ".csv" else 4), shutil.disk_usage(above).free
    if needed > free:
        raise OSError(
            f"{config.n} samples of {dim} features take about {needed / 2**20:.0f} MiB, but {above} has {free / 2**20:.0f} MiB"
            " free; ask for fewer, or write elsewhere"
        )


def _write(config: Sample, model: TrainedGenerator, samples: np.ndarray, shape: tuple[int, int, int] | None) -> None:
    """Write the file, whole or not at all."""
    if shape is not None:
        write_whole(config.out, sheet(samples.reshape(-1, *shape), config.value_range or SPAN))
    elif config.out.suffix == ".npz":
        story = {"run": str(config.run.absolute()), "step": model.step, "config": plain(config), **provenance()}
        write_npz(config.out, {"samples": samples, "provenance": json.dumps(story)})
    elif config.out.suffix == ".txt":
        write_whole(config.out, "".join(f"{text}\n" for text in spelled(samples)))
    elif config.out.suffix == ".wav":
        write_whole(config.out, wav_bytes(samples.reshape(-1)))
    else:
        buffer = io.BytesIO()
        if config.out.suffix == ".npy":
            np.save(buffer, samples, allow_pickle=False)
        else:
            np.savetxt(buffer, samples, delimiter=",", fmt="%.9g" if samples.dtype == np.float32 else "%.17g")
        write_whole(config.out, buffer.getvalue())


if __name__ == "__main__":
    ended(main)
