"""The random key of a run, as its config keeps it."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from igm_jax.training.errors import RunDirectoryError


def stored_key(key: Array) -> dict[str, Any]:
    """A random key as JSON has it."""
    return {"impl": str(jax.random.key_impl(key)), "data": np.asarray(jax.random.key_data(key)).tolist()}


def loaded_key(stored: dict[str, Any]) -> Array:
    """The random key that ``stored_key`` described."""
    return jax.random.wrap_key_data(jax.device_put(np.asarray(stored["data"], np.uint32)), impl=stored["impl"])


def key_of(config: dict[str, Any], directory: Path) -> Array:
    """The random key, or the keys, of a run whose config was read."""
    try:
        return loaded_key(config["key"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunDirectoryError(
            f"{directory / 'config.json'} is damaged: it has no random key ({type(error).__name__}: {error}); put back a copy"
        ) from error
