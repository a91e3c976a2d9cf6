"""Checkpoints: all kinds of leaves come back bit by bit; a failed save loses nothing; damage is named."""

import errno
import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.training import RunDirectoryError, RunMismatchError, TrainState, restore, train
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.states import Parameters
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")


NOISE = np.random.default_rng(0).integers(0, 1 << 32, 1024, np.uint32)
"""Numbers that cannot be compressed, which lie in orbax's file as they are, without any check of orbax's own."""


def state_at(step):
    odd = {
        "half": jnp.array([1 / 3, -0.0], jnp.bfloat16),
        "none of them": jnp.zeros((0, 2)),
        "best": jnp.array([jnp.inf, jnp.nan]),
        "flags": jnp.array([True, False]),
        "noise": jnp.asarray(NOISE),
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


LIKE = jax.eval_shape(lambda: state_at(0))


def saved(directory, *steps, **options):
    with Checkpoints(directory, **options) as checkpoints:
        for step in steps:
            checkpoints.save(state_at(step))
    return directory / "checkpoints"


def flipped(folder):
    for path in (folder / "state" / "ocdbt.process_0" / "d").iterdir():
        content = path.read_bytes()
        if (at := content.find(NOISE.tobytes()[64:128])) >= 0:
            path.write_bytes(content[:at] + bytes([content[at] ^ 64]) + content[at + 1 :])


def emptied(folder):
    for path in (folder / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def renamed(folder):
    shutil.copytree(folder.with_name("10"), folder, dirs_exist_ok=True)


def untold(folder):
    path = folder / "_CHECKPOINT_METADATA"
    path.write_text(path.read_text().replace('"step": 20', '"step": 21'))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (flipped, "holds other numbers in .objective_state\\['noise'\\] than were saved"),
        (emptied, "cannot be read"),
        (renamed, "is that of step 10 under another name"),
        (untold, "has another signature than was saved"),
        (lambda folder: shutil.rmtree(folder / "state"), "cannot be read"),
    ],
)
def test_damage_is_named_and_the_newest_whole_one_is_taken(tmp_path, damage, told):
    """Asked for by its step, a damaged checkpoint is refused; else an older one is taken, and that is said."""
    damage(saved(tmp_path, 10, 20) / "20")
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(RunDirectoryError, match=rf"that of step 20 .*({told}).*Put back a copy.*say `step=10`"):
            checkpoints.load(LIKE, 20)
        with pytest.warns(
            UserWarning, match=rf"that of step 20 .*({told}).*taken is that of step 10, the newest whole"
        ):
            assert int(checkpoints.load(LIKE).step) == 10
        assert checkpoints.newest_whole(LIKE) == 10
        with pytest.warns(UserWarning, match="of step 20 was moved to .*damaged/20"):
            checkpoints.set_aside(10)
        assert checkpoints.steps == [10]
        assert (tmp_path / "damaged" / "20").is_dir()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_lies_in_the_place_of_a_checkpoint_is_moved_away(tmp_path, kind):
    path = saved(tmp_path, 10) / "20"
    path.write_text("precious") if kind == "file" else path.symlink_to("nowhere")
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.warns(UserWarning, match="that of step 20 is no folder; taken is that of step 10"):
            checkpoints.load(LIKE)
        with pytest.warns(UserWarning, match="of step 20 was moved to"):
            checkpoints.set_aside(10)
        checkpoints.save(state_at(20))
        assert checkpoints.steps == [10, 20]


def test_where_none_is_whole_that_is_said(tmp_path):
    path = saved(tmp_path, 10, 20)
    emptied(path / "10")
    emptied(path / "20")
    before = sorted(tmp_path.rglob("*"))
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(RunDirectoryError, match=r"step 20 .*step 10 .*no other one.*delete .* to begin anew"):
            checkpoints.load(LIKE)
        assert checkpoints.newest_whole(LIKE) is None
    assert sorted(tmp_path.rglob("*")) == before


def test_the_checkpoint_of_another_run_is_none(tmp_path):
    saved(tmp_path, 10, run="mine")
    with Checkpoints(tmp_path, run="yours") as checkpoints:
        with pytest.raises(RunDirectoryError, match="that of step 10 belongs to another run"):
            checkpoints.load(LIKE)


def test_what_cannot_be_read_now_is_not_called_damaged(tmp_path, monkeypatch):
    saved(tmp_path, 10, 20)

    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    with Checkpoints(tmp_path) as checkpoints:
        monkeypatch.setattr(checkpoints, "_read", refuse)
        with pytest.raises(
            RunDirectoryError, match=r"step 20 .* cannot be read now .*Permission denied.*may well be whole"
        ):
            checkpoints.load(LIKE)


def test_no_old_one_is_removed_before_the_new_one_has_been_read_back(tmp_path, monkeypatch):
    with Checkpoints(tmp_path, keep=1) as checkpoints:
        checkpoints.save(state_at(10))
        monkeypatch.setattr(
            checkpoints, "_read", lambda step, like: state_at(step)._replace(params={"w": jnp.zeros((3, 2))})
        )
        with pytest.raises(
            RunDirectoryError, match=r"step 20 .*, read again, holds other numbers in .params.*Check the disk"
        ):
            checkpoints.save(state_at(20))
        assert checkpoints.steps == [10, 20]


def test_reading_back_takes_no_room_on_the_device(tmp_path, monkeypatch):
    put, sizes = jax.device_put, []
    with Checkpoints(tmp_path, keep=1) as checkpoints:
        checkpoints.save(state_at(10))
        monkeypatch.setattr(
            jax, "device_put", lambda x, *args, **kwargs: sizes.append(np.size(x)) or put(x, *args, **kwargs)
        )
        state = state_at(20)
        sizes.clear()
        checkpoints.save(state)
        assert checkpoints.steps == [20]
        assert checkpoints.newest_whole(LIKE) == 20
        assert NOISE.size not in sizes
        assert bits(checkpoints.load(LIKE)) == bits(state)
        assert NOISE.size in sizes


def test_an_old_one_that_cannot_be_removed_stops_nothing(tmp_path, monkeypatch):
    def refuse(step):
        raise PermissionError(errno.EACCES, "Permission denied")

    with Checkpoints(tmp_path, keep=1) as checkpoints:
        checkpoints.save(state_at(10))
        monkeypatch.setattr(checkpoints._orbax, "delete", refuse)
        with pytest.warns(UserWarning, match=r"step 10 .* cannot be removed \(PermissionError.*the run goes on"):
            checkpoints.save(state_at(20))
        assert checkpoints.steps == [10, 20]


@pytest.mark.parametrize("half", [jnp.float16, jnp.bfloat16])
def test_an_average_in_half_precision_is_taken_in_float32(tmp_path, half):
    """As earlier versions made it; nothing else may differ."""
    weights = {"w": jnp.full((3, 2), 1 / 3, half)}
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state_at(10)._replace(params=weights, average=weights))
        like = state_at(10)._replace(params=weights)
        loaded = checkpoints.load(like)
        assert bits(loaded) == bits(like._replace(average={"w": weights["w"].astype(jnp.float32)}))
        _, parameters = checkpoints.found(Parameters(like.params, like.average))
        assert bits(parameters) == bits((loaded.params, loaded.average))
        with pytest.raises(RunMismatchError, match="params"):
            checkpoints.load(LIKE)


def test_a_checkpoint_without_digests_is_taken_and_said_to_be_unverified(tmp_path):
    """As an earlier version saved it."""
    path = saved(tmp_path, 10) / "10" / "_CHECKPOINT_METADATA"
    story = json.loads(path.read_text())
    story["custom_metadata"] = {"signature": story["custom_metadata"]["signature"]}
    path.write_text(json.dumps(story))
    with Checkpoints(tmp_path, run="mine") as checkpoints:
        with pytest.warns(UserWarning, match="carries no digests"):
            checkpoints.load(LIKE)
        assert checkpoints.log_of(10) is None


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_folder_that_is_none_is_refused(tmp_path, kind):
    path = tmp_path / "checkpoints"
    path.write_text("precious") if kind == "file" else path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunDirectoryError, match="checkpoints must be a folder, but is a file or leads nowhere"):
        Checkpoints(tmp_path)


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
