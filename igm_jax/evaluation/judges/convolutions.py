"""Judges: features in which samples are compared, independent of everything that any generator is trained on."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.evaluation import _inputs

Features = Callable[[Any], Float[np.ndarray, "n p"]]

# Images pass through the convolutions this many at a time.
BATCH = 512


class Judge(NamedTuple):
    """Features that samples are compared in, and for a classifier its class probabilities.

    Attributes:
        name: for tables.
        features: ``(n, d) samples -> (n, p) float64 features``.
        probabilities: ``(n, d) samples -> (n, K)`` probabilities of the classes, or None.
    """

    name: str
    features: Features
    probabilities: Features | None = None


def identity_judge() -> Judge:
    """The samples themselves are the features: right where there are few dimensions.

    Returns:
        The judge.

    Example:
        >>> from igm_jax.evaluation import identity_judge
        >>> identity_judge().features([[1.0, 2.0]]).tolist()
        [[1.0, 2.0]]
    """
    return Judge("samples", partial(_inputs.samples, "x"))


def image_shape_of(image_shape: Any) -> tuple[int, int, int]:
    """``image_shape`` as (height, width, channels), or an error."""
    if not isinstance(image_shape, tuple | list) or len(image_shape) != 3:
        raise ValueError(
            f"`image_shape` must be (height, width, channels), but is {image_shape!r}; for grey images the last is 1"
        )
    height, width, channels = (checks.count("image_shape", size) for size in image_shape)
    return height, width, channels


def images(name: str, value: Any, image_shape: tuple[int, int, int]) -> Float[np.ndarray, "n d"]:
    """``value`` as flat images (n, h·w·c), or an error."""
    x = _inputs.samples(name, value)
    if x.shape[1] != np.prod(image_shape):
        raise ValueError(
            f"`{name}` must hold flat images of {' · '.join(map(str, image_shape))} = {np.prod(image_shape)} numbers,"
            f" but has shape {x.shape}; check `image_shape`"
        )
    return x


def random_convolution_judges(image_shape: tuple[int, ...], draws: int = 5, seed: int = 0) -> list[Judge]:
    """Features from convolutions with random weights: a judge that has seen no data at all.

    Two 3 × 3 convolutions (16 channels, then 16 with stride 2, ReLU), averaged over the four quarters of the image, so 64
    features. One draw is arbitrary, so there are several: show the mean of a metric over them, and its spread.

    Args:
        image_shape: (height, width, channels), at least 4 × 4.
        draws: how many judges; five or more show the spread.
        seed: the draws are this seed's own, the same in every session.

    Returns:
        The judges, independent of each other.

    Raises:
        ValueError: for an image shape that is too small, or no draws; the features raise it for other shapes of images.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import random_convolution_judges
        >>> judges = random_convolution_judges((8, 8, 1), draws=2)
        >>> judges[0].features(np.zeros((3, 64))).shape
        (3, 64)

    Source: random networks as features: Naeem et al., arXiv 2002.09797, Section 4.3.
    """
    image_shape = image_shape_of(image_shape)
    if min(image_shape[:2]) < 4:
        raise ValueError(
            f"`image_shape` must be at least 4 × 4 for two convolutions and four quarters, but is {image_shape}"
        )
    judges = []
    for draw, rng in enumerate(np.random.default_rng(seed).spawn(checks.count("draws", draws))):
        filters = [_filters(rng, channels, 16) for channels in (image_shape[2], 16)]
        judges.append(Judge(f"random convolutions {draw}", partial(_random_features, filters, image_shape)))
    return judges


def _filters(rng: np.random.Generator, channels: int, out: int) -> Float[np.ndarray, "3 3 c k"]:
    return rng.normal(scale=np.sqrt(2 / (9 * channels)), size=(3, 3, channels, out)).astype(np.float32)


def _random_features(filters: list[np.ndarray], image_shape: tuple[int, int, int], x: Any) -> Float[np.ndarray, "n p"]:
    x = images("x", x, image_shape).astype(np.float32)
    padded = np.pad(x, ((0, -len(x) % BATCH), (0, 0))).reshape(-1, BATCH, *image_shape)
    with jax.enable_x64(False):
        blocks = [np.asarray(_convolve(jnp.asarray(block), *filters)) for block in padded]
    return np.concatenate(blocks)[: len(x)].astype(np.float64)


@jax.jit
def _convolve(x: Float[Array, "b h w c"], first: Array, second: Array) -> Float[Array, "b p"]:
    for filters, stride in ((first, 1), (second, 2)):
        x = jax.nn.relu(
            jax.lax.conv_general_dilated(
                x,
                filters,
                (stride, stride),
                "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                precision=jax.lax.Precision.HIGHEST,
            )
        )
    quarters = [quarter for half in jnp.array_split(x, 2, axis=1) for quarter in jnp.array_split(half, 2, axis=2)]
    return jnp.concatenate([quarter.mean((1, 2)) for quarter in quarters], axis=1)
