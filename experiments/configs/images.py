"""What the choice of a network for images means for generators and critics alike."""

import dataclasses
from typing import Any

from igm_jax import checks


def channels(width: int) -> int:
    """How many channels the largest pictures of a network for images have, a quarter of the units that a perceptron would have.

    Raises:
        TypeError, ValueError: for what is no positive integer.
    """
    return max(1, checks.count("width", width) // 4)


def computing_in(dtype: str) -> dict[str, Any]:
    """The argument of a network for the type that it computes in, if it is another than that of its parameters."""
    return {} if dtype == "float32" else {"dtype": dtype}


def for_images_only(
    owner: str, config: Any, why: str = "the samples are no images, and their network is a perceptron"
) -> None:
    """Refuse a choice of a network for images where there is none.

    Args:
        owner: "generator" or "critic", before the option on the command line.
        config: the owner's options, of which ``network``, ``dtype``, ``spectral`` and ``blocks`` are those of images.
        why: the reason, for the error.

    Raises:
        ValueError: if one of them is not the default.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name in ("network", "dtype", "spectral", "blocks"):
        if name in defaults and (value := getattr(config, name)) != defaults[name]:
            raise ValueError(f"`{owner}.{name}` is {value!r}, but {why}; leave `--{owner}.{name}` out")
