"""Letters in many typefaces, drawn from font files: the same 26 signs in hundreds of hands."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits
from igm_jax.data.places import VARIABLE, DataNotFoundError, Place
from igm_jax.data.ranges import ranged
from igm_jax.distributions.splits import Splits
from igm_jax.extras import unusable
from igm_jax.files import absolute, shown

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLACE = Place("glyphs", "Debian's package fonts-aenigma", "/usr/share/fonts/truetype/aenigma", ())
DRAWN = 96
"""Size in pixels at which letters are drawn before they are scaled down."""
SHARE = 0.86
"""Share of the picture's side that a letter's longer side takes."""


def glyphs(folder: str | os.PathLike[str] | None = None, size: int = 28) -> Splits:
    """The letters A to Z of every font in a folder, white on black, each scaled to the same extent.

    The label is the letter. All letters of a font lie in one part; a typeface may have several fonts, such as a bold one, in
    several parts. A letter that a font draws as another one does is left out.

    Args:
        folder: a folder of TrueType or OpenType fonts, any; None for ``IGM_DATA/glyphs`` or the place of Debian's package
            fonts-aenigma, whose 461 fonts give about 11 900 letters.
        size: the side of a picture in pixels.

    Returns:
        Splits of (n, size * size) pictures.

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where there is no such folder; the text names the package.
        ImportError: without Pillow.
        ValueError: for a folder without fonts, or pictures that the memory has no room for.

    Example:
        >>> from igm_jax.data import glyphs
        >>> glyphs().image_shape  # doctest: +SKIP
        (28, 28, 1)
    """
    size = checks.count("size", size)
    fonts = _pillow()
    place = _place(folder)
    files = _fonts(place)
    if not files:
        raise ValueError(f"expected a folder of fonts, but {shown(place)} holds no .ttf or .otf file; name another")
    fits(len(LETTERS) * len(files), size * size, 1, shown(place), "lower `size`")
    pictures, labels, groups, skipped = _drawn(fonts, files, size)
    if not pictures:
        raise ValueError(
            f"none of the {len(files)} fonts in {shown(place)} draws a letter from A to Z; name another folder"
        )
    values = np.stack(pictures)[..., None]
    found = Found(shown(place), f"glyphs {size}x{size}", values, np.array(labels), tuple(LETTERS), groups=groups)
    span = ranged(values, "the pictures")
    splits = assembled(
        found, found.split(), span.scaling, what="images", image_shape=(size, size, 1), extent=span.found, told=span.told,
        skipped=skipped, notes=[f"{len(set(groups))} fonts, each wholly in one part."],
    )  # fmt: skip
    own = absolute(PLACE.folder) == place
    return splits._replace(credit="Letters: the Aenigma fonts by Brian Kent." if own else "")


def alphabets(
    fonts: Sequence[str], folder: str | os.PathLike[str] | None = None, size: int = 28
) -> tuple[np.ndarray, np.ndarray]:
    """The letters A to Z of some fonts by name, drawn as ``glyphs`` draws them: the same letter of two fonts is a pair.

    Args:
        fonts: names of files without their ending, such as "lucid" and "lucido", its outlined sibling.
        folder: as for ``glyphs``.
        size: the side of a picture in pixels.

    Returns:
        (k, 26, size, size) bytes, white on black, and (k, 26) booleans: False where a font has nothing for a letter.

    Raises:
        DataNotFoundError: where there is no such folder, or no such font in it; the text names the package.
        ImportError: without Pillow.
        ValueError: for no fonts, one that cannot be read, or pictures that the memory has no room for.

    Example:
        >>> from igm_jax.data import alphabets
        >>> alphabets(["lucid", "lucido"])[0].shape  # doctest: +SKIP
        (2, 26, 28, 28)
    """
    size = checks.count("size", size)
    if np.ndim(fonts) != 1 or not len(fonts) or not all(isinstance(name, str) for name in fonts):
        raise ValueError(f"`fonts` must be a list of at least one name of a font, but is {fonts!r}")
    fits(len(LETTERS) * len(fonts), size * size, 1, "the alphabets", "lower `size`")
    pillow, place = _pillow(), _place(folder)
    files = {path.stem: path for path in _fonts(place)}
    if lacking := [name for name in fonts if name not in files]:
        raise DataNotFoundError(
            f"there is no font {lacking[0]!r} in {shown(place)}; it is one of {PLACE.package}: install that, or name a folder"
        )
    pictures = np.zeros((len(fonts), len(LETTERS), size, size), np.uint8)
    there = np.zeros(pictures.shape[:2], bool)
    for row, name in enumerate(fonts):
        try:
            font = pillow.ImageFont.truetype(str(files[name]), DRAWN)
        except OSError as error:
            raise ValueError(f"{shown(files[name])} must be a font, but cannot be read as one ({error})") from error
        for column, letter in enumerate(LETTERS):
            picture = _glyph(pillow, font, letter, size)
            if picture is not None:
                pictures[row, column], there[row, column] = picture, True
    return pictures, there


def _place(folder: str | os.PathLike[str] | None) -> Path:
    """The folder that is passed, or the first with fonts of those where they may lie."""
    told = os.environ.get(VARIABLE)
    usual = [*([absolute(told, VARIABLE) / PLACE.name] if told else []), Path(PLACE.folder)]
    tried = usual if folder is None else [absolute(folder, "folder")]
    for place in tried:
        if place.is_dir() and (folder is not None or _fonts(place)):
            return place
    where = " or ".join(shown(place) for place in tried)
    raise DataNotFoundError(
        f"glyphs needs a folder of fonts, and there is none at {where}: install {PLACE.package}, or name a folder (`folder`, or"
        f" {PLACE.name} in that of the variable {VARIABLE})"
    )


def _fonts(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.suffix.lower() in (".ttf", ".otf"))


def _drawn(fonts: Any, files: list[Path], size: int) -> tuple[list[np.ndarray], list[int], list[bytes], dict[str, Any]]:
    """Pictures, their letters and their fonts; what was left out, by the reason."""
    pictures, labels, groups = [], [], []
    seen: set[bytes] = set()
    broken = []
    for path in files:
        try:
            font = fonts.ImageFont.truetype(str(path), DRAWN)
        except OSError:
            broken.append(path.name)
            continue
        for label, letter in enumerate(LETTERS):
            picture = _glyph(fonts, font, letter, size)
            if picture is None or picture.tobytes() in seen:
                continue
            seen.add(picture.tobytes())
            pictures.append(picture)
            labels.append(label)
            groups.append(path.name.encode("utf-8", "surrogateescape"))
    return pictures, labels, groups, {"no font that can be read": tuple(broken)} if broken else {}


def _glyph(fonts: Any, font: Any, letter: str, size: int) -> np.ndarray | None:
    """One letter in the middle of a square; None where the font has next to nothing for it."""
    try:
        left, top, right, bottom = font.getbbox(letter)
        width, height = right - left, bottom - top
        if min(width, height) < DRAWN // 12:
            return None
        image = fonts.Image.new("L", (width, height))
        fonts.ImageDraw.Draw(image).text((-left, -top), letter, 255, font=font)
    except (OSError, ValueError):  # of a damaged outline
        return None
    scale = SHARE * size / max(width, height)
    inner = image.resize((max(1, round(width * scale)), max(1, round(height * scale))), fonts.Image.Resampling.LANCZOS)
    square = fonts.Image.new("L", (size, size))
    square.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
    return np.asarray(square)


def _pillow() -> Any:
    try:
        import PIL
        from PIL import Image, ImageDraw, ImageFont  # noqa: F401  which PIL then has
    except Exception as error:
        raise unusable("`glyphs`, which draws letters,", "pillow", error, "data") from error
    return PIL
