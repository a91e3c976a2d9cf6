"""Targets from people's own files: what the command line reads, says and trains on."""

import numpy as np
import pytest

from experiments.configs.own import file, images, table
from igm_jax.batches import Batch

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    for number in range(150):
        place = tmp_path / "mine" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(place / f"{number}.png")
    return tmp_path / "mine"


def test_a_folder_of_images(folder, capsys):
    problem = images(folder).build()
    assert problem.of_images
    assert problem.space.image_shape == (8, 8, 3)
    assert problem.splits.label_names == ("a", "b")
    assert problem.fingerprint == problem.splits.digest
    assert "150 images from" in capsys.readouterr().err
    assert problem.stream is None


def test_a_stream_of_images_is_judged_as_those_in_memory(folder, tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    memory, problem = images(folder).build(), images(folder, stream=True).build()
    assert (tmp_path / "results" / "decoded").is_dir()
    np.testing.assert_array_equal(
        np.sort(problem.some(["test"], 100), axis=0), np.sort(memory.some(["test"], 100), axis=0)
    )
    stream = problem.stream(32, 0)
    assert stream.spec.values.shape == (32, 192)
    batch = next(stream.start((0, 1), None)).values
    known = np.asarray(memory.splits.train.values)
    nearest = np.abs(batch[:, None] - known[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-6


def test_rows_of_a_file_stay_as_they_are(tmp_path, capsys):
    x = RNG.normal(5, 100, (60, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    problem = file(tmp_path / "x.npy").build()
    rows = problem.some(["train", "validation", "test"], 100)
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(x, axis=0))
    assert not problem.of_images
    assert "60" in capsys.readouterr().err


def test_images_of_a_file_keep_their_shape(tmp_path):
    np.save(tmp_path / "x.npy", RNG.integers(0, 256, (60, 6, 5, 3), dtype=np.uint8))
    problem = file(tmp_path / "x.npy").build()
    assert problem.space.image_shape == (6, 5, 3)
    assert problem.splits.train.values.min() >= -1


def test_a_table_without_and_with_conditions(tmp_path, key):
    rows = RNG.normal(size=(200, 3)).round(4)
    text = "\n".join(["a,b,c", *(",".join(map(str, row)) for row in rows)])
    (tmp_path / "x.csv").write_text(text)
    whole = table(tmp_path / "x.csv").build()
    assert (whole.space.dim, whole.splits.columns, whole.pairs) == (3, ("a", "b", "c"), None)
    some = table(tmp_path / "x.csv", outcome=("b",), condition=("a", "c")).build()
    assert (some.space.dim, some.splits.columns) == (3, ("b", "a", "c"))
    batch = some.pairs.given(key, 7)
    assert isinstance(batch, Batch)
    assert (batch.values.shape, batch.condition.shape) == ((7, 1), (7, 2))
    back = some.splits.undone(np.asarray(some.splits.test.values))[:, 0]
    assert np.abs(back[:, None] - rows[None, :, 1]).min(axis=1).max() < 1e-5


def test_few_samples_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((19, 2)))
    with pytest.raises(ValueError, match="expected at least 20 samples"):
        file(tmp_path / "x.npy").build()
