"""Targets from people's own files and from data sets that have a name: one grammar on every command line.

As a subcommand, with its options: ``images --path FOLDER --size 32``, ``file --path FILE``, ``table --path FILE --outcome y``,
``fashion-mnist``. In lists the short form names what is read, with the usual options: ``images:FOLDER``, ``file:FILE``.
"""

from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.configs import choices
from experiments.configs.choices import Problem
from experiments.configs.problems import of_pairs, of_splits
from igm_jax import data
from igm_jax.distributions import Splits
from igm_jax.files import shown
from igm_jax.reporting.terminal import counting, said

DECODED = Path("results/decoded")

Folder = Annotated[
    Path | None, tyro.conf.arg(help="Where its files lie; by default in IGM_DATA, or where its package puts them.")
]
Columns = tuple[str, ...]


def _told(splits: Splits) -> Splits:
    """The data set, once its report stands in the terminal."""
    said([] if splits.report is None else splits.report.lines())
    return splits


def _mine(splits: Splits) -> Problem:
    return of_splits(_told(splits), fingerprint=splits.digest)


@choices.target()
def images(
    path: Path,
    size: int | None = None,
    channels: Literal[1, 3] | None = None,
    fit: Literal["crop", "pad"] = "crop",
    stream: bool = False,
) -> Problem:
    """A folder of your own images: PNG, JPEG, WebP, BMP, in folders for classes if you like.

    Args:
        path: The folder.
        size: Side of the square that each becomes; by default their own up to 64, else 32.
        channels: 1 for grey, 3 for colours; by default what they have.
        fit: Whether the middle is cut out, or the image surrounded by white.
        stream: Read them from the disk while training, decoded once into results/decoded; for more than memory holds.
    """
    if not stream:
        with counting("reading images") as progress:
            splits = data.images(path, size, channels=channels, fit=fit, progress=progress)
        return _mine(splits)
    with counting("decoding images") as progress:
        store = data.stored(path, DECODED, size, channels=channels, fit=fit, progress=progress)
    splits = store.splits()
    problem = _mine(splits)
    return problem._replace(stream=lambda batch_size, seed: store.stream("train", batch_size, seed=seed))


@choices.target()
def file(path: Path, array: str | None = None, labels: str | None = None) -> Problem:
    """Your own samples or images, from a .npy or .npz file.

    Args:
        path: The file: (n, d) samples, or (n, h, w) or (n, h, w, c) images.
        array: Which array of a .npz file; may be left out if one alone can be meant.
        labels: Which array of a .npz file holds the classes.
    """
    return _mine(data.file(path, array, labels))


@choices.target()
def table(
    path: Path,
    outcome: Columns = (),
    condition: Columns = (),
    split_by: Columns = (),
    missing: Literal["refuse", "drop"] = "refuse",
) -> Problem:
    """Your own table, CSV or Parquet: its rows, or some columns given others.

    Args:
        path: The file.
        outcome: The columns to learn; by default all that hold numbers and are no conditions.
        condition: The columns that are given; then a conditional generator is trained, on pairs.
        split_by: Columns whose equal values stay in one part of the data.
        missing: What to do with rows of which something is missing.
    """
    # Of one file there may be several tables, whose runs are kept apart by their names.
    words = [path.stem, *(["of", *outcome] if outcome else []), *(["given", *condition] if condition else [])]
    name = shown(" ".join(words))
    splits = _told(data.table(path, outcome or None, condition, split_by=split_by, missing=missing, name=name))
    return of_pairs(splits) if condition else of_splits(splits, fingerprint=splits.digest)


@choices.target()
def idx(path: Path) -> Problem:
    """Images in the format of MNIST: a folder of idx files, compressed or not.

    Args:
        path: The folder, or one file of images.
    """
    return _mine(data.idx(path))


@choices.target()
def cifar(path: Path) -> Problem:
    """The binary archive of CIFAR-10 or CIFAR-100.

    Args:
        path: The archive, or the folder that it was unpacked into.
    """
    return _mine(data.cifar(path))


@choices.target()
def hugging_face(
    path: Path,
    size: int | None = None,
    image: str | None = None,
    label: str | None = None,
    channels: Literal[1, 3] | None = None,
    fit: Literal["crop", "pad"] = "crop",
) -> Problem:
    """A data set of Hugging Face, as ``save_to_disk`` left it.

    Args:
        path: Its folder.
        size: Side of the square that each image becomes; by default their own up to 64, else 32.
        image: The column of images; may be left out if there is one.
        label: The column of classes; may be left out if there is one.
        channels: 1 for grey, 3 for colours; by default what they have.
        fit: Whether the middle of an image is cut out, or the image surrounded by white.
    """
    with counting("reading images") as progress:
        splits = data.hugging_face(path, size, image=image, label=label, channels=channels, fit=fit, progress=progress)
    return _mine(splits)


@choices.target()
def fashion_mnist(folder: Folder = None) -> Problem:
    """60 000 garments, 28 x 28, grey, in ten classes."""
    return _mine(data.fashion_mnist(folder))


@choices.target()
def ocean_climate(folder: Folder = None, conditional: bool = False) -> Problem:
    """Air and sea of the oceans, seven numbers in each month and place.

    Args:
        conditional: Learn them given month and place.
    """
    splits = _told(data.ocean_climate(folder))
    return of_pairs(splits) if conditional else of_splits(splits, fingerprint=splits.digest)


@choices.target()
def relief(folder: Folder = None, size: int = 32) -> Problem:
    """Pictures of the earth's heights.

    Args:
        size: Side of a picture in pixels.
    """
    return _mine(data.relief(folder, size))


@choices.target()
def glyphs(folder: Folder = None, size: int = 28) -> Problem:
    """The letters A to Z in hundreds of typefaces.

    Args:
        size: Side of a picture in pixels.
    """
    return _mine(data.glyphs(folder, size))


@choices.target()
def fonts(folder: Folder = None, size: int = 28) -> Problem:
    """Another name for glyphs: letters in hundreds of typefaces.

    Args:
        size: Side of a picture in pixels.
    """
    return _mine(data.glyphs(folder, size))


@choices.target()
def photographs(folder: Folder = None, size: int = 32, shrink: int = 4) -> Problem:
    """Colour patches of twelve photographs of nature.

    Args:
        size: Side of a patch in pixels.
        shrink: How much smaller the photographs are made first.
    """
    return _mine(data.photographs(folder, size, shrink))


@choices.target()
def unicode_names(length: int = 32) -> Problem:
    """Names of characters, one-hot: short texts that Python brings.

    Args:
        length: Letters of the longest.
    """
    return _mine(data.unicode_names(length))


@choices.target()
def notes(folder: Folder = None, seconds: float = 1.0) -> Problem:
    """Recorded notes of instruments, at 16 kHz.

    Args:
        seconds: How long each is.
    """
    return _mine(data.notes(folder, seconds))


@choices.target()
def sounds(path: Path, seconds: float = 1.0) -> Problem:
    """The beginnings of your own .wav files, at 16 kHz.

    Args:
        path: The folder.
        seconds: How long each is.
    """
    return _mine(data.sounds(path, seconds))


@choices.target()
def lines(path: Path, length: int = 32) -> Problem:
    """The lines of your own text file, one-hot: space, hyphen, digits and A to Z.

    Args:
        path: The file.
        length: Symbols of the longest line; longer ones are left out.
    """
    return _mine(data.text_lines(path, length))
