"""Decoded data on the disk: what is written is read, damage is named, and memory does not grow with what was read."""

import json
import os
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import stateless
from igm_jax.data.store import Layout, StoreError, open_store, write_store
from igm_jax.files import WriteError
from igm_jax.generators import particles
from igm_jax.training import restore, train, training
from tests.conftest import resident
from tests.sources import ROOT
from tests.training import toys

RNG = np.random.default_rng(0)
ALONE = (0, 1)
LAYOUT = Layout("mine", (4, 3, 1), label_names=("a", "b"))


def part_of(content):
    return ("train", "train", "validation", "test")[content[0] % 4]


def samples(number=40):
    return [(image, label % 2) for label, image in enumerate(RNG.integers(0, 256, (number, 4, 3, 1), dtype=np.uint8))]


def written(tmp_path, number=40):
    return write_store(
        tmp_path / "store", LAYOUT, samples(number), part_of, lambda sizes: {"lines": ["so many"], "plain": sizes}
    )


def test_what_is_written_is_read(tmp_path):
    known = samples()
    store = write_store(tmp_path / "store", LAYOUT, known, part_of)
    splits = open_store(tmp_path / "store").splits()
    for part in ("train", "validation", "test"):
        mine = [(image, label) for image, label in known if part_of(image.tobytes()) == part]
        assert store.sizes[part] == len(mine) > 0
        found = splits.undone(getattr(splits, part).values)
        np.testing.assert_array_equal(found, [image for image, _ in mine])
        np.testing.assert_array_equal(getattr(splits, part).labels, [label for _, label in mine])
    assert (splits.image_shape, splits.label_names, splits.digest) == ((4, 3, 1), ("a", "b"), store.digest)
    assert splits.report is None


def test_its_report_is_kept(tmp_path):
    report = written(tmp_path).splits().report
    assert (report.lines(), sum(report.plain().values())) == (["so many"], 40)


def test_a_stream_gives_scaled_images_with_their_labels(tmp_path):
    store = written(tmp_path)
    number, splits = store.sizes["train"], store.splits()
    batch = next(store.stream("train", number, conditional=True).start(ALONE, None))
    order = np.lexsort(batch.values.T)
    expected = np.lexsort(splits.train.values.T)
    np.testing.assert_allclose(batch.values[order], splits.train.values[expected], atol=1e-7)
    np.testing.assert_array_equal(np.asarray(batch.condition)[order], splits.train.labels[expected])


def test_equal_data_have_one_digest_and_others_another(tmp_path):
    known = samples()
    digests = [
        write_store(tmp_path / str(n), LAYOUT, each, part_of).digest for n, each in enumerate((known, known, known[1:]))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("place", [0, 5, 12, 15])
def test_a_flipped_bit_is_named(place, tmp_path):
    store = written(tmp_path)
    path = tmp_path / "store" / "train.records"
    content = bytearray(path.read_bytes())
    content[3 * (12 + 8) + place] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"record 3 of .*train.records is not what was written there; delete"):
        store.splits()


def test_what_is_cut_longer_or_no_store_is_named(tmp_path):
    store = written(tmp_path)
    path = store.directory / "test.records"
    whole = path.read_bytes()
    for content in (whole[:-1], whole + b"\0" * 20):
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"test.records must have \d+ records of 20 bytes, but has"):
            open_store(store.directory)
    path.unlink()
    with pytest.raises(StoreError, match="but has 0 bytes"):
        open_store(store.directory)
    told = json.loads((store.directory / "store.json").read_text())
    (store.directory / "store.json").write_text(json.dumps(told | {"format": 99}))
    with pytest.raises(StoreError, match="its format is 99, not 2"):
        open_store(store.directory)
    (store.directory / "store.json").write_text(json.dumps({"layout": 3}))
    with pytest.raises(StoreError, match="does not describe a store"):
        open_store(store.directory)
    with pytest.raises(StoreError, match="there is no store of decoded data"):
        open_store(tmp_path / "nothing")


def test_a_description_that_was_changed_is_named(tmp_path):
    path = written(tmp_path).directory / "store.json"
    whole = path.read_text()
    for content in (whole.replace("255", "254"), whole.replace("so many", "so maNy"), "[" * 100_000):
        path.write_text(content)
        with pytest.raises(StoreError, match=r"store.json does not describe a store \(.*delete .* and decode again"):
            open_store(path.parent)
    path.write_text(whole)
    assert open_store(path.parent).layout.high == 255


def test_a_file_that_is_cut_while_it_is_read_is_named(tmp_path):
    store = written(tmp_path)
    stream = store.stream("train", 4)
    batches = stream.start(ALONE, None)
    next(batches)
    with (store.directory / "train.records").open("r+b") as file:
        file.truncate(10)
    with pytest.raises(StoreError, match="ends before its record"):
        next(batches)


def test_nothing_is_left_of_what_could_not_be_written(tmp_path):
    def breaks():
        yield from samples(5)
        raise ValueError("the decoder stumbled")

    with pytest.raises(ValueError, match="stumbled"):
        write_store(tmp_path / "store", LAYOUT, breaks(), part_of)
    with pytest.raises(ValueError, match=r"every sample must be uint8\[4, 3, 1\], but one is uint8\[3, 4, 1\]"):
        write_store(tmp_path / "store", LAYOUT, [(np.zeros((3, 4, 1), np.uint8), 0)], part_of)
    assert list(tmp_path.iterdir()) == []
    written(tmp_path)
    with pytest.raises(StoreError, match="exists already; choose another directory, or delete it"):
        written(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises((WriteError, NotADirectoryError)):
        write_store(tmp_path / "file" / "store", LAYOUT, samples(), part_of)


def test_labels_and_parts_that_are_not_there(tmp_path):
    store = write_store(tmp_path / "plain", LAYOUT._replace(label_names=()), samples(), lambda content: "train")
    assert store.splits().train.labels is None
    with pytest.raises(ValueError, match="mine has no labels to learn under"):
        store.stream("train", 4, conditional=True)
    with pytest.raises(ValueError, match="the test part of mine is empty"):
        store.stream("test", 4)


def test_memory_does_not_grow_with_what_was_read(tmp_path):
    """Half a gigabyte is read from a file of 32 MB; the resident size hardly changes."""
    rows = RNG.integers(0, 256, (4000, 64, 128, 1), dtype=np.uint8)
    store = write_store(tmp_path / "s", Layout("m", (64, 128, 1)), ((row, 0) for row in rows), lambda content: "train")
    batches = store.stream("train", 50).start(ALONE, None)
    for _ in range(100):
        next(batches)
    before = resident()
    for _ in range(1200):
        next(batches)
    assert resident() - before < 8 << 20


KILLED = """
import sys, time
import jax
from igm_jax.data import open_store
from igm_jax.training import train
from tests.data.test_store import QUIET, run_of

store = open_store(sys.argv[1])
read = store._rows
store._rows = lambda part, numbers: time.sleep(0.02) or read(part, numbers)
with jax.numpy_dtype_promotion("standard"):
    train(run_of(store), jax.random.key(0), 60, directory=sys.argv[2], **QUIET)
"""

QUIET = {"progress": False, "chunk": 5, "every": 10, "log_every": 1}


def run_of(store):
    gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
    return training(particles(np.zeros((8, 12))), gap, optax.adam(0.1), store.stream("train", 8, seed=1), 8)


def test_a_run_killed_in_mid_stream_ends_in_the_same_bits(tmp_path, key):
    """kill -9 while images are read from the disk; the run goes on with the image after the last that it learned from."""
    store = written(tmp_path, 100)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, "-c", KILLED, str(store.directory), str(tmp_path / "killed")]
    victim = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT)
    end = time.monotonic() + 120
    while (
        not (tmp_path / "killed" / "checkpoints" / "20").is_dir() and time.monotonic() < end and victim.poll() is None
    ):
        time.sleep(0.01)
    victim.kill()
    assert victim.wait() == -signal.SIGKILL
    with jax.numpy_dtype_promotion("standard"):  # optax's Adam adds an integer count to a float
        assert 20 <= restore(run_of(store), tmp_path / "killed").step < 60
        again = train(run_of(open_store(store.directory)), key, 60, directory=tmp_path / "killed", **QUIET)
        whole = train(run_of(store), key, 60, directory=tmp_path / "whole", **QUIET)
    assert toys.same(again.state, whole.state)


def test_of_many_rows_some_are_drawn_of_all_classes(tmp_path):
    """Rows lie as the folders do, class by class; the first ones would be of one class."""
    rows = RNG.integers(0, 256, (300, 4, 3, 1), dtype=np.uint8)
    layout = LAYOUT._replace(label_names=("a", "b"))
    store = write_store(
        tmp_path / "s", layout, ((row, n // 150) for n, row in enumerate(rows)), lambda content: "train"
    )
    few = store.splits(60).train
    assert (len(few.values), set(few.labels.tolist())) == (60, {0, 1})
    places = [int(np.abs(store.scaling.scaled(rows.reshape(300, -1)) - row).max(1).argmin()) for row in few.values]
    np.testing.assert_array_equal(few.labels, np.array(places) // 150)
    assert len(set(places)) == 60
