import json

import numpy as np
import pytest

from igm_jax.arrays import read_npz
from igm_jax.features import EncoderFileError, load_encoder, save_encoder
from igm_jax.files import write_npz
from tests.features.small import classifier


@pytest.fixture
def path(tmp_path):
    return save_encoder(tmp_path / "encoder.npz", classifier())


def changed(path, change):
    arrays = read_npz(path)
    told = json.loads(str(arrays["encoder"]))
    change(arrays, told)
    write_npz(path, arrays | {"encoder": json.dumps(told)})


def test_what_is_read_is_what_was_written(path):
    got, expected = load_encoder(path), classifier()
    for name in ("name", "architecture", "distances", "fingerprint", "data", "recipe", "seed", "scores", "story"):
        assert getattr(got, name) == getattr(expected, name), name
    assert set(got.parameters) == set(expected.parameters)
    for name, array in expected.parameters.items():
        np.testing.assert_array_equal(got.parameters[name], array)
    assert got.network == expected.network


def flipped(arrays, told):
    del told
    arrays["parameter/stage2/kernel"].view(np.uint8).reshape(-1)[17] ^= 1


@pytest.mark.parametrize(
    "change",
    [
        flipped,
        lambda arrays, told: told.update(seed=1),
        lambda arrays, told: told["distances"].update(stage1=[1.0, 1.0]),
        lambda arrays, told: told["recipe"].update(steps=31),
        lambda arrays, told: told.update(data="0"),
    ],
    ids=["a bit of a parameter", "seed", "distance", "recipe", "data"],
)
def test_the_fingerprint_tells_every_change(change, path):
    changed(path, change)
    with pytest.raises(
        EncoderFileError, match=r"is damaged: its fingerprint should be .* `python -m experiments.encoder"
    ):
        load_encoder(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays, told: arrays.pop("parameter/stage2/kernel"),
        lambda arrays, told: arrays.update({"parameter/code/bias": np.zeros(3, np.float32)}),
        lambda arrays, told: told.pop("distances"),
        lambda arrays, told: told["architecture"].update(depth=3),
        lambda arrays, told: told["architecture"].update(width=10**30),
        lambda arrays, told: told.update(fingerprint=5),
        lambda arrays, told: told.update(recipe=[1]),
    ],
    ids=[
        "lacks a parameter",
        "another shape",
        "lacks the distances",
        "another architecture",
        "huge",
        "no text",
        "a list",
    ],
)
def test_a_file_of_another_version_is_refused_with_the_command(change, path):
    changed(path, change)
    with pytest.raises(EncoderFileError, match=r"no encoder of this version .* `python -m experiments.encoder"):
        load_encoder(path)


def test_files_that_are_cut_off_no_encoder_or_not_there_are_refused_with_the_command(path, tmp_path):
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(EncoderFileError, match=r"no whole encoder .* `python -m experiments.encoder"):
        load_encoder(path)
    other = write_npz(tmp_path / "other.npz", {"x": np.zeros(3)})
    with pytest.raises(EncoderFileError, match=r"no encoder of this version .* `python -m experiments.encoder"):
        load_encoder(other)
    with pytest.raises(FileNotFoundError, match=r"there is no encoder .* `python -m experiments.encoder"):
        load_encoder(tmp_path / "none.npz")
