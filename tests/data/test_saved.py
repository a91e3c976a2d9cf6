"""Folders that `save_to_disk` wrote, or that pretend to be: what is wrong with one is said."""

import pytest

from igm_jax.data import hugging_face
from igm_jax.data.saved import read
from tests.data import told

pyarrow = pytest.importorskip("pyarrow")

from tests.data.test_saved_sets import saved  # noqa: E402


def test_parts_follow_each_other_in_their_order(tmp_path):
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["test", "train", "other"]}')
    saved(tmp_path / "train", {"x": [1, 2, 3]}, files=2)
    saved(tmp_path / "test", {"x": [4]})
    found = read(tmp_path)
    assert found.table["x"].to_pylist() == [4, 1, 2, 3]
    assert (found.given.tolist(), found.unused, found.features) == ([2, 0, 0, 0], ("other",), {})
    saved(tmp_path / "test", {"y": [4]})
    assert told(read, tmp_path) == f"the parts of {tmp_path} differ in their columns; give the folder of one of them"


def test_faults_of_folders_are_named(tmp_path):
    def fault():
        return told(hugging_face, tmp_path).replace(str(tmp_path), "DIR")

    assert fault() == (
        "expected a data set that `save_to_disk` wrote at DIR, but neither dataset_dict.json nor state.json is there; check the"
        " path"
    )
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["../x"]}')
    assert fault() == (
        "DIR/dataset_dict.json is truncated or damaged (its splits are not a list of names); copy or download it again"
    )
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["test"]}')
    assert fault() == "DIR has no part that is called train, but test; give the folder of one of them"
    (tmp_path / "dataset_dict.json").write_text('{"splits": ')
    assert fault().startswith("DIR/dataset_dict.json is truncated or damaged (JSONDecodeError:")
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "/etc/passwd"}]}')
    assert (
        fault()
        == "DIR/state.json is truncated or damaged (its data files are not a list of names); copy or download it again"
    )
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "x.arrow"}]}')
    assert fault() == "expected a part of the data set at DIR/x.arrow, but it does not exist; copy it again"
    (tmp_path / "x.arrow").write_bytes(b"nothing of Arrow's")
    assert fault().startswith("DIR/x.arrow is truncated or damaged (ArrowInvalid:")
    (tmp_path / "x.arrow").write_bytes(
        (saved(tmp_path / "y", {"x": [1.0] * 30}) / "data-00000-of-00001.arrow").read_bytes()[:-300]
    )
    assert fault().startswith("DIR/x.arrow is truncated or damaged (")
    saved(tmp_path, {"text": ["x"] * 30})
    assert fault() == "DIR has no column of images or numbers, but text"
