"""Features of a network whose parameters lie in a file: named, with the file's fingerprint, and so the same for everyone."""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.judges.convolutions import BATCH, Judge
from igm_jax.evaluation.judges.safetensors import read_safetensors

Apply = Callable[[Mapping[str, Array], Float[Array, "b d"]], Float[Array, "b p"]]


@runtime_checkable
class FeatureExtractor(Protocol):
    """What gives features of images, and says which one it is.

    A number that was computed in someone's features means nothing in another's, so an extractor has a name and a fingerprint.
    """

    @property
    def name(self) -> str:
        """For tables."""
        ...

    @property
    def sha256(self) -> str:
        """Of the file with its parameters."""
        ...

    def __call__(self, images: Any) -> Float[np.ndarray, "n p"]:
        """``(n, h·w·c) images -> (n, p) float64 features``."""
        ...


class FileExtractor(NamedTuple):
    """A network with the parameters of a file; see ``extractor_from_safetensors``.

    Attributes:
        name: for tables.
        sha256: of the file.
        parameters: by name.
        apply: ``(parameters, (b, h·w·c) images) -> (b, p) features``, compiled.
        batch: how many images pass through it at a time; fewer where its layers are large.
    """

    name: str
    sha256: str
    parameters: dict[str, Array]
    apply: Apply
    batch: int = BATCH

    def __call__(self, images: Any) -> Float[np.ndarray, "n p"]:
        """Features of images, some at a time.

        Args:
            images: (n, h·w·c) flat images.

        Returns:
            (n, p) float64 features.

        Raises:
            ValueError: for wrong shapes, or features that are not one finite row an image.
        """
        x = _inputs.samples("images", images).astype(np.float32)
        blocks = np.pad(x, ((0, -len(x) % self.batch), (0, 0))).reshape(-1, self.batch, x.shape[1])
        found = np.concatenate([self._block(block) for block in blocks])[: len(x)].astype(np.float64)
        checks.finite(f"{self.name}(images)", found)
        return found

    def _block(self, block: np.ndarray) -> np.ndarray:
        with jax.enable_x64(False), jax.default_matmul_precision("highest"):
            found = np.asarray(self.apply(self.parameters, jnp.asarray(block)))
        if found.ndim != 2 or len(found) != len(block):
            raise ValueError(
                f"`apply` must give one row of features an image, shape ({len(block)}, p), but gave {found.shape};"
                " flatten or average what each image has"
            )
        return found


def extractor_from_safetensors(
    path: str | os.PathLike[str], apply: Apply, *, sha256: str | None = None, name: str | None = None
) -> FileExtractor:
    """Features whose parameters come from a local safetensors file.

    Numbers of half precision and float64 become float32, in which ``apply`` computes; it is compiled once, for 512 images.

    Args:
        path: the file.
        apply: ``(parameters, images) -> features`` for parameters by name and float32 images (b, h·w·c), each image on its
            own: pure JAX, without statistics over the batch.
        sha256: what the file's SHA-256 must be; pass it wherever numbers are to be compared.
        name: for tables; the file's name if None.

    Returns:
        The extractor, with the file's SHA-256. As a judge: ``extractor_judge(extractor)``.

    Raises:
        OSError: if the file cannot be read.
        TypeError: if ``apply`` cannot be called.
        ValueError: for another SHA-256 or a damaged file.

    Example:
        >>> import json, pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.evaluation import extractor_from_safetensors
        >>> header = json.dumps({"w": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}}).encode()
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory) / "w.safetensors"
        ...     _ = path.write_bytes(len(header).to_bytes(8, "little") + header + np.array([1, 2], "<f4").tobytes())
        ...     extractor = extractor_from_safetensors(path, lambda parameters, images: images @ parameters["w"])
        >>> extractor([[1.0, 1.0], [0.0, 3.0]]).tolist()
        [[3.0], [6.0]]
    """
    functions.is_function("apply", apply)
    found = read_safetensors(path, sha256=sha256)
    with jax.enable_x64(False):
        parameters = {key: jnp.asarray(single(value)) for key, value in found.tensors.items()}
    return FileExtractor(name or pathlib.Path(path).stem, found.sha256, parameters, jax.jit(apply))


def extractor_judge(extractor: FeatureExtractor) -> Judge:
    """A judge that sees samples with an extractor; its name holds the beginning of the fingerprint.

    Args:
        extractor: what gives the features.

    Returns:
        The judge.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import FileExtractor, extractor_judge
        >>> doubled = FileExtractor("doubled", "ab" * 32, {}, lambda parameters, images: 2 * images)
        >>> judge = extractor_judge(doubled)
        >>> judge.name, judge.features([[1.0, 2.0]]).tolist()
        ('doubled (sha256 abababab)', [[2.0, 4.0]])
    """
    return Judge(f"{extractor.name} (sha256 {extractor.sha256[:8]})", extractor)


def single(value: np.ndarray) -> np.ndarray:
    """Floating-point numbers as float32, in which networks compute; others as they are.

    Args:
        value: an array as a file has it.

    Returns:
        The array, of the same shape.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.extractors import single
        >>> single(np.ones(2)).dtype.name, single(np.ones(2, int)).dtype.name
        ('float32', 'int64')
    """
    return value.astype(np.float32) if jnp.issubdtype(value.dtype, jnp.floating) else value
