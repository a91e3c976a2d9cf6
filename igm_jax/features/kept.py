"""An encoder in one file: arrays and a text, nothing pickled, verified by its fingerprint when it is read."""

import dataclasses
import json
import os
import pathlib
from typing import Any

import jax
import numpy as np

from igm_jax.arrays import read_npz
from igm_jax.features.architecture import Architecture, initial
from igm_jax.features.encoder import Distances, Encoder, fingerprint_of
from igm_jax.features.fitting import Recipe
from igm_jax.files import shown, write_npz

PARAMETER = "parameter/"


class EncoderFileError(ValueError):
    """A file does not hold a whole encoder; the text says what to run."""


def save_encoder(path: str | os.PathLike[str], encoder: Encoder) -> pathlib.Path:
    """Write an encoder as one ``.npz`` file, whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        encoder: what to write.

    Returns:
        The path.

    Raises:
        OSError: if it cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.features import Recipe, fit_encoder, load_encoder, save_encoder
        >>> images = np.random.default_rng(0).normal(size=(40, 64))
        >>> encoder = fit_encoder("autoencoder", images, (8, 8, 1), width=2, code=4, recipe=Recipe(steps=2))
        >>> path = save_encoder(pathlib.Path(tempfile.mkdtemp()) / "encoder.npz", encoder)
        >>> load_encoder(path).fingerprint == encoder.fingerprint
        True
    """
    made = {name: dataclasses.asdict(getattr(encoder, name)) for name in ("architecture", "recipe")}
    told = {name: getattr(encoder, name) for name in ("name", "fingerprint", "data", "seed", "scores", "story")}
    text = json.dumps(made | told | {"distances": {name: list(one) for name, one in encoder.distances.items()}})
    return write_npz(path, {"encoder": text, **{PARAMETER + name: one for name, one in encoder.parameters.items()}})


def load_encoder(path: str | os.PathLike[str]) -> Encoder:
    """Read an encoder, and see that it is the one that was written.

    Args:
        path: the file.

    Returns:
        The encoder.

    Raises:
        EncoderFileError: a ``ValueError``, for a file that is no encoder, damaged, or of another version.
        OSError: if there is no file, or it cannot be opened.
    """
    path = pathlib.Path(path)
    advice = f"in a clone, make it: `python -m experiments.encoder classifier TARGET --output {shown(path)}`"
    try:
        arrays = read_npz(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no encoder {shown(path)!r}; {advice}") from error
    except ValueError as error:
        raise EncoderFileError(f"{shown(path)!r} is no whole encoder ({error}); move it away and {advice}") from error
    try:
        told = json.loads(str(arrays.pop("encoder")))
        encoder = _encoder(told, arrays)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        kind = f"{type(error).__name__}: {error}"
        raise EncoderFileError(
            f"{shown(path)!r} is no encoder of this version ({kind}); move it away and {advice}"
        ) from error
    found = fingerprint_of(
        encoder.architecture, encoder.recipe, encoder.seed, encoder.data, encoder.parameters, encoder.distances
    )
    if found != encoder.fingerprint:
        raise EncoderFileError(
            f"{shown(path)!r} is damaged: its fingerprint should be {encoder.fingerprint[:16]}, but is {found[:16]}; move it"
            f" away and {advice}"
        )
    return encoder


def _encoder(told: dict[str, Any], arrays: dict[str, np.ndarray]) -> Encoder:
    """The encoder that a file's text and arrays describe; what does not fit raises."""
    shape = told["architecture"]
    architecture = Architecture(**(shape | {"image_shape": tuple(shape["image_shape"])}))
    parameters = {name.removeprefix(PARAMETER): one for name, one in arrays.items() if name.startswith(PARAMETER)}
    expected = jax.eval_shape(lambda key: initial(key, architecture), jax.random.key(0))
    shapes = {name: one.shape for name, one in expected.items()}
    if {name: one.shape for name, one in parameters.items()} != shapes:
        raise ValueError("its arrays are not those of its architecture")
    distances = {name: Distances(*map(float, told["distances"][name])) for name in architecture.widths}
    if not all(isinstance(told[name], str) for name in ("name", "fingerprint", "data")):
        raise ValueError("its name, fingerprint or data are no texts")
    return Encoder(
        architecture=architecture,
        recipe=Recipe(**told["recipe"]),
        parameters=parameters,
        distances=distances,
        **{name: told[name] for name in ("name", "fingerprint", "data", "seed", "scores", "story")},
    )
