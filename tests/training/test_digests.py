"""Digests: every bit counts, and nothing else does."""

import json

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.training.digests import digest_of, digests, identity_of, is_changed, sealed


def test_every_bit_of_an_array_counts():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    known = digest_of(x)
    assert digest_of(jnp.asarray(x)) == known == digest_of(np.asfortranarray(x))
    for i in range(x.nbytes):
        changed = bytearray(x.tobytes())
        changed[i] ^= 1
        assert digest_of(np.frombuffer(changed, np.float32).reshape(2, 3)) != known
    others = [
        x.reshape(3, 2),
        x.view(np.int32),
        x[:1],
        jnp.asarray([0.0], jnp.bfloat16),
        np.float32(0),
        jnp.zeros((0, 2)),
    ]
    assert len({known, *map(digest_of, others), digest_of(-others[-2])}) == 8


def test_keys_are_told_by_their_data_and_kind():
    keys = [jax.random.key(0), jax.random.key(1), jax.random.key(0, impl="rbg"), jax.random.key_data(jax.random.key(0))]
    assert len({digest_of(key) for key in keys}) == 4


def test_a_state_has_one_for_each_array():
    assert digests({"a": jnp.ones(2), "b": (jnp.zeros(1),)}).keys() == {"['a']", "['b'][0]"}


def test_a_sealed_object_is_known_to_be_changed():
    story = sealed({"rate": 0.1, "betas": (0.9, float("inf")), "names": {2: "b", 10: "a"}})
    back = json.loads(json.dumps(story, indent=2))
    assert not is_changed(back)
    assert is_changed(back | {"rate": 0.2})
    assert is_changed(back | {"more": None})
    assert not is_changed({"rate": 0.1})


def test_what_tells_runs_apart_is_config_and_key():
    config = {"schema": 1, "config": {"rate": 0.1}, "key": {"data": [0, 1]}, "provenance": {}}
    assert identity_of(config) == identity_of(config | {"provenance": {"date": "today"}})
    assert len({identity_of(config), identity_of(config | {"config": None}), identity_of(config | {"key": None})}) == 3
