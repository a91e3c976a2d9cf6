"""Digests, by which a bit that has changed on the disk is noticed: of arrays, of JSON, and of what tells one run from others."""

import hashlib
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.training.errors import Damaged

SEAL = "sha256"
"""The name under which a JSON object carries the digest of all the rest of it."""


def digest_of(array: Any) -> str:
    """A digest of an array's type, shape and bits; of random keys, of their data."""
    if isinstance(array, jax.Array) and jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        kind, array = str(array.dtype), jax.random.key_data(array)
    else:
        kind = ""
    known = np.asarray(jax.device_get(array))
    digest = hashlib.sha256(f"{kind}{known.dtype}{list(known.shape)}".encode())
    digest.update(np.ascontiguousarray(known).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def digests(state: Any) -> dict[str, str]:
    """The digest of each array of a state, by its path."""
    return {jax.tree_util.keystr(path): digest_of(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def compared(kept: dict[str, str], now: dict[str, str]) -> None:
    """An error unless all arrays that were saved have their digests still."""
    if wrong := [path for path in kept if kept[path] != now.get(path)]:
        more = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
        raise Damaged(f"holds other numbers in {wrong[0]}{more} than were saved")


def sealed(story: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with its own digest in it, in the place of an older one."""
    story = {name: part for name, part in story.items() if name != SEAL}
    return {**story, SEAL: _of_json(json.loads(json.dumps(story)))}


def is_changed(story: dict[str, Any]) -> bool:
    """Whether an object was changed since it was sealed; one that carries no digest is taken as it is."""
    return SEAL in story and story[SEAL] != _of_json({name: part for name, part in story.items() if name != SEAL})


def identity_of(config: dict[str, Any]) -> str:
    """What tells a run from others, in a word: a digest of its config and its random key, as config.json has them."""
    return _of_json({name: config.get(name) for name in ("config", "key")})


def _of_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
