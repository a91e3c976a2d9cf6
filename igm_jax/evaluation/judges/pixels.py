"""Samples as the images that published metrics look at: 8-bit pixels of three colours, of the size that a network takes."""

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.distributions.splits import Scaling
from igm_jax.evaluation.judges.convolutions import image_shape_of
from igm_jax.evaluation.judges.resizing import smooth_bicubic
from igm_jax.evaluation.ranges import UnlikeSamplesWarning

MODEL_UNITS = Scaling.of_range(-1.0, 1.0)
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def coloured_shape(image_shape: Any) -> tuple[int, int, int]:
    """``image_shape`` as (height, width, channels) with 1 or 3 channels, or an error.

    Args:
        image_shape: what was given.

    Returns:
        The shape.

    Raises:
        ValueError: for what is no shape of grey or coloured images.

    Example:
        >>> from igm_jax.evaluation.judges.pixels import coloured_shape
        >>> coloured_shape([8, 8, 1])
        (8, 8, 1)
    """
    shape = image_shape_of(image_shape)
    if shape[2] not in (1, 3):
        raise ValueError(
            f"`image_shape` must end with 1 channel (grey) or 3 (red, green, blue), but is {shape};"
            " published networks see colours, and no others"
        )
    return shape


def range_of(scaling: Any) -> Scaling:
    """A scaling with a range to make pixels of, -1 to 1 for None; or an error.

    Args:
        scaling: from the data's own units.

    Returns:
        The scaling.

    Raises:
        TypeError: for what is no ``Scaling``.
        ValueError: for a scaling without a range.

    Example:
        >>> from igm_jax.evaluation.judges.pixels import range_of
        >>> range_of(None).low, range_of(None).high
        (-1.0, 1.0)
    """
    if scaling is None:
        return MODEL_UNITS
    if not isinstance(scaling, Scaling):
        raise TypeError(f"`scaling` must be an igm_jax.distributions.Scaling or None, but is {scaling!r}")
    if scaling.low is None or scaling.high is None or not scaling.low < scaling.high:
        raise ValueError(
            f"`scaling` must have a range, whose least value becomes black and whose greatest white, but is {scaling};"
            " make one, e.g. Scaling.of_range(0, 255)"
        )
    return scaling


def eight_bits(values: Float[np.ndarray, "n d"], scaling: Any) -> Float[np.ndarray, "n d"]:
    """Samples as whole pixels from 0 to 255, as if they had been saved as images and read again.

    What is beyond the range is cut off, as it is in a file.

    Args:
        values: (n, d) numbers in the model's units.
        scaling: from the data's own units, with a range.

    Returns:
        (n, d) whole numbers, as float32.

    Example:
        >>> import numpy as np
        >>> from igm_jax.distributions import Scaling
        >>> from igm_jax.evaluation.judges.pixels import eight_bits
        >>> eight_bits(np.array([[-1.0, 0.5, 7.0]]), Scaling.of_range(-1, 1)).tolist()
        [[0.0, 191.0, 255.0]]
    """
    low, high = float(scaling.low), float(scaling.high)
    meant = values * scaling.unit + scaling.offset
    if np.mean(np.abs(2 * meant - low - high) > 3 * (high - low)) > 0.5:
        warnings.warn(
            f"more than half of the values lie far beyond {low:g} ... {high:g}, of which pixels are made: if they are not in the"
            " model's units, give `scaling`",
            UnlikeSamplesWarning,
            stacklevel=2,
        )
    own = scaling.undone(values).astype(np.float64)
    return np.rint((own - low) * (255 / (high - low))).astype(np.float32)


def coloured(pixels: Float[Array, "b d"], shape: tuple[int, int, int]) -> Float[Array, "b h w 3"]:
    """Flat images with three colours, which are equal where they are grey.

    Args:
        pixels: (b, h·w·c) numbers.
        shape: (height, width, channels), with 1 or 3 channels.

    Returns:
        (b, h, w, 3) numbers.
    """
    return jnp.broadcast_to(pixels.reshape(-1, *shape), (len(pixels), *shape[:2], 3))


def clean(images: Float[Array, "b h w c"], side: int) -> Float[Array, "b s s c"]:
    """Pixels resized as clean-fid does it: bicubically with antialiasing, not rounded, cut to 0 ... 255.

    Args:
        images: (b, h, w, c) pixels.
        side: height and width of the result.

    Returns:
        (b, side, side, c) pixels.

    Source: ``make_resizer("PIL", False, "bicubic", ...)`` of https://github.com/GaParmar/clean-fid.
    """
    return jnp.clip(smooth_bicubic(images, side), 0, 255)


def in_imagenets_units(images: Float[Array, "b h w 3"]) -> Float[Array, "b h w 3"]:
    """Pixels from 0 to 1 without ImageNet's mean, over its standard deviation.

    Args:
        images: (b, h, w, 3) pixels.

    Returns:
        (b, h, w, 3) numbers.
    """
    mean, deviation = (jnp.asarray(of, images.dtype)[None, None, None] for of in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    return (images - mean) / deviation
