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
<<<<<<< HEAD
    pillow()
    skipped: dict[str, list[int]] = {}
    headers: list[Header] = []
    for place, told in enumerate(each_file(header, found.files, progress)):
        if isinstance(told, Header):
            headers.append(told)
        else:
            skipped.setdefault(told, []).append(place)
    kept = found.without(skipped).some()
    sides = {side for each in headers for side in (each.height, each.width)}
    common = next(iter(sides)) if len(sides) == 1 else 0
    deep = all(each.deep for each in headers)
    shapes = Counter(side_by_side((each.height, each.width, 1 if each.grey else 3)) for each in headers)
    size = common if 0 < common <= LARGEST_COMMON else USUAL_SIDE
    channels = 1 if all(each.grey for each in headers) else 3
    return Survey(kept, tuple(headers), size, channels, deep, dict(shapes), _notes(headers, deep))


def _notes(headers: Sequence[Header], deep: bool) -> tuple[str, ...]:
    notes = []
    if alpha := sum(each.alpha for each in headers):
        notes.append(f"{alpha} images may have transparent parts, which are put on white.")
    if cmyk := sum(each.mode == "CMYK" for each in headers):
        notes.append(f"{cmyk} images in the colours of print (CMYK) are turned to red, green and blue.")
    if (of_16 := sum(each.deep for each in headers)) and not deep:
        notes.append(f"{of_16} images of 16 bits are cut to 8, as the others have.")
    return tuple(notes)


def each_file(read: Callable[[Any], Any], files: Sequence[Any], progress: Progress | None) -> Iterator[Any]:
    """What is read of each file, or the reason why it cannot be, in order; files are read side by side.

    Args:
        read: from a file to what is wanted of it; an ``ImageError`` or ``OSError`` is a reason to leave the file out.
        files: the files.
        progress: called with how many of how many files are read; None for nobody.

    Yields:
        What ``read`` returned, or the reason, a text.

    Example:
        >>> from igm_jax.data.images import each_file
        >>> list(each_file(len, ["a", "bcd"], None))
        [1, 3]
    """

    def attempt(file: Any) -> Any:
        try:
            return read(file)
        except ImageError as error:
            return error.reason
        except OSError:
            return UNREADABLE

    with Quiet(), ThreadPoolExecutor(min(16, (os.cpu_count() or 1) + 2)) as pool:
        for start in range(0, len(files), BLOCK):
            yield from pool.map(attempt, files[start : start + BLOCK])
            if progress is not None:
                progress(min(start + BLOCK, len(files)), len(files))
=======
    known, skipped = headers(found.files, progress)
    return Survey(found.without(skipped).some(), together(known))
>>>>>>> readers15


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
    to training, validation or test by what it then holds.

    Args:
        path: the folder.
        size: the side of the square in pixels; None for that of the images, if all are squares of one side up to 64, else 32.
        channels: 1 for grey, 3 for colours; None for 1 if all images are grey, else 3.
        fit: "crop" to scale the shorter side and cut out the middle, "pad" to scale the longer one and surround by white.
        labels: "folders" to take the folders right below ``path`` for classes, None for no labels.
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
    known = survey(folder(path, labels))
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
    )  # fmt: skip
    span = ranged(values, source, value_range)
    return assembled(
        found, found.split(), span.scaling, what="images", image_shape=(side, side, depth), shapes=known.together.shapes,
        extent=span.found, told=span.told, skipped=kept.skipped,
<<<<<<< HEAD
        notes=[*known.folder.notes, *known.notes, resized(known, side, fit), span.note],
    )  # fmt: skip


def resized(known: Survey, side: int, fit: str) -> str:
    """A sentence on how many images are brought to another size; empty for none.

    Args:
        known: what the headers say.
        side: of the square that each becomes, in pixels.
        fit: "crop" or "pad".

    Returns:
        The sentence.

    Example:
        >>> from igm_jax.data.decoding import Header
        >>> from igm_jax.data.images import Survey, resized
        >>> resized(Survey(None, (), 32, 3, False, {}, ()), 32, "crop")
        ''
    """
    changed = sum((each.height, each.width) != (side, side) for each in known.headers)
    way = "cut to their middle" if fit == "crop" else "surrounded by white"
    uneven = any(each.height != each.width for each in known.headers)
    return f"{changed} images are scaled to {side} × {side}{f' and {way}' if uneven else ''}." if changed else ""


def _decoded(
    found: Folder, shape: tuple[int, int, int], fit: str, deep: bool, progress: Progress | None
) -> tuple[np.ndarray, Folder]:
    """All images of a folder in one array, and the folder without those that turned out to be damaged."""
    values = np.empty((len(found.files), *shape), np.uint16 if deep else np.uint8)
    skipped: dict[str, list[int]] = {}
    number = 0

    def read(file: Any) -> np.ndarray:
        return decode(file, shape[0], shape[2], fit, deep=deep)

    for place, told in enumerate(each_file(read, found.files, progress)):
        if isinstance(told, str):
            skipped.setdefault(told, []).append(place)
        else:
            values[number] = told
            number += 1
    return values[:number], found.without(skipped).some()
=======
        notes=[*kept.notes, *known.together.notes, known.together.resized(side, fit), span.note],
    )  # fmt: skip
>>>>>>> readers15
