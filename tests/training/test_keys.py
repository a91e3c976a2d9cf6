"""The random key in a run's config: it comes back as it was, and what is none is named."""

import json

import jax
import pytest

from igm_jax.training import RunDirectoryError
from igm_jax.training.keys import key_of, loaded_key, stored_key


def test_keys_are_stored_with_their_kind():
    keys = jax.random.split(jax.random.key(0, impl="rbg"), 2)
    back = loaded_key(json.loads(json.dumps(stored_key(keys))))
    assert back.dtype == keys.dtype
    assert (jax.random.key_data(back) == jax.random.key_data(keys)).all()


@pytest.mark.parametrize(
    "key", [None, {}, {"impl": "threefry2x32", "data": [-1, 0]}, {"impl": "no such", "data": [0, 0]}]
)
def test_a_config_without_a_key_is_named(tmp_path, key):
    with pytest.raises(RunDirectoryError, match=r"config.json is damaged: it has no random key"):
        key_of({"key": key}, tmp_path)
