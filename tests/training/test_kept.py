"""Where a run is kept: rows alone, or a directory with a log and checkpoints, and where its data go on."""

import jax
import numpy as np
import pytest

from igm_jax.sources import source
from igm_jax.training import training
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.kept import Store, position_of
from tests.training import toys


def test_without_a_directory_rows_are_kept_and_nothing_is_saved(key):
    store = Store([])
    store.append([{"step": 1, "loss": 0.5}])
    store.save(toys.still_run().init(key))
    assert store.rows == [{"step": 1, "loss": 0.5}]


def test_a_position_is_that_of_the_checkpoint(key, tmp_path):
    data = [np.ones((4, 2), np.float32)]
    parts = toys.still_run().init.args[0]
    run = training(parts.generator, parts.objective, parts.optimizer, source(data), 4)
    state = run.init(key)._replace(step=np.int32(3))
    with Checkpoints(tmp_path) as checkpoints:
        store = Store([], checkpoints)
        assert position_of(run, store, None) is None
        checkpoints.save(jax.tree.map(jax.numpy.asarray, state), position=b"here")
        assert position_of(run, store, state) == b"here"
        assert position_of(toys.still_run(), store, state) is None
        later = state._replace(step=jax.numpy.int32(4))
        checkpoints.save(later)
        with pytest.warns(UserWarning, match="with the first batches of its source again"):
            assert position_of(run, store, later) is None
