"""generator.json: what is written is read back, what is damaged is told, and arrays are held to their digest."""

import json
import zipfile

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax.distributions import dataset
from igm_jax.generators import particles, pushforward
from igm_jax.networks import mlp
from igm_jax.training import RunDirectoryError, RunMismatchError, training
from igm_jax.training.step import Run
from igm_jax.training.stored import read_generator, recipe_of_run, write_generator
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")
BASE = pushforward(mlp(2, 2, width=4), dataset(np.array([[0.1, 0.2], [0.3, 0.4]])))


def run_of(generator):
    return training(generator, toys.moments, optax.sgd(0.1), toys.target, 2)


@pytest.fixture
def kept(tmp_path):
    write_generator(tmp_path, recipe_of_run(run_of(BASE)), "mine")
    return tmp_path


def test_what_is_written_is_read(kept):
    assert {path.name for path in kept.iterdir()} == {"generator.json", "generator.npz"}
    assert read_generator(kept, "mine") == BASE


def test_writing_the_same_again_touches_nothing(kept):
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    write_generator(kept, recipe_of_run(run_of(BASE)), "mine")
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    other = particles(jnp.ones((2, 2)))
    write_generator(kept, recipe_of_run(run_of(other)), "mine")
    assert read_generator(kept, "mine") == other


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"{"])
def test_a_damaged_recipe_is_written_again(kept, content):
    (kept / "generator.json").write_bytes(content)
    write_generator(kept, recipe_of_run(run_of(BASE)), "mine")
    assert read_generator(kept, "mine") == BASE


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", "others"])
def test_arrays_that_are_missing_or_damaged_are_written_again(kept, content):
    path = kept / "generator.npz"
    if content is None:
        path.unlink()
    elif content == "others":
        names = json.loads((kept / "generator.json").read_text())["arrays"]
        np.savez(path, **dict.fromkeys(names, np.zeros((2, 2))))
    else:
        path.write_bytes(content)
    write_generator(kept, recipe_of_run(run_of(BASE)), "mine")
    assert read_generator(kept, "mine") == BASE


def test_a_run_that_is_put_together_by_hand_has_no_generator(tmp_path):
    run = run_of(BASE)
    assert recipe_of_run(run._replace(name="other")).value == recipe_of_run(run).value  # still made by `training`
    by_hand = Run(lambda key: run.init(key), lambda key, state: run.step(key, state))
    write_generator(tmp_path, recipe_of_run(by_hand), "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["generator.json"]
    with pytest.raises(RunMismatchError, match="`run` was put together by hand"):
        read_generator(tmp_path, "mine")


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ("{", RunDirectoryError, "cannot be read"),
        ("[" * 100_000, RunDirectoryError, "cannot be read"),
        ("[]", RunMismatchError, "has schema None"),
        ('{"schema": 2}', RunMismatchError, "has schema 2, but this version of igm_jax reads schema 1"),
        ('{"schema": 1, "generator": {}}', RunDirectoryError, "is damaged"),
        ('{"schema": 1, "generator": {}, "missing": {}, "arrays": {}}', RunMismatchError, "cannot be followed"),
    ],
)
def test_a_damaged_recipe_is_told(kept, content, error, told):
    (kept / "generator.json").write_text(content)
    with pytest.raises(error, match=f"{told}(.|\n)*generator=generator"):
        read_generator(kept, "mine")


def test_arrays_that_are_missing_damaged_or_others_are_told(kept):
    whole = (kept / "generator.npz").read_bytes()
    (kept / "generator.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunDirectoryError, match=r"generator.npz, which holds the generator's arrays, cannot be read"):
        read_generator(kept, "mine")
    names = json.loads((kept / "generator.json").read_text())["arrays"]
    np.savez(kept / "generator.npz", **dict.fromkeys(names, np.zeros((2, 2))))
    with pytest.raises(RunDirectoryError, match="holds another array"):
        read_generator(kept, "mine")
    (kept / "generator.npz").unlink()
    with pytest.raises(RunDirectoryError, match="cannot be read"):
        read_generator(kept, "mine")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1" + b"0" * 30 + b",), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ",
        b"{'descr': '|V9223372036854775807', 'fortran_order': False, 'shape': (1,), }",
    ],
)
def test_headers_that_somebody_made_up_are_told(kept, header):
    names = json.loads((kept / "generator.json").read_text())["arrays"]
    with zipfile.ZipFile(kept / "generator.npz", "w") as file:
        for name in names:
            file.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16))
    with pytest.raises(RunDirectoryError, match="cannot be read"):
        read_generator(kept, "mine")
    write_generator(kept, recipe_of_run(run_of(BASE)), "mine")
    assert read_generator(kept, "mine") == BASE


def test_a_zip_bomb_is_not_unpacked(kept, monkeypatch):
    monkeypatch.setattr("igm_jax.arrays.LARGEST_UNPACKED", 1000)
    names = json.loads((kept / "generator.json").read_text())["arrays"]
    np.savez_compressed(kept / "generator.npz", **dict.fromkeys(names, np.zeros(10**6)))
    with pytest.raises(RunDirectoryError, match=r"cannot be read .*would become"):
        read_generator(kept, "mine")


def test_a_full_disk_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        write_generator(tmp_path / "file", recipe_of_run(run_of(BASE)), "mine")


def test_what_was_changed_or_belongs_to_another_run_is_refused(kept):
    with pytest.raises(RunMismatchError, match=r"belongs to another run than .*config.json; build the generator"):
        read_generator(kept, "yours")
    path = kept / "generator.json"
    path.write_text(path.read_text().replace('"width": 4', '"width": 5'))
    with pytest.raises(RunDirectoryError, match="was changed since it was written"):
        read_generator(kept, "mine")
