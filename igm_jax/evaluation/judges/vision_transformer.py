"""The vision transformer of DINOv2 without registers, with the names of its own files; what size it has is read from them."""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from igm_jax.evaluation.judges.resizing import table_of_positions

HEAD = 64
"""Numbers that each head of the attention looks at, in all published sizes."""


class Size(NamedTuple):
    """How large a network is; the defaults are ViT-S/14.

    Attributes:
        width: numbers of each token.
        depth: blocks.
        patch: pixels along each side of a patch.
        grid: patches along each side of the image that the positions were learned on.
        hidden: numbers between the two layers of each block's perceptron.
    """

    width: int = 384
    depth: int = 12
    patch: int = 14
    grid: int = 37
    hidden: int = 1536


SMALL, BASE, LARGE = Size(), Size(768, hidden=3072), Size(1024, 24, hidden=4096)
NAMES = {SMALL: "ViT-S/14", BASE: "ViT-B/14", LARGE: "ViT-L/14"}


def name_of(size: Size) -> str:
    """What a network of a size is called.

    Args:
        size: of the network.

    Returns:
        The published name, or what the sizes are.

    Example:
        >>> from igm_jax.evaluation.judges.vision_transformer import Size, name_of
        >>> name_of(Size()), name_of(Size(128, 2))
        ('ViT-S/14', 'ViT (width 128, depth 2, patch 14)')
    """
    return NAMES.get(size, f"ViT (width {size.width}, depth {size.depth}, patch {size.patch})")


def check_size(size: Size, side: int) -> None:
    """An error unless a network's heads and patches fit.

    Args:
        size: of the network.
        side: pixels along each side of the images.

    Raises:
        ValueError: for a width that is no multiple of 64, or patches that do not fill the images.

    Example:
        >>> from igm_jax.evaluation.judges.vision_transformer import Size, check_size
        >>> check_size(Size(100), 224)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: a DINOv2 must be a multiple of 64 wide ...
    """
    if min(size) < 1 or size.width % HEAD or side % size.patch:
        raise ValueError(
            f"a DINOv2 must be a multiple of {HEAD} wide and have patches that fill {side} pixels, but this one is"
            f" {name_of(size)}; give a file of its authors"
        )


def size_of(shapes: Mapping[str, tuple[int, ...]]) -> Size:
    """How large a network is, by the shapes of its tensors; where one of them is not there, as ViT-S/14.

    Args:
        shapes: the shapes by name.

    Returns:
        The size.

    Example:
        >>> from igm_jax.evaluation.judges.vision_transformer import LARGE, size_of, transformer_shapes
        >>> size_of(transformer_shapes(LARGE)) == LARGE
        True
    """

    def length(name: str, axis: int, default: int) -> int:
        return shapes[name][axis] if len(shapes.get(name, ())) > axis else default

    blocks = {found[1] for name in shapes if (found := re.match(r"blocks\.(\d+)\.", name))}
    return Size(
        width=length("norm.weight", 0, SMALL.width),
        depth=len(blocks) or SMALL.depth,
        patch=length("patch_embed.proj.weight", 3, SMALL.patch),
        grid=math.isqrt(max(length("pos_embed", 1, SMALL.grid**2 + 1) - 1, 0)),
        hidden=length("blocks.0.mlp.fc1.weight", 0, SMALL.hidden),
    )


def transformer_shapes(size: Size = SMALL) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a network's tensors, as in DINOv2's own files.

    Args:
        size: of the network.

    Returns:
        The shapes by name; matrices are (out, in).

    Example:
        >>> from igm_jax.evaluation.judges.vision_transformer import transformer_shapes
        >>> transformer_shapes()["blocks.11.attn.qkv.weight"]
        (1152, 384)
    """
    width, hidden = size.width, size.hidden
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, size.grid**2 + 1, width),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, size.patch, size.patch),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    layers = {
        "attn.qkv": (3 * width, width),
        "attn.proj": (width, width),
        "mlp.fc1": (hidden, width),
        "mlp.fc2": (width, hidden),
    }
    for block in range(size.depth):
        for layer, shape in layers.items():
            shapes |= {f"blocks.{block}.{layer}.weight": shape, f"blocks.{block}.{layer}.bias": shape[:1]}
        for place in (1, 2):
            parts = (f"norm{place}.weight", f"norm{place}.bias", f"ls{place}.gamma")
            shapes |= {f"blocks.{block}.{part}": (width,) for part in parts}
    return shapes


def placed(tensors: Mapping[str, np.ndarray], side: int) -> dict[str, np.ndarray]:
    """The tensors for images of one size: positions interpolated to their patches, and without what only training uses.

    Args:
        tensors: as in the file.
        side: pixels along each side of the images, a multiple of the patches'.

    Returns:
        The tensors by name, with "pos_embed" of (1, patches + 1, width).
    """
    size = size_of({name: tensor.shape for name, tensor in tensors.items()})
    positions = tensors["pos_embed"][0].astype(np.float32)
    grid = table_of_positions(positions[1:].reshape(size.grid, size.grid, -1), side // size.patch)
    positions = np.concatenate([positions[:1], grid.reshape(-1, size.width)])[None]
    return {name: tensor for name, tensor in tensors.items() if name != "mask_token"} | {"pos_embed": positions}


def class_token(parameters: Mapping[str, Array], images: Float[Array, "b h h 3"]) -> Float[Array, "b k"]:
    """What the network says of whole images: its class token after the last block, normalised.

    Args:
        parameters: the tensors by name, with positions for these images (see ``placed``).
        images: (b, h, h, 3) pixels, of which ImageNet's mean was subtracted, divided by ImageNet's standard deviation.

    Returns:
        (b, width) features.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.evaluation.judges.vision_transformer import class_token, transformer_shapes
        >>> shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in transformer_shapes().items()}
        >>> jax.eval_shape(class_token, shapes, jax.ShapeDtypeStruct((5, 518, 518, 3), jnp.float32)).shape
        (5, 384)

    Source: Oquab et al., arXiv 2304.07193; https://github.com/facebookresearch/dinov2.
    """
    return all_tokens(parameters, images)[:, 0]


def all_tokens(parameters: Mapping[str, Array], images: Float[Array, "b h h 3"]) -> Float[Array, "b t k"]:
    """What the network says of whole images and of each patch: all tokens after the last block, normalised.

    Args:
        parameters: as those of ``class_token``.
        images: as those of ``class_token``.

    Returns:
        (b, 1 + patches, width) numbers; the class token is the first.
    """
    size = size_of({name: tensor.shape for name, tensor in parameters.items()})
    x = _patches(parameters, images)
    first = jnp.broadcast_to(parameters["cls_token"], (len(x), 1, size.width))
    x = jnp.concatenate([first, x], axis=1) + parameters["pos_embed"]
    for block in range(size.depth):
        own = {name.removeprefix(f"blocks.{block}."): value for name, value in parameters.items()}
        x = x + own["ls1.gamma"][None, None] * attention(own, _normalised(own, "norm1", x), size.width // HEAD)
        hidden = jax.nn.gelu(_linear(own, "mlp.fc1", _normalised(own, "norm2", x)), approximate=False)
        x = x + own["ls2.gamma"][None, None] * _linear(own, "mlp.fc2", hidden)
    return _normalised(parameters, "norm", x)


def attention(parameters: Mapping[str, Array], x: Float[Array, "b t k"], heads: int) -> Float[Array, "b t k"]:
    """Each token's mean of all tokens' values, weighted by how well its query fits their keys, in several heads.

    ``softmax(q · k / √p) v`` with p = width / heads, then a matrix

    Args:
        parameters: "attn.qkv" and "attn.proj", each with weight and bias.
        x: (b, t, width) tokens.
        heads: how many.

    Returns:
        (b, t, width) numbers.
    """
    batch, tokens, width = x.shape
    together = _linear(parameters, "attn.qkv", x).reshape(batch, tokens, 3, heads, width // heads)
    queries, keys, values = jnp.moveaxis(together, 2, 0)
    fits = jnp.einsum("bihp,bjhp->bhij", queries, keys, precision=lax.Precision.HIGHEST)
    weights = jax.nn.softmax(fits * (width // heads) ** -0.5, axis=-1)
    seen = jnp.einsum("bhij,bjhp->bihp", weights, values, precision=lax.Precision.HIGHEST)
    return _linear(parameters, "attn.proj", seen.reshape(x.shape))


def _patches(parameters: Mapping[str, Array], images: Float[Array, "b h h 3"]) -> Float[Array, "b n k"]:
    kernel = parameters["patch_embed.proj.weight"]
    found = lax.conv_general_dilated(
        images,
        kernel,
        kernel.shape[2:],
        "VALID",
        dimension_numbers=("NHWC", "OIHW", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )
    return found.reshape(len(images), -1, len(kernel)) + parameters["patch_embed.proj.bias"][None, None]


def _linear(parameters: Mapping[str, Array], name: str, x: Float[Array, "b t i"]) -> Float[Array, "b t o"]:
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    return jnp.matmul(x, weight.T, precision=lax.Precision.HIGHEST) + bias[None, None]


def _normalised(parameters: Mapping[str, Array], name: str, x: Float[Array, "b t k"]) -> Float[Array, "b t k"]:
    """A layer norm, with 1e-6 added to the variance."""
    centred = x - x.mean(-1, keepdims=True)
    scale = lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-6)
    return centred * scale * parameters[f"{name}.weight"][None, None] + parameters[f"{name}.bias"][None, None]
