"""A published network as a space to train in: its maps of images, with gradients, in the place of an encoder of one's own.

What a loss looks through says nothing more as a judge: a generator that is trained in these maps is judged by another network.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.base import Key, Network, Params
from igm_jax.distributions.splits import Scaling
from igm_jax.evaluation.judges.extractors import single
from igm_jax.evaluation.judges.pixels import coloured, coloured_shape, in_imagenets_units, range_of
from igm_jax.evaluation.judges.published import DINOV2_SIDE, dinov2_tensors
from igm_jax.evaluation.judges.resizing import smooth_bicubic
from igm_jax.evaluation.judges.vision_transformer import all_tokens


class PublishedMaps(NamedTuple):
    """A published network for ``on_feature_groups``.

    Attributes:
        name: what it is called, with the beginning of the file's SHA-256.
        sha256: of the file.
        network: ``apply(params, x) -> {name: (n, p)}``; ``init`` gives the published parameters whatever the key.
        widths: how many numbers each map has, by its name.
    """

    name: str
    sha256: str
    network: Network
    widths: Mapping[str, int]


def dinov2_maps(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None = None,
    *,
    sha256: str | None = None,
) -> PublishedMaps:
    """The class token of a DINOv2 and the mean of its patches' tokens, as maps to train in.

    Images are seen as by the judge ``dinov2``, 224 x 224 and in ImageNet's units, but nothing is rounded or cut off, so that the
    maps have a slope everywhere.

    Args:
        path: the file, as for ``dinov2``.
        image_shape: (height, width, channels), with 1 or 3 channels; grey images are seen as coloured ones.
        scaling: from the data's own units, whose range becomes 0 to 1; None if it is -1 to 1.
        sha256: what the file's SHA-256 must be; not compared if None.

    Returns:
        The maps "class" and "patches", each as wide as the network.

    Raises:
        OSError: if the file cannot be read.
        ValueError: as ``dinov2``; the network raises it for rows of another size.

    Example:
        >>> from igm_jax.evaluation import dinov2_maps
        >>> dinov2_maps("dinov2_vits14_pretrain.pth", (32, 32, 3))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'dinov2_vits14_pretrain.pth'

    Source: Oquab et al., arXiv 2304.07193.
    """
    shape, own = coloured_shape(image_shape), range_of(scaling)
    name, digest, tensors = dinov2_tensors(path, sha256)
    held = {key: single(value) for key, value in tensors.items()}
    width, dim = len(held["norm.weight"]), int(np.prod(shape))
    assert own.low is not None
    assert own.high is not None

    def init(key: Key) -> Params:
        del key
        return {key: jnp.asarray(value) for key, value in held.items()}

    def apply(params: Params, x: Float[Array, "n d"]) -> Any:
        if x.ndim != 2 or x.shape[1] != dim:
            raise ValueError(f"this network takes images of shape {shape} as rows (n, {dim}), but got {x.shape}")
        unit, zero = (jnp.broadcast_to(jnp.asarray(one, x.dtype), dim)[None] for one in (own.unit, own.offset))
        pixels = (x * unit + (zero - own.low)) / (own.high - own.low)
        tokens = all_tokens(params, in_imagenets_units(smooth_bicubic(coloured(pixels, shape), DINOV2_SIDE)))
        return {"class": tokens[:, 0], "patches": tokens[:, 1:].mean(axis=1)}

    told = f"DINOv2 {name} (sha256 {digest[:8]})"
    return PublishedMaps(told, digest, Network(init, apply), {"class": width, "patches": width})
