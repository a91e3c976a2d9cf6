"""Files of known networks: both formats are told by their content, and what does not fit is named at once."""

import numpy as np
import pytest

from igm_jax.evaluation.judges.parameters import check_tensors, read_parameters
from tests.evaluation.judges.checkpoints import streamed, table, tensor, zipped
from tests.evaluation.judges.test_safetensors import written

VALUE = np.arange(3, dtype=np.float32)


def test_headers_that_begin_like_pickles_are_told_from_them(tmp_path):
    # The length of the header is the file's first number; 128 is what a pickle begins with.
    for length in range(1, 257):
        path = written(tmp_path / "any.bin", {"w" * length: ("F32", VALUE)})
        if path.read_bytes()[0] == 128:
            break
    assert path.read_bytes()[0] == 128
    assert read_parameters(path).tensors["w" * length].tolist() == [0, 1, 2]


def test_checkpoints_of_both_formats_are_read_whatever_they_are_called(tmp_path):
    for write in (streamed, zipped):
        content = table({"w": tensor("FloatStorage", "0", 3, (3,), (1,))})
        path = write(tmp_path / "any.safetensors", content, [("0", 3, VALUE.tobytes())])
        found = read_parameters(path)
        assert found.tensors["w"].tolist() == [0, 1, 2]
        with pytest.raises(ValueError, match="must have the SHA-256 00"):
            read_parameters(path, sha256="00")


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "text.pth"
    path.write_text("no tensors")
    with pytest.raises(ValueError, match="must be a safetensors file"):
        read_parameters(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="must be a safetensors file"):
        read_parameters(path)


def test_every_fault_is_named_at_once():
    shapes = {name: (2,) for name in "abcdefg"}
    tensors = {"a": np.ones(3), "b": np.ones((2, 1)), "c": np.ones(2, int), "x": np.ones(2)}
    with pytest.raises(ValueError, match="must hold a network, but 4 tensors are missing") as caught:
        check_tensors("net.pth", tensors, shapes, "a network")
    assert str(caught.value) == (
        "'net.pth' must hold a network, but 4 tensors are missing ('d', 'e', 'f', ...), 1 tensor is too many ('x'), 2 tensors"
        " have another shape ('a': (3,) and not (2,), 'b': (2, 1) and not (2,)), 1 tensor holds no floating-point numbers"
        " ('c': int64); give that file"
    )
