"""What an encoder computes: 4 × 4 convolutions of stride two, the maps of their stages, and what it is trained by.

Everything is a pure function of parameters and flat images, made of matrix products, so that gradients in the images are as
fast on a CPU, also over several seeds at once, as those of the generator (see ``igm_jax.networks.convolutional``).
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.networks.convolutional import doubled_patches, halved_patches

Kind = Literal["classifier", "autoencoder"]
Parameters = Mapping[str, Any]

CODES: dict[str, str] = {"classifier": "penultimate", "autoencoder": "bottleneck"}
"""What the last map of each kind is called."""

CELLS = 4
"""A stage is averaged over a grid of at most so many cells a side."""

GAIN = 1.6
"""Of the first weights: SiLU takes that much from the spread."""

SMALLEST_VARIANCE = 1e-4
"""Added to a channel's variance, whose root has no slope at zero."""


@dataclasses.dataclass(frozen=True)
class Architecture:
    """The shape of an encoder.

    Attributes:
        kind: "classifier" or "autoencoder".
        image_shape: (height, width, channels) of an image.
        width: channels of the first stage; the second has twice as many, the later ones four times.
        code: numbers of the last map.
        classes: of a classifier; 0 for an autoencoder.

    Raises:
        TypeError, ValueError: for sizes that cannot be.

    Example:
        >>> from igm_jax.features import Architecture
        >>> Architecture("classifier", (28, 28, 1), classes=10).widths
        {'stage1': 256, 'stage2': 512, 'stage3': 1024, 'moments': 224, 'penultimate': 128}
    """

    kind: Kind
    image_shape: tuple[int, int, int]
    width: int = 16
    code: int = 128
    classes: int = 0

    def __post_init__(self) -> None:
        checks.choice("kind", self.kind, CODES)
        shape = tuple(self.image_shape) if isinstance(self.image_shape, tuple | list) else ()
        if len(shape) != 3:
            raise ValueError(f"`image_shape` must be (height, width, channels), but is {self.image_shape!r}")
        height, breadth, colours = (checks.count("image_shape", size) for size in shape)
        if min(height, breadth) < 4:
            raise ValueError(f"`image_shape` must be at least 4 x 4 pixels, but is {height} x {breadth}")
        object.__setattr__(self, "image_shape", (height, breadth, colours))
        for name in ("width", "code"):
            checks.count(name, getattr(self, name))
        checks.count("classes", self.classes, least=2 if self.kind == "classifier" else 0)

    @property
    def dim(self) -> int:
        """Numbers of a flat image."""
        return math.prod(self.image_shape)

    @property
    def sides(self) -> list[tuple[int, int]]:
        """Height and breadth of the image and of each stage: three stages, or as many as it takes to come down to 4 pixels."""
        sides = [self.image_shape[:2]]
        while len(sides) < 4 or max(sides[-1]) > CELLS:
            height, breadth = sides[-1]
            sides.append((-(-height // 2), -(-breadth // 2)))
        return sides

    @property
    def channels(self) -> list[int]:
        """Channels of the image and of each stage."""
        return [self.image_shape[2], *(self.width * min(2**stage, 4) for stage in range(len(self.sides) - 1))]

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers each map has, by its name, from fine to coarse."""
        found = {}
        for stage, (side, channels) in enumerate(zip(self.sides[1:], self.channels[1:], strict=True), start=1):
            found[f"stage{stage}"] = min(side[0], CELLS) * min(side[1], CELLS) * channels
        return found | {"moments": 2 * sum(self.channels[1:]), CODES[self.kind]: self.code}


def initial(key: Key, architecture: Architecture) -> dict[str, Array]:
    """Random parameters; ``mean`` and ``spread``, of all pixels, are 0 and 1."""
    channels, (height, breadth) = architecture.channels, architecture.sides[-1]
    flat, stages = height * breadth * channels[-1], len(channels) - 1
    sizes = {f"stage{i}": (16 * channels[i - 1], channels[i]) for i in range(1, stages + 1)} | {
        "code": (flat, architecture.code)
    }
    if architecture.kind == "classifier":
        sizes["classes"] = (architecture.code, architecture.classes)
    else:
        sizes["grown"] = (architecture.code, flat)
        sizes |= {f"back{i}": (channels[i], 16 * channels[i - 1]) for i in range(stages, 0, -1)}
    parameters = {"mean": jnp.zeros(()), "spread": jnp.ones(())}
    for (name, (into, out)), own in zip(sizes.items(), jax.random.split(key, len(sizes)), strict=True):
        gain = GAIN / 2 if name.startswith("back") else GAIN  # four patches are added at every pixel
        parameters[f"{name}/kernel"] = gain / into**0.5 * jax.random.normal(own, (into, out))
        parameters[f"{name}/bias"] = jnp.zeros(out)
    return parameters


def seen_by_maps(name: str) -> bool:
    """Whether the maps depend on a parameter; the others serve the training alone."""
    return not name.startswith(("classes/", "grown/", "back"))


def maps_of(architecture: Architecture, parameters: Parameters, images: Float[Array, "n d"]) -> dict[str, Array]:
    """The maps of flat images, each (n, p), by name."""
    stages = _stages(architecture, parameters, images)
    found = {f"stage{i}": _averaged(h) for i, h in enumerate(stages, start=1)}
    found["moments"] = jnp.concatenate([_moments(h) for h in stages], axis=1)
    return found | {CODES[architecture.kind]: _code(architecture, parameters, stages)}


def logits_of(architecture: Architecture, parameters: Parameters, images: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """What a classifier says of flat images, before the softmax."""
    code = _code(architecture, parameters, _stages(architecture, parameters, images))
    return _dense(parameters, "classes", code)


def reconstructed(
    architecture: Architecture, parameters: Parameters, images: Float[Array, "n d"]
) -> Float[Array, "n d"]:
    """What an autoencoder makes of flat images."""
    code = _code(architecture, parameters, _stages(architecture, parameters, images))
    h = _dense(parameters, "grown", code).reshape(len(images), *architecture.sides[-1], architecture.channels[-1])
    for stage in range(len(architecture.sides) - 1, 0, -1):
        height, breadth = architecture.sides[stage - 1]
        patches = _dense(parameters, f"back{stage}", jax.nn.silu(h))
        patches = patches.reshape(*patches.shape[:3], 4, 4, architecture.channels[stage - 1])
        h = doubled_patches(patches)[:, :height, :breadth]
    return h.reshape(len(images), -1) * parameters["spread"] + parameters["mean"]


def _stages(architecture: Architecture, parameters: Parameters, images: Array) -> list[Array]:
    """What each convolution gives, (n, h, w, channels)."""
    if images.ndim != 2 or images.shape[1] != architecture.dim:
        raise ValueError(
            f"this encoder takes images of shape {architecture.image_shape} as rows (n, {architecture.dim}), but got an array"
            f" of shape {images.shape}; in a clone, train one on images of that size: `python -m experiments.encoder"
            f" {architecture.kind} TARGET`"
        )
    h = (images.astype(parameters["mean"].dtype) - parameters["mean"]) / parameters["spread"]
    h, stages = h.reshape(-1, *architecture.image_shape), []
    for stage in range(1, len(architecture.sides)):
        h = jax.nn.silu(_dense(parameters, f"stage{stage}", halved_patches(h)))
        stages.append(h)
    return stages


def _code(architecture: Architecture, parameters: Parameters, stages: list[Array]) -> Array:
    code = _dense(parameters, "code", stages[-1].reshape(len(stages[-1]), -1))
    return jax.nn.silu(code) if architecture.kind == "classifier" else code


def _dense(parameters: Parameters, name: str, x: Array) -> Array:
    # As one matrix: a product with several leading axes, vmapped over kernels, falls off the CPU's fast path.
    kernel = parameters[f"{name}/kernel"]
    rows = x.reshape(-1, x.shape[-1]) @ kernel + parameters[f"{name}/bias"][None]
    return rows.reshape(*x.shape[:-1], kernel.shape[1])


def _averaged(h: Float[Array, "n a b c"]) -> Float[Array, "n p"]:
    """Means over a coarse grid of cells, which overlap where the side is no multiple."""
    rows, columns = (jnp.asarray(_cells(side), h.dtype) for side in h.shape[1:3])
    return jnp.einsum("nabc,ia,jb->nijc", h, rows, columns).reshape(len(h), -1)


def _cells(side: int) -> np.ndarray:
    """(cells, side) weights of the pixels in each cell."""
    cells = min(side, CELLS)
    weights = np.zeros((cells, side))
    for cell in range(cells):
        weights[cell, cell * side // cells : -(-(cell + 1) * side // cells)] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def _moments(h: Float[Array, "n a b c"]) -> Float[Array, "n p"]:
    """Mean and standard deviation of each channel."""
    mean = jnp.mean(h, axis=(1, 2))
    variance = jnp.mean(jnp.square(h - mean[:, None, None]), axis=(1, 2))
    return jnp.concatenate([mean, jnp.sqrt(variance + SMALLEST_VARIANCE)], axis=1)
