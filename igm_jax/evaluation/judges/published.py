"""The networks that published numbers are computed with, from files that users bring: one name for each way of looking.

A published number is a network and what was done to the images before it. Both belong to a judge's name, with the fingerprint of
the file: FIDs of two ways of resizing are two numbers.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.distributions.splits import Scaling
from igm_jax.evaluation.judges import vision_transformer
from igm_jax.evaluation.judges.convolutions import Judge, images
from igm_jax.evaluation.judges.extractors import Apply, FileExtractor, extractor_judge, single
from igm_jax.evaluation.judges.inception import SIDE, inception_features, inception_shapes
from igm_jax.evaluation.judges.parameters import check_tensors, read_parameters
from igm_jax.evaluation.judges.pixels import clean, coloured, coloured_shape, eight_bits, in_imagenets_units, range_of
from igm_jax.evaluation.judges.resizing import legacy_bilinear

BATCH = 32
"""Images that pass through a network at a time; Inception needs 18 MB for each."""

INCEPTION_FILE = (
    "the Inception of the published FID, the file pt_inception-2015-12-05-6726825d.pth of pytorch-fid or the same tensors in the"
    " safetensors format"
)
DINOV2_FILE = (
    "a DINOv2 of {} without registers, a file like dinov2_vits14_pretrain.pth of DINOv2's authors or the same tensors in the"
    " safetensors format"
)

DINOV2_SIDE = 224

Images = Float[Array, "b h w c"]


class PublishedJudge(Protocol):
    """What makes a judge of a user's file."""

    def __call__(
        self,
        path: str | os.PathLike[str],
        image_shape: tuple[int, int, int],
        scaling: Scaling | None = None,
        *,
        sha256: str | None = None,
    ) -> Judge:
        """``(file, image shape, scaling) -> judge``; see ``inception_fid``."""
        ...


def inception_fid(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None = None,
    *,
    sha256: str | None = None,
) -> Judge:
    """The features of the published FID, and what its authors did to the images: ``frechet`` by this judge is the FID.

    Images become 8-bit pixels, are resized to 299 × 299 as TensorFlow 1 did it (see ``legacy_bilinear``), and become
    ``(pixel - 128) / 128``. PyTorch's ports of the FID resize a little differently, and so their numbers differ.

    Args:
        path: the file pt_inception-2015-12-05-6726825d.pth of pytorch-fid, or its tensors in the safetensors format. The
            former has the SHA-256 6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2.
        image_shape: (height, width, channels), with 1 or 3 channels; grey images are seen as coloured ones.
        scaling: from the data's own units, whose range becomes pixels of 0 to 255; None if it is -1 to 1.
        sha256: what the file's SHA-256 must be; not compared if None.

    Returns:
        The judge, with 2048 features, called "Inception (FID)" with the beginning of the file's SHA-256.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another SHA-256, a file that does not hold this network, a shape of no images, or a scaling without a
            range; the features raise it for images of another shape.

    Example:
        >>> from igm_jax.evaluation import inception_fid
        >>> inception_fid("pt_inception-2015-12-05-6726825d.pth", (32, 32, 3))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'pt_inception-2015-12-05-6726825d.pth'

    Source: Heusel et al., arXiv 1706.08500; the file: https://github.com/mseitzer/pytorch-fid.
    """
    return _inception("Inception (FID)", legacy_bilinear, path, image_shape, scaling, sha256)


def inception_clean_fid(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None = None,
    *,
    sha256: str | None = None,
) -> Judge:
    """The network of the FID, and what clean-fid does to the images: ``frechet`` by this judge is the clean FID.

    Images become 8-bit pixels, are resized to 299 × 299 bicubically with antialiasing and without rounding (see
    ``smooth_bicubic``), cut to 0 ... 255, and become ``(pixel - 128) / 128``.

    Args:
        path: the same file as for ``inception_fid``.
        image_shape: (height, width, channels), with 1 or 3 channels; grey images are seen as coloured ones.
        scaling: from the data's own units, whose range becomes pixels of 0 to 255; None if it is -1 to 1.
        sha256: what the file's SHA-256 must be; not compared if None.

    Returns:
        The judge, with 2048 features, called "Inception (clean-fid)" with the beginning of the file's SHA-256.

    Raises:
        OSError: if the file cannot be read.
        ValueError: as ``inception_fid``.

    Example:
        >>> from igm_jax.evaluation import inception_clean_fid
        >>> inception_clean_fid("pt_inception-2015-12-05-6726825d.pth", (32, 32, 3))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'pt_inception-2015-12-05-6726825d.pth'

    Source: Parmar et al., arXiv 2104.11222; https://github.com/GaParmar/clean-fid.
    """
    return _inception("Inception (clean-fid)", clean, path, image_shape, scaling, sha256)


def dinov2_vits14(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None = None,
    *,
    sha256: str | None = None,
) -> Judge:
    """The features of DINOv2's small network: see ``dinov2``, which takes its other sizes, too.

    Args:
        path: the file dinov2_vits14_pretrain.pth of its authors, or its tensors in the safetensors format. The former has the
            SHA-256 b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9.
        image_shape: (height, width, channels), with 1 or 3 channels; grey images are seen as coloured ones.
        scaling: from the data's own units, whose range becomes pixels of 0 to 255; None if it is -1 to 1.
        sha256: what the file's SHA-256 must be; not compared if None.

    Returns:
        The judge, with 384 features, called "DINOv2 ViT-S/14" with the beginning of the file's SHA-256.

    Raises:
        OSError: if the file cannot be read.
        ValueError: as ``inception_fid``.

    Example:
        >>> from igm_jax.evaluation import dinov2_vits14
        >>> dinov2_vits14("dinov2_vits14_pretrain.pth", (32, 32, 3))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'dinov2_vits14_pretrain.pth'

    Source: Oquab et al., arXiv 2304.07193; the file: https://github.com/facebookresearch/dinov2.
    """
    return _transformer(path, image_shape, scaling, sha256, vision_transformer.SMALL)


def dinov2(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None = None,
    *,
    sha256: str | None = None,
) -> Judge:
    """The features of a DINOv2 of any size: its normalised class token.

    Images become 8-bit pixels, are resized to 224 × 224 as by clean-fid (see ``inception_clean_fid``), and get ImageNet's mean
    and standard deviation. The whole image is seen, as in the comparison of metrics by Stein et al., whose numbers are those of
    ViT-L/14.

    Args:
        path: one of the files dinov2_vits14_pretrain.pth, dinov2_vitb14_pretrain.pth and dinov2_vitl14_pretrain.pth of its
            authors, or its tensors in the safetensors format. The size is read from it.
        image_shape: (height, width, channels), with 1 or 3 channels; grey images are seen as coloured ones.
        scaling: from the data's own units, whose range becomes pixels of 0 to 255; None if it is -1 to 1.
        sha256: what the file's SHA-256 must be; not compared if None.

    Returns:
        The judge, with as many features as the network is wide, called "DINOv2 ViT-L/14" by the size.

    Raises:
        OSError: if the file cannot be read.
        ValueError: as ``inception_fid``.

    Example:
        >>> from igm_jax.evaluation import dinov2
        >>> dinov2("dinov2_vitl14_pretrain.pth", (32, 32, 3))
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'dinov2_vitl14_pretrain.pth'

    Source: Oquab et al., arXiv 2304.07193; Stein et al., arXiv 2306.04675.
    """
    return _transformer(path, image_shape, scaling, sha256, None)


PUBLISHED: dict[str, PublishedJudge] = {"inception": inception_fid, "clean-fid": inception_clean_fid, "dinov2": dinov2}
"""The judges of users' files by the names that the command line knows them by."""


def _inception(
    name: str,
    resize: Callable[[Images, int], Images],
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None,
    sha256: str | None,
) -> Judge:
    shape, own = coloured_shape(image_shape), range_of(scaling)
    found = read_parameters(path, sha256=sha256)
    # How many batches the norms were trained on is in newer files and in no formula.
    tensors = {key: value for key, value in found.tensors.items() if not key.endswith(".num_batches_tracked")}
    check_tensors(path, tensors, inception_shapes(), INCEPTION_FILE)
    tensors = {key: value for key, value in tensors.items() if not key.startswith("fc.")}

    def apply(parameters: Mapping[str, Array], pixels: Float[Array, "b d"]) -> Float[Array, "b p"]:
        return inception_features(parameters, (resize(coloured(pixels, shape), SIDE) - 128) / 128)

    return _judge(name, found.sha256, tensors, apply, shape, own)


def _transformer(
    path: str | os.PathLike[str],
    image_shape: tuple[int, int, int],
    scaling: Scaling | None,
    sha256: str | None,
    size: vision_transformer.Size | None,
) -> Judge:
    shape, own = coloured_shape(image_shape), range_of(scaling)
    name, digest, placed = dinov2_tensors(path, sha256, size)

    def apply(parameters: Mapping[str, Array], pixels: Float[Array, "b d"]) -> Float[Array, "b p"]:
        seen = clean(coloured(pixels, shape), DINOV2_SIDE) / 255
        return vision_transformer.class_token(parameters, in_imagenets_units(seen))

    return _judge(f"DINOv2 {name}", digest, placed, apply, shape, own)


def dinov2_tensors(
    path: str | os.PathLike[str], sha256: str | None = None, size: vision_transformer.Size | None = None
) -> tuple[str, str, dict[str, np.ndarray]]:
    """A DINOv2 from its file, for images of 224 x 224.

    Args:
        path: the file.
        sha256: what its SHA-256 must be; not compared if None.
        size: which one it must be; None for any.

    Returns:
        What the network is called, the file's SHA-256, and the tensors by name.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another SHA-256, or a file that does not hold this network.
    """
    found = read_parameters(path, sha256=sha256)
    read = vision_transformer.size_of({key: value.shape for key, value in found.tensors.items()})
    name = vision_transformer.name_of(size or read)
    check_tensors(path, found.tensors, vision_transformer.transformer_shapes(size or read), DINOV2_FILE.format(name))
    vision_transformer.check_size(read, DINOV2_SIDE)
    return name, found.sha256, vision_transformer.placed(found.tensors, DINOV2_SIDE)


def _judge(
    name: str,
    sha256: str,
    tensors: Mapping[str, np.ndarray],
    apply: Apply,
    shape: tuple[int, int, int],
    scaling: Scaling,
) -> Judge:
    with jax.enable_x64(False):
        parameters = {key: jnp.asarray(single(value)) for key, value in tensors.items()}
    extractor = FileExtractor(name, sha256, parameters, jax.jit(apply), BATCH)
    return extractor_judge(extractor)._replace(features=partial(_features, extractor, shape, scaling))


def _features(
    extractor: FileExtractor, shape: tuple[int, int, int], scaling: Scaling, x: Any
) -> Float[np.ndarray, "n p"]:
    pixels = eight_bits(images("x", x, shape), scaling)
    return extractor._replace(batch=min(BATCH, len(pixels)))(pixels)
