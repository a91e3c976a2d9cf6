"""Image files as arrays: any mode and orientation, at one size; headers are looked at before anything is decoded."""

import contextlib
import functools
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax.extras import unusable

MOST_PIXELS = 100_000_000
"""A larger image is not decoded: a few bytes can claim any number of pixels."""

DAMAGED, ANIMATED, HUGE = "damaged or truncated", "animated", "of more than 100 megapixels"
"""Reasons to leave an image out."""

FITS = ("crop", "pad")
"""How an image of another shape becomes a square: its middle is cut out, or it is surrounded by white."""

_DENSEST = 8 * 1032
"""Pixels of one bit that a byte of a PNG can hold at most, which zlib makes of it."""

_GREY, _DEEP = ("1", "L", "LA", "La"), ("I", "I;16", "I;16B", "I;16L", "I;16N")


class ImageError(ValueError):
    """An image that cannot be had.

    Attributes:
        reason: in few words, such as "animated".
    """

    def __init__(self, name: str, reason: str, detail: str = "") -> None:
        super().__init__(name, reason, detail)
        self.reason = reason

    def __str__(self) -> str:
        detail = f" ({self.args[2]})" if self.args[2] else ""
        return f"{self.args[0]} is {self.reason}{detail}; leave it out, or save it anew as PNG"


class Header(NamedTuple):
    """What an image's header says.

    Attributes:
        height: in pixels, after it is turned as its camera was held.
        width: likewise.
        grey: whether it has no colours.
        deep: whether it has 16 bits.
        alpha: whether some of it may be transparent.
        mode: Pillow's name of its pixels' type.
    """

    height: int
    width: int
    grey: bool
    deep: bool
    alpha: bool
    mode: str


@functools.cache
def pillow() -> Any:
    """Pillow's ``Image``; an ImportError that names the extra where there is none."""
    try:
        from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401
    except Exception as error:
        raise unusable("reading images", "pillow", error, "data") from error
    return Image


def _opened(file: Any, name: str) -> Any:
    """An image of which only the header is read, or an error unless it is one that may be decoded."""
    image_of = pillow()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        image = image_of.open(file, formats=("PNG", "JPEG", "WEBP", "BMP", "GIF"))
    except (image_of.DecompressionBombError, image_of.DecompressionBombWarning) as error:
        raise ImageError(name, HUGE) from error
    except Exception as error:
        raise ImageError(name, DAMAGED, _said(error)) from error
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise ImageError(name, HUGE)
    if image.format == "PNG" and image.width * image.height > _DENSEST * (size + 1):
        image.close()
        raise ImageError(name, DAMAGED, "it is too short for its size")
    if image.format in ("GIF", "PNG", "WEBP") and getattr(image, "is_animated", False):  # a JPEG may hold its preview
        image.close()
        raise ImageError(name, ANIMATED)
    return image


def _said(error: BaseException) -> str:
    return "" if isinstance(error, pillow().UnidentifiedImageError) else f"{type(error).__name__}: {error}"[:200]


def header(file: str | os.PathLike[str] | bytes, name: str = "") -> Header:
    """What an image's header says; nothing is decoded.

    Args:
        file: the file, or its bytes.
        name: what errors call it; its path if empty.

    Returns:
        Its size and the type of its pixels.

    Raises:
        OSError: if the file cannot be opened.
        ImageError: a ``ValueError``, for what is damaged, animated, or of more than 100 megapixels.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from igm_jax.data.decoding import header
        >>> file = io.BytesIO()
        >>> Image.new("RGBA", (4, 3)).save(file, "PNG")
        >>> header(file.getvalue())
        Header(height=3, width=4, grey=False, deep=False, alpha=True, mode='RGBA')
    """
    stream, name = _stream(file, name)
    with stream, _opened(stream, name) as image:
        try:
            turned = _orientation(image) in (5, 6, 7, 8)
            alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
            grey = image.mode in (*_GREY, *_DEEP) or (image.mode == "P" and _grey_palette(image))
        except Exception as error:
            raise ImageError(name, DAMAGED, _said(error)) from error
        width, height = image.size[::-1] if turned else image.size
        return Header(height, width, grey, image.mode in _DEEP, alpha, image.mode)


def _orientation(image: Any) -> int:
    """How the camera was held, where that is said before the pixels: Pillow would decode a PNG to look behind them."""
    told = any(name in image.info for name in ("exif", "xmp", "XML:com.adobe.xmp"))
    return image.getexif().get(0x0112, 1) if told else 1


def _grey_palette(image: Any) -> bool:
    colours = np.asarray(image.getpalette("RGB") or [0, 0, 1]).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _stream(file: str | os.PathLike[str] | bytes, name: str) -> tuple[Any, str]:
    if isinstance(file, bytes):
        return io.BytesIO(file), name or "the image"
    return Path(file).open("rb"), name or os.fspath(file)


def decode(
    file: str | os.PathLike[str] | bytes,
    size: int,
    channels: int,
    fit: str = "crop",
    *,
    deep: bool = False,
    name: str = "",
) -> np.ndarray:
    """An image file as a square array of a size.

    It is turned as the camera was held, transparent parts become white, and it is scaled by Lanczos's filter, which averages
    where it shrinks.

    Args:
        file: the file, or its bytes.
        size: height and width in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        fit: "crop" to scale the shorter side to ``size`` and cut out the middle, "pad" to scale the longer one and surround
            the image by white.
        deep: whether 16 bits are kept, which only grey images have; else 8.
        name: what errors call it; its path if empty.

    Returns:
        (size, size, channels) bytes, or 16-bit integers if ``deep``.

    Raises:
        OSError: if the file cannot be opened.
        ImageError: a ``ValueError``, for what is damaged, animated, or of more than 100 megapixels.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from igm_jax.data import decode
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (40, 30), (255, 0, 7)).save(file, "PNG")
        >>> decode(file.getvalue(), 1, 3).tolist()
        [[[255, 0, 7]]]
    """
    stream, name = _stream(file, name)
    with stream, _opened(stream, name) as image:
        try:
            return _decoded(image, size, channels, fit, deep)
        except Exception as error:
            raise ImageError(name, DAMAGED, _said(error)) from error


def _decoded(image: Any, size: int, channels: int, fit: str, deep: bool) -> np.ndarray:
    image_of = pillow()
    orientation = _orientation(image)
    if image.format in ("JPEG", "MPO"):  # decoded at a half, a quarter or an eighth where that is still twice as large
        image.draft(None, (2 * size, 2 * size))
    if image.mode in _DEEP:
        pixels = np.clip(np.asarray(image).astype(np.float32), 0, 65535)
        image = image_of.fromarray(pixels if deep else np.rint(pixels / 257).astype(np.uint8))
    else:
        image = _plain(image, "L" if channels == 1 else "RGB")
    white = {"L": 255, "RGB": (255, 255, 255), "F": 65535.0}[image.mode]
    image = _fitted(_turned(image, orientation), size, fit, white)
    pixels = np.asarray(image)
    if deep:
        pixels = np.clip(np.rint(pixels), 0, 65535).astype(np.uint16)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return np.repeat(pixels, channels // pixels.shape[2], axis=2)


def _turned(image: Any, orientation: int) -> Any:
    """The image as it was seen, by the number that the camera wrote into its EXIF data."""
    ways = pillow().Transpose
    turns = {
        2: ways.FLIP_LEFT_RIGHT, 3: ways.ROTATE_180, 4: ways.FLIP_TOP_BOTTOM, 5: ways.TRANSPOSE, 6: ways.ROTATE_270,
        7: ways.TRANSVERSE, 8: ways.ROTATE_90,
    }  # fmt: skip
    return image.transpose(turns[orientation]) if orientation in turns else image


def _plain(image: Any, mode: str) -> Any:
    """The image in grey or in colours, on white where it is transparent."""
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = pillow().new("RGBA", image.size, (255, 255, 255, 255))
        image = pillow().alpha_composite(ground, layer)
    if image.mode not in ("1", "L", "P", "RGB", "RGBA", "RGBX"):
        image = image.convert("RGB")  # CMYK and its like have no way to grey of their own
    return image.convert("RGB").convert(mode) if image.mode in ("RGBA", "RGBX") else image.convert(mode)


def _fitted(image: Any, size: int, fit: str, white: Any) -> Any:
    """The image as a square of a size."""
    width, height = image.size
    if (width, height) == (size, size):
        return image
    lanczos = pillow().Resampling.LANCZOS
    if fit == "crop":
        side = min(width, height)
        left, upper = (width - side) / 2, (height - side) / 2
        return image.resize((size, size), lanczos, (left, upper, left + side, upper + side))
    scale = size / max(width, height)
    inside = max(1, round(width * scale)), max(1, round(height * scale))
    made = pillow().new(image.mode, (size, size), white)
    made.paste(image.resize(inside, lanczos), ((size - inside[0]) // 2, (size - inside[1]) // 2))
    return made


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Around the reading of many images: what Pillow warns of, one by one, is counted or of no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
