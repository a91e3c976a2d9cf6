"""Files of parameters: every type comes back, and what is damaged is refused."""

import hashlib
import json

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import read_safetensors
from igm_jax.evaluation.judges.safetensors import DTYPES


def written(path, tensors, header=None, cut=None):
    """A file of ``{name: (type, array)}``; with another header, or cut off."""
    entries, numbers = {"__metadata__": {"from": "a test"}}, b""
    for name, (kind, array) in tensors.items():
        data = np.ascontiguousarray(array).tobytes()
        entries[name] = {
            "dtype": kind, "shape": list(np.shape(array)), "data_offsets": [len(numbers), len(numbers) + len(data)]
        }  # fmt: skip
        numbers += data
    text = json.dumps(entries if header is None else header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes((len(text).to_bytes(8, "little") + text + numbers)[:cut])
    return path


def test_every_type_comes_back(tmp_path):
    arrays = {
        kind: (kind, np.array([[1, 0, 3], [2, 1, 0]]).astype(dtype).reshape(3, 2)) for kind, dtype in DTYPES.items()
    }
    arrays["empty"], arrays["scalar"] = ("F32", np.zeros((0, 4), np.float32)), ("F64", np.array(2.5))
    found = read_safetensors(written(tmp_path / "all.safetensors", arrays))
    assert found.metadata == {"from": "a test"}
    assert set(found.tensors) == set(arrays)
    for name, (_, array) in arrays.items():
        assert found.tensors[name].dtype == np.asarray(array).dtype
        np.testing.assert_array_equal(found.tensors[name], array)


def test_bytes_mean_what_the_format_says(tmp_path):
    header = {
        "a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
        "b": {"dtype": "I16", "shape": [1, 1], "data_offsets": [4, 6]},
    }
    text = json.dumps(header).encode()
    path = tmp_path / "bytes.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes([0x80, 0x3F, 0x20, 0xC0, 0x02, 0x01]))
    found = read_safetensors(path).tensors
    assert found["a"].astype(np.float32).tolist() == [1.0, -2.5]
    assert found["a"].dtype == jnp.bfloat16
    assert found["b"].tolist() == [[258]]


def test_the_fingerprint_is_compared(tmp_path):
    path = written(tmp_path / "w.safetensors", {"w": ("F32", np.ones(2, np.float32))})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_safetensors(path, sha256=digest.upper()).sha256 == digest
    with pytest.raises(ValueError, match=f"must have the SHA-256 {'0' * 64}, but has {digest}"):
        read_safetensors(path, sha256="0" * 64)


ONE = {"w": ("F32", np.ones(2, np.float32))}
PADDING = {"rest": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"cut": 5}, "5 bytes do not hold the header"),
        ({"cut": 40}, "do not hold the header"),
        ({"cut": -1}, "do not fill the 7 bytes"),
        ({"header": [1]}, "does not name tensors"),
        ({"header": {"w": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}}, "has the type 'F8_E4M3'"),
        (
            {"header": {"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}},
            r"shape \[3\] .* cannot have 8 bytes",
        ),
        ({"header": {"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}}, r"has the shape \[-2\]"),
        ({"header": {"w": {"dtype": "F32", "shape": [2]}}}, "gives tensor 'w' no place"),
        ({"header": {"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}}, "without gaps"),
        ({"header": {"w": {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]}}}, r"has the type \['F32'\]"),
        ({"header": {"w": {"dtype": "F32", "shape": [2**63, 0], "data_offsets": [0, 0]}, **PADDING}}, "has the shape"),
        (
            {"header": {"w": {"dtype": "F32", "shape": [2**62] * 9999, "data_offsets": [0, 8]}}},
            r"has the shape \[4611686.{100,200}$",
        ),
    ],
)
def test_damage_is_told(tmp_path, options, text):
    path = written(tmp_path / "w.safetensors", ONE, **options)
    with pytest.raises(ValueError, match=text):
        read_safetensors(path)


@pytest.mark.parametrize(
    "place",
    [
        [0.0, 8.0], [0, 8.5], [False, 8], ["0", "8"], "08", [0, float("inf")], [0, float("nan")], [None, 8], None, 8, [8],
        [0, 8, 8], [8, 0], [-1, 8], [0, 2**63], [0, 2**70],
    ],
)  # fmt: skip
def test_places_that_are_no_byte_numbers(tmp_path, place):
    path = written(tmp_path / "w.safetensors", ONE, {"w": {"dtype": "F32", "shape": [2], "data_offsets": place}})
    with pytest.raises(ValueError, match=r"must be a safetensors file, but .* 'w' no place: .* but is"):
        read_safetensors(path)


def test_places_that_reach_beyond_the_file_and_back(tmp_path):
    header = {
        "w": {"dtype": "F32", "shape": [2**68], "data_offsets": [0, 2**70]},
        "v": {"dtype": "F32", "shape": [0], "data_offsets": [2**70, 8]},
    }
    with pytest.raises(ValueError, match="'w' no place"):
        read_safetensors(written(tmp_path / "w.safetensors", ONE, header))


def test_a_header_that_is_no_json(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes((4).to_bytes(8, "little") + b"oops")
    with pytest.raises(ValueError, match="must be a safetensors file, but its header is not JSON"):
        read_safetensors(path)
    with pytest.raises(FileNotFoundError):
        read_safetensors(tmp_path / "absent.safetensors")
