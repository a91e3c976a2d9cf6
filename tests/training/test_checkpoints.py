"""Checkpoints: all kinds of leaves come back bit by bit; a failed save loses nothing; damage is named."""

import errno

import jax
import jax.numpy as jnp
import pytest

from igm_jax.training import RunDirectoryError, RunMismatchError, TrainState, restore, train
from igm_jax.training.checkpoints import Checkpoints, signature, size
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")


def state_at(step):
    odd = {
        "half": jnp.array([1 / 3, -0.0], jnp.bfloat16),
        "none of them": jnp.zeros((0, 2)),
        "best": jnp.array([jnp.inf, jnp.nan]),
        "flags": jnp.array([True, False]),
        "keys": jax.random.split(jax.random.key(1), 3),
        "nothing": None,
    }
    return TrainState(jnp.int32(step), {"w": jnp.ones((3, 2))}, (), {"w": jnp.zeros((3, 2))}, odd, jax.random.key(0))


def bits(state):
    def raw(leaf):
        leaf = jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        return leaf.dtype, leaf.shape, leaf.tobytes()

    return [raw(leaf) for leaf in jax.tree.leaves(state)]


def test_every_kind_of_leaf_comes_back(tmp_path):
    state = state_at(3)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state)
    with Checkpoints(tmp_path) as checkpoints:
        loaded = checkpoints.load(jax.eval_shape(lambda: state))
    assert bits(loaded) == bits(state)
    assert jax.tree.structure(loaded) == jax.tree.structure(state)


def test_the_newest_are_kept(tmp_path):
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        for step in (0, 10, 20, 20):
            checkpoints.save(state_at(step))
        assert checkpoints.latest == 20
        assert int(checkpoints.load(state_at(0), 10).step) == 10
        with pytest.raises(RunDirectoryError, match=r"no checkpoint of step 0; it has \[10, 20\]"):
            checkpoints.load(state_at(0), 0)


def test_reading_leaves_another_process_alone(key, tmp_path):
    """A run can be looked at while it is being trained: what it is just saving is not swept away."""
    run = toys.still_run()
    with pytest.raises(RunDirectoryError, match=r"config.json cannot be read"):
        restore(run, tmp_path)
    train(run, key, 10, directory=tmp_path, progress=False)
    saving = tmp_path / "checkpoints" / "20.orbax-checkpoint-tmp"
    saving.mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert int(restore(run, tmp_path).step) == 10
    assert sorted(tmp_path.rglob("*")) == before
    train(run, key, 20, directory=tmp_path, progress=False)
    assert not saving.exists()


def test_signature_and_size():
    state = state_at(0)
    assert signature(state)[".params['w']"] == "float32[3, 2]"
    assert size(state) == 4 + 2 * 24 + 4 + 8 + 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"params": {"w": jnp.ones((3, 3))}}, r".params\['w'\]: stored 'float32\[3, 2\]', now 'float32\[3, 3\]'"),
        ({"params": {"w": jnp.ones((3, 2), jnp.float16)}}, r"stored 'float32\[3, 2\]', now 'float16\[3, 2\]'"),
        ({"params": {}}, r"stored 'float32\[3, 2\]', now nothing"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, text):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state_at(0))
        with pytest.raises(RunMismatchError, match=text):
            checkpoints.load(state_at(0)._replace(**change))


def test_a_damaged_checkpoint_is_named(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        for step in (10, 20):
            checkpoints.save(state_at(step))
    for path in (tmp_path / "checkpoints" / "20" / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(
            RunDirectoryError, match=r"step 20 .* cannot be read .* delete the folder .*/20 to continue"
        ):
            checkpoints.load(state_at(0))
        assert int(checkpoints.load(state_at(0), 10).step) == 10


def test_a_full_disk_during_a_save_loses_nothing(key, tmp_path, monkeypatch):
    """The error names the last good checkpoint; with room again, the same command goes on from it."""
    run, whole = toys.still_run(), train(toys.still_run(), key, 30, progress=False)

    def fill(state, rows):
        if int(state.step) == 20:
            # Where the checkpoint is to get its name. Where its directory is to be made, orbax leaves threads behind that wait
            # five minutes for it, and Python waits for them when the tests have ended.
            monkeypatch.setattr("os.rename", fail)
            monkeypatch.setattr("os.replace", fail)

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    options = {"directory": tmp_path, "chunk": 10, "every": 10, "progress": False}
    with pytest.raises(
        RunDirectoryError, match=r"step 20 could not be saved .*No space left.*is that of step 10: free"
    ):
        train(run, key, 30, on_chunk=fill, **options)
    monkeypatch.undo()
    assert int(restore(run, tmp_path).step) == 10
    assert toys.same(train(run, key, 30, **options).state, whole.state)
