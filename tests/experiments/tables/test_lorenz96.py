"""The table of Lorenz 96: its data, its iterated forecasts, and the smoke run from end to end."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.rivals import Method
from experiments.tables.command import Config, main
from experiments.tables.lorenz96 import LEADS, PUBLICATION, iterated, target_of, world


def test_data_are_standardised_pairs_of_one_run():
    data = world(4, 3, 5, 0)
    assert data.now.shape == data.then.shape == (8, 8)
    np.testing.assert_array_equal(data.now[4:], data.then[:4])  # the second record is what follows the first
    assert data.test.shape == (LEADS + 1, 5, 8)
    batch = target_of(data)(jax.random.key(0), 6)
    assert batch.values.shape == (6, 8)


def test_members_go_their_own_ways_and_steps_add_up():
    def sample(state, key, c, k):
        return jnp.ones((len(c), k, 8)) + state * jax.random.normal(key, (len(c), k, 8))

    keys = jax.random.split(jax.random.key(0), 1)
    sure = iterated(Method(None, None, sample), jnp.zeros(1), keys, jnp.zeros((3, 8)), 2)
    np.testing.assert_allclose(sure[0, :, 0, 0, 0], np.arange(1, LEADS + 1))
    drawn = iterated(Method(None, None, sample), jnp.ones(1), keys, jnp.zeros((3, 8)), 2)
    assert not np.allclose(drawn[0, 0, :, 0], drawn[0, 0, :, 1])


@pytest.mark.slow
def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    known = [entry for entry in entries if entry["ours"]]
    assert {entry["line"] for entry in known} == {"mean alone", "k = 2, α = 0"}
    assert all(np.isfinite(entry["ours"]).all() for entry in known)
    for name in ("ranks.png", "leads.png"):
        assert (tmp_path / name).stat().st_size > 5000
