"""Your own images: a folder of files becomes a data set of one size, split by content."""

import os
from typing import NamedTuple

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits
from igm_jax.data.decoding import FITS
from igm_jax.data.folders import Folder, folder
from igm_jax.data.pool import Progress, Together, decoded, headers, together
from igm_jax.data.ranges import ranged
from igm_jax.data.splitting import enough
from igm_jax.distributions.splits import Splits
from igm_jax.files import shown


class Survey(NamedTuple):
    """What the headers of a folder's images say.

    Attributes:
        folder: the images whose headers can be read.
        together: their sizes, channels and depths, and what fits them all.
    """

    folder: Folder
    together: Together


def survey(found: Folder, *, progress: Progress | None = None) -> Survey:
    """The headers of a folder's images, before anything is decoded.

    Args:
        found: the folder.
        progress: called with how many of how many headers are read; None for nobody.

    Returns:
        What they say together; images that are damaged, animated or huge are left out of its folder, counted and named.

    Raises:
        ImportError: without Pillow; the text names the extra that brings it.
        ValueError: if no image is left; the text says what was left out.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> from igm_jax.data import folder, survey
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> Image.new("L", (8, 8)).save(path / "1.png")
        >>> found = survey(folder(path)).together
        >>> found.size, found.channels, found.shapes
        (8, 1, {'8 × 8 × 1': 1})
    """
    known, skipped = headers(found.files, progress)
    return Survey(found.without(skipped).some(), together(known))


def images(
    path: str | os.PathLike[str],
    size: int | None = None,
    *,
    channels: int | None = None,
    fit: str = "crop",
    labels: str | None = "folders",
    value_range: tuple[float, float] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Splits:
    """The images in a folder, and the folders in it, as a data set.

    PNG, JPEG, WebP, BMP and still GIF files are told by their content. They are turned as the camera was held; transparent
    parts become white; grey images of 16 bits keep them if all have them. Every image is made a square of one size and goes
    to training, validation or test by what it then holds, or by the folder right below ``path`` if these are called train,
    validation, test or the like.

    Args:
        path: the folder.
        size: the side of the square in pixels; None for that of the images, if all are squares of one side up to 64, else 32.
        channels: 1 for grey, 3 for colours; None for 1 if all images are grey, else 3.
        fit: "crop" to scale the shorter side and cut out the middle, "pad" to scale the longer one and surround by white.
        labels: "folders" to take the folders right below ``path``, or below its parts, for classes, None for no labels.
        value_range: what becomes -1 and 1; None for 0 and 255, or 0 and 65535.
        name: a short name for tables; the folder's if None.
        progress: called with how many of how many images are decoded; None for nobody.

    Returns:
        The data set, about 80 % for training, 10 % for validation and 10 % for test; its report says what was left out.

    Raises:
        ImportError: without Pillow; the text names the extra that brings it.
        OSError: for no folder.
        ValueError: for arguments of another kind, fewer than 20 images, or more than fit into memory.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from PIL import Image
        >>> from igm_jax.data import images
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> for number in range(60):
        ...     Image.fromarray(np.full((8, 8), number, np.uint8)).save(path / f"{number}.png")
        >>> data = images(path)
        >>> data.train.values.shape, data.image_shape, data.report.sizes["test"]
        ((49, 64), (8, 8, 1), 8)
    """
    size = None if size is None else checks.count("size", size)
    channels = None if channels is None else checks.choice("channels", channels, (1, 3))
    checks.choice("fit", fit, FITS)
    known = survey(folder(path, labels), progress=progress)
    source, number = shown(known.folder.path), len(known.folder.files)
    enough(number, source)
    side, depth = size or known.together.size, channels or known.together.channels
    deep = known.together.deep and depth == 1
    fits(number, side * side * depth, 1 + deep, source, f"choose a smaller `size` than {side}")
    values, skipped = decoded(known.folder.files, (side, side, depth), fit, deep, progress)
    kept = known.folder.without(skipped).some()
    found = Found(
        source, name or shown(known.folder.path.name) or "images", values,
        labels=None if kept.labels is None else np.asarray(kept.labels), label_names=kept.label_names,
        given=None if kept.given is None else np.asarray(kept.given),
    )  # fmt: skip
    span = ranged(values, source, value_range)
    return assembled(
        found, found.split(), span.scaling, what="images", image_shape=(side, side, depth), shapes=known.together.shapes,
        extent=span.found, told=span.told, skipped=kept.skipped,
        notes=[*kept.notes, *known.together.notes, known.together.resized(side, fit), span.note],
    )  # fmt: skip
