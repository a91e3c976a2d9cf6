"""Runs whose data come from the host: the same bits whatever the chunks, sessions and kills; a source that fails is told."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from inspect import unwrap  # to what users call, without the tests' own check of types
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from igm_jax.distributions import dataset
from igm_jax.generators import particles
from igm_jax.sources import SourceError, source
from igm_jax.training import Interrupted, read_log, restore, train, training
from igm_jax.training.feed import steps_ready
from igm_jax.training.step import advance
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")
QUIET = {"progress": False, "chunk": 4, "every": 8, "log_every": 1}


def batches():
    draws = np.random.default_rng(0)
    while True:
        yield draws.normal(size=(16, 2)).astype(np.float32)


def run_of(data=batches, **options):
    return training(toys.generator, toys.critic, optax.adam(1e-2), source(data), 16, inner_steps=2, **options)


def rows(directory):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_log(directory)]


def test_a_run_reads_its_batches_one_after_the_other(key):
    """Step t has batches 3t, 3t + 1 for its two inner updates, and 3t + 2 for the generator, as if they were handed to it."""
    trained = train(run_of(), key, 6, **QUIET)
    run, stream = run_of(), batches()
    state, step = jax.jit(run.init)(key), jax.jit(lambda state, data: advance(run, state, data))
    for _ in range(6):
        state, _ = step(state, np.stack(list(itertools.islice(stream, 3))))
    for one, other in zip(jax.tree.leaves(trained.state[:4]), jax.tree.leaves(state[:4]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_resumed_equals_uninterrupted(key, tmp_path):
    whole = train(run_of(), key, 21, **QUIET)
    train(run_of(), key, 10, directory=tmp_path, **QUIET)  # in the middle of a chunk
    again = train(run_of(), key, 21, directory=tmp_path, **QUIET)
    assert toys.same(again.state, whole.state)
    assert [row["step"] for row in rows(tmp_path)] == list(range(1, 22))


def test_seeds_side_by_side_see_the_same_data(key):
    both = train(run_of(), jax.random.split(key), 5, **QUIET)
    alone = train(run_of(), jax.random.split(key)[1], 5, **QUIET)
    for one, other in zip(jax.tree.leaves(both.state.params), jax.tree.leaves(alone.state.params), strict=True):
        np.testing.assert_allclose(one[1], other, rtol=1e-5)


KILLED = """
import sys, time
import jax
from igm_jax.training import train
from tests.training.test_feed import QUIET, batches, run_of

def slow():
    for batch in batches():
        time.sleep(float(sys.argv[2]))
        yield batch

with jax.numpy_dtype_promotion("standard"):
    train(run_of(slow), jax.random.key(0), 40, directory=sys.argv[1], **QUIET)
"""


@pytest.mark.slow
def test_a_run_killed_in_mid_stream_comes_to_the_same_bits(tmp_path):
    """kill -9 while batches are read; what was read ahead and lost is read again."""
    root = Path(__file__).parents[2]

    def started(directory, pause):
        paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-c", KILLED, str(directory), str(pause)],
            env={**os.environ, "PYTHONPATH": paths},
            cwd=root,
        )

    victim = started(tmp_path / "killed", 0.05)
    try:
        end = time.monotonic() + 120
        while not (tmp_path / "killed" / "checkpoints" / "8").is_dir() and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    assert 8 <= restore(run_of(), tmp_path / "killed").step < 40
    assert started(tmp_path / "killed", 0).wait(120) == 0
    assert started(tmp_path / "whole", 0).wait(120) == 0
    with jax.numpy_dtype_promotion("standard"):
        states = [restore(run_of(), tmp_path / name) for name in ("killed", "whole")]
    assert toys.same(*states)
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")


def ends():
    yield from itertools.islice(batches(), 25)


def raises():
    yield from itertools.islice(batches(), 25)
    raise OSError("the disk is gone")


def grows():
    yield from itertools.islice(batches(), 25)
    yield np.zeros((17, 2), np.float32)


def turns():
    yield from itertools.islice(batches(), 25)
    yield np.zeros((16, 2), np.float16)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ends, "ended (before|at) batch 26"),
        (raises, r"failed at batch 26 of this session \(OSError: the disk is gone\)"),
        (grows, r"batch 26 of this session is float32\[17, 2\], but the source said float32\[16, 2\]"),
        (turns, r"float16\[16, 2\], but the source said float32"),
    ],
)
@pytest.mark.parametrize("chunk", [4, 100])
def test_a_source_that_fails_is_told_and_its_run_goes_on(data, message, chunk, key, tmp_path):
    """Steps are of three batches: eight are whole, and are made and saved, though only every fifth would be."""
    options = {**QUIET, "every": 5, "chunk": chunk}
    with pytest.raises(SourceError, match=rf"no data for step 9 of 40: .*{message}.*the checkpoint of step 8 is in"):
        train(run_of(data), key, 40, directory=tmp_path, **options)
    assert int(restore(run_of(data), tmp_path).step) == 8


def test_nobody_waits_for_a_source_that_hangs(key, tmp_path):
    """A signal ends the run with a checkpoint, and a bad step with its error, whatever the source does meanwhile."""

    before = signal.getsignal(signal.SIGTERM)

    def hangs():
        yield from itertools.islice(batches(), 14)
        while signal.getsignal(signal.SIGTERM) is before:  # struck before the run minds it, this process would die
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)
        threading.Event().wait()

    begin = time.monotonic()
    with pytest.raises(Interrupted, match="stopped after step 4 of 40"):
        train(run_of(hangs), key, 40, directory=tmp_path, **QUIET)
    assert time.monotonic() - begin < 30
    assert int(restore(run_of(hangs), tmp_path).step) == 4


def test_a_transform_that_fails_is_not_called_no_source(key):
    with pytest.raises(AttributeError, match="has no attribute 'astype'"):
        unwrap(training)(
            toys.generator, toys.moments, optax.sgd(0.1), source([[1.0]], lambda raw: raw.astype("float32")), 4
        )


def test_a_source_without_a_place_is_said(key, tmp_path):
    run = run_of(batches)
    parts = run.init.args[0]
    lost = training(toys.generator, toys.critic, parts.optimizer, source(batches()), 16, name="lost")
    with pytest.warns(UserWarning, match="cannot say where it stands"):
        train(lost, key, 4, directory=tmp_path, **QUIET)
    again = training(toys.generator, toys.critic, parts.optimizer, source(batches()), 16, name="lost")
    with (
        pytest.warns(UserWarning, match="cannot say where it stands"),
        pytest.warns(UserWarning, match="goes on, but with the first batches of its source again"),
    ):
        train(again, key, 8, directory=tmp_path, **QUIET)


def test_large_batches_come_in_smaller_portions():
    wide = lambda: itertools.repeat(np.zeros((2**16, 64), np.float32))  # noqa: E731  16 MiB each
    run = training(particles(np.zeros((4, 64))), toys.moments, optax.sgd(0.1), source(wide), 4)
    assert steps_ready(source(wide), run, 100) == 2
    assert steps_ready(source(batches), run_of(), 100) == 100


def test_a_checkpoint_of_a_run_without_a_source_has_no_word_of_one(key, tmp_path):
    x = np.zeros((4, 2), np.float32)
    run = training(particles(x), toys.moments, optax.sgd(0.1), dataset(x + 1), 4)
    train(run, key, 4, directory=tmp_path, **QUIET)
    text = "".join(path.read_text() for path in tmp_path.rglob("_CHECKPOINT_METADATA"))
    assert "signature" in text
    assert '"source"' not in text
