"""The Inception v3 of the published FID: TensorFlow's graph of 2015-12-05, with the names that pytorch-fid gives its tensors.

It is no textbook's network. Average pools leave the padding out of their mean, the pool of the last block takes the maximum, and
there are 1008 classes; a batch norm's variance has 0.001 added.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

SIDE = 299
"""Pixels along each side of what the network looks at."""

CLASSES = 1008

BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


class Conv(NamedTuple):
    """A convolution without bias, a batch norm and a ReLU.

    Attributes:
        name: of its tensors.
        width: channels that come out.
        size: height and width of the kernel.
        stride: in pixels; padded to the same size only where it is 1.
        padded: whether it is, then.
    """

    name: str
    width: int
    size: tuple[int, int] = (1, 1)
    stride: int = 1
    padded: bool = True


class Pool(NamedTuple):
    """A pool of 3 × 3 pixels: padded with stride 1, not padded with stride 2.

    Attributes:
        largest: whether it takes the maximum, or else the mean.
        stride: in pixels.
    """

    largest: bool
    stride: int = 1


class Branches(NamedTuple):
    """Several chains of steps on the same input, whose channels stand one after the other.

    Attributes:
        chains: the chains.
    """

    chains: tuple[tuple["Step", ...], ...]


Step = Conv | Pool | Branches
Steps = tuple[Step, ...]

MEAN, LARGEST, SHRINK = Pool(False), Pool(True), Pool(True, 2)


def _chain(name: str, *convolutions: tuple[int, tuple[int, int]], stride: int = 1) -> Steps:
    """Convolutions called name_1, name_2, ...; the last has the stride."""
    strides = [1] * (len(convolutions) - 1) + [stride]
    return tuple(
        Conv(f"{name}_{place + 1}", width, size, strides[place], strides[place] == 1)
        for place, (width, size) in enumerate(convolutions)
    )


def _block_a(name: str, pooled: int) -> Branches:
    """35 × 35 pixels: kernels of 1, 5 and two of 3."""
    return Branches((
        (Conv(f"{name}.branch1x1", 64),),
        _chain(f"{name}.branch5x5", (48, (1, 1)), (64, (5, 5))),
        _chain(f"{name}.branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
        (MEAN, Conv(f"{name}.branch_pool", pooled)),
    ))  # fmt: skip


def _block_b(name: str) -> Branches:
    """From 35 × 35 to 17 × 17 pixels."""
    return Branches((
        (Conv(f"{name}.branch3x3", 384, (3, 3), 2, False),),
        _chain(f"{name}.branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3)), stride=2),
        (SHRINK,),
    ))  # fmt: skip


def _block_c(name: str, width: int) -> Branches:
    """17 × 17 pixels: kernels of 7, along one side at a time."""
    across, down = (1, 7), (7, 1)
    return Branches((
        (Conv(f"{name}.branch1x1", 192),),
        _chain(f"{name}.branch7x7", (width, (1, 1)), (width, across), (192, down)),
        _chain(
            f"{name}.branch7x7dbl", (width, (1, 1)), (width, down), (width, across), (width, down), (192, across)
        ),
        (MEAN, Conv(f"{name}.branch_pool", 192)),
    ))  # fmt: skip


def _block_d(name: str) -> Branches:
    """From 17 × 17 to 8 × 8 pixels."""
    return Branches((
        _chain(f"{name}.branch3x3", (192, (1, 1)), (320, (3, 3)), stride=2),
        _chain(f"{name}.branch7x7x3", (192, (1, 1)), (192, (1, 7)), (192, (7, 1)), (192, (3, 3)), stride=2),
        (SHRINK,),
    ))  # fmt: skip


def _block_e(name: str, pool: Pool) -> Branches:
    """8 × 8 pixels: kernels of 3 along both sides, beside each other."""

    def both(prefix: str) -> Branches:
        return Branches(((Conv(f"{prefix}a", 384, (1, 3)),), (Conv(f"{prefix}b", 384, (3, 1)),)))

    return Branches((
        (Conv(f"{name}.branch1x1", 320),),
        (*_chain(f"{name}.branch3x3", (384, (1, 1))), both(f"{name}.branch3x3_2")),
        (*_chain(f"{name}.branch3x3dbl", (448, (1, 1)), (384, (3, 3))), both(f"{name}.branch3x3dbl_3")),
        (pool, Conv(f"{name}.branch_pool", 192)),
    ))  # fmt: skip


INCEPTION: Steps = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), 2, False),
    Conv("Conv2d_2a_3x3", 32, (3, 3), 1, False),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
    SHRINK,
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, (3, 3), 1, False),
    SHRINK,
    _block_a("Mixed_5b", 32),
    _block_a("Mixed_5c", 64),
    _block_a("Mixed_5d", 64),
    _block_b("Mixed_6a"),
    _block_c("Mixed_6b", 128),
    _block_c("Mixed_6c", 160),
    _block_c("Mixed_6d", 160),
    _block_c("Mixed_6e", 192),
    _block_d("Mixed_7a"),
    _block_e("Mixed_7b", MEAN),
    _block_e("Mixed_7c", LARGEST),
)


def inception_shapes() -> dict[str, tuple[int, ...]]:
    """The names and shapes of the network's tensors, as pytorch-fid's file has them.

    Returns:
        The shapes by name; kernels are (out, in, height, width).

    Example:
        >>> from igm_jax.evaluation.judges.inception import inception_shapes
        >>> inception_shapes()["Mixed_6b.branch7x7_2.conv.weight"]
        (128, 128, 1, 7)
    """
    shapes: dict[str, tuple[int, ...]] = {}
    width = _gather(INCEPTION, 3, shapes)
    return shapes | {"fc.weight": (CLASSES, width), "fc.bias": (CLASSES,)}


def _gather(steps: Steps, width: int, shapes: dict[str, tuple[int, ...]]) -> int:
    """Put the shapes of a chain's tensors into ``shapes``; the channels that come out."""
    for step in steps:
        if isinstance(step, Conv):
            shapes[f"{step.name}.conv.weight"] = (step.width, width, *step.size)
            shapes.update({f"{step.name}.bn.{part}": (step.width,) for part in BATCH_NORM})
            width = step.width
        elif isinstance(step, Branches):
            width = sum(_gather(chain, width, shapes) for chain in step.chains)
    return width


def inception_features(parameters: Mapping[str, Array], images: Float[Array, "b h w 3"]) -> Float[Array, "b p"]:
    """What the network sees in images: its last layer before the classes, averaged over the pixels.

    Args:
        parameters: the tensors by name; their widths may be others than the published ones.
        images: (b, h, w, 3) pixels from -1 to 1, at least 75 × 75; published numbers are of 299 × 299.

    Returns:
        (b, 2048) features, not negative.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.evaluation.judges.inception import inception_features, inception_shapes
        >>> shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in inception_shapes().items()}
        >>> jax.eval_shape(inception_features, shapes, jax.ShapeDtypeStruct((5, 299, 299, 3), jnp.float32)).shape
        (5, 2048)

    Source: Szegedy et al., arXiv 1512.00567; Heusel et al., arXiv 1706.08500; https://github.com/mseitzer/pytorch-fid.
    """
    return _run(INCEPTION, parameters, images).mean((1, 2))


def _run(steps: Steps, parameters: Mapping[str, Array], x: Float[Array, "b h w c"]) -> Float[Array, "b i j k"]:
    for step in steps:
        if isinstance(step, Conv):
            x = _convolved(step, parameters, x)
        elif isinstance(step, Pool):
            x = largest(x, step.stride) if step.largest else mean_without_padding(x)
        else:
            x = jnp.concatenate([_run(chain, parameters, x) for chain in step.chains], axis=-1)
    return x


def _convolved(step: Conv, parameters: Mapping[str, Array], x: Float[Array, "b h w c"]) -> Float[Array, "b i j k"]:
    scale, shift, mean, variance = (parameters[f"{step.name}.bn.{part}"].reshape(1, 1, 1, -1) for part in BATCH_NORM)
    x = lax.conv_general_dilated(
        x,
        parameters[f"{step.name}.conv.weight"],
        (step.stride, step.stride),
        "SAME" if step.padded else "VALID",
        dimension_numbers=("NHWC", "OIHW", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )
    return jax.nn.relu((x - mean) * (scale / jnp.sqrt(variance + 1e-3)) + shift)


def largest(x: Float[Array, "b h w c"], stride: int) -> Float[Array, "b i j c"]:
    """The maximum of 3 × 3 pixels: of those that are there with stride 1, of whole squares with another.

    Args:
        x: (b, h, w, c) numbers.
        stride: in pixels.

    Returns:
        (b, h, w, c) numbers with stride 1, else (b, ⌊(h - 3) / stride⌋ + 1, ⌊(w - 3) / stride⌋ + 1, c).
    """
    padding = "SAME" if stride == 1 else "VALID"
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, stride, stride, 1), padding)


def mean_without_padding(x: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
    """The mean of the pixels among 3 × 3 that are there: four in a corner, six on a border.

    Args:
        x: (b, h, w, c) numbers.

    Returns:
        (b, h, w, c) numbers.
    """
    sums = lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    there = [_neighbours(size) for size in x.shape[1:3]]
    return sums / jnp.asarray(np.outer(*there)[None, :, :, None], x.dtype)


def _neighbours(size: int) -> np.ndarray:
    """For each place on a line, how many of itself and its two neighbours are on it."""
    place = np.arange(size)
    return np.minimum(place + 2, size) - np.maximum(place - 1, 0)
