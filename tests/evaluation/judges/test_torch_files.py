"""Checkpoints of PyTorch: numbers of both formats come back; what would run, fill the memory or reach beyond is refused."""

import hashlib
import pickle
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import read_torch
from igm_jax.evaluation.judges.torch_pickles import DTYPES
from tests.evaluation.judges.checkpoints import (
    LITTLE,
    named,
    parameter,
    plain,
    program,
    streamed,
    table,
    tensor,
    zipped,
)
from tests.evaluation.judges.test_torch_pickles import Command

SIX = np.arange(6, dtype="<f4").tobytes()
ROW = tensor("FloatStorage", "0", 6, (6,), (1,))
WRITERS = pytest.mark.parametrize("write", [streamed, zipped])


def one(**options):
    """The instructions for a model of one tensor, in a storage of six numbers."""
    return table({"w": tensor("FloatStorage", "0", 6, **{"shape": (2, 3), "strides": (3, 1), **options})})


@WRITERS
def test_every_type_comes_back(tmp_path, write):
    arrays = {kind: np.array([0, 1, 3]).astype(dtype) for kind, dtype in DTYPES.items()}
    values = {kind: tensor(kind, kind, 3, (3,), (1,)) for kind in arrays}
    found = read_torch(write(tmp_path / "m.pt", table(values), [(kind, 3, x.tobytes()) for kind, x in arrays.items()]))
    assert list(found.tensors) == list(DTYPES)
    for kind, array in arrays.items():
        assert found.tensors[kind].dtype == array.dtype
        np.testing.assert_array_equal(found.tensors[kind], array)
    assert found.tensors["BFloat16Storage"].dtype == jnp.bfloat16


@WRITERS
def test_views_names_and_metadata(tmp_path, write):
    transposed = tensor("FloatStorage", "0", 6, (3, 2), (1, 3))
    inner = table({"a.weight": transposed, "b": parameter(tensor("FloatStorage", "0", 6, (2,), (2,), 1))})
    more = b"](" + tensor("FloatStorage", "0", 6, (), (), 5) + tensor("FloatStorage", "0", 6, (0, 4), (4, 1), 6) + b"e"
    repeated = tensor("FloatStorage", "0", 6, (2, 3), (0, 1), 3)
    value = table({"state_dict": inner, "list": more, "again": repeated, "epoch": 7, "name": "net", "none": None})
    path = write(tmp_path / "m.pt", value, [("0", 6, SIX)])
    found = read_torch(path)
    assert found.metadata == {"epoch": "7", "name": "net"}
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    expected = {
        "state_dict.a.weight": [[0, 3], [1, 4], [2, 5]], "state_dict.b": [1, 3], "list.0": 5, "list.1": np.zeros((0, 4)),
        "again": [[3, 4, 5], [3, 4, 5]],
    }  # fmt: skip
    assert set(found.tensors) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found.tensors[name], np.array(array, np.float32), strict=True)
        assert found.tensors[name].flags.writeable


@WRITERS
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (one(shape=(2, 4)), "reaches beyond its storage of 6"),
        (one(offset=1), "reaches beyond"),
        (one(strides=(2**62, 1)), "reaches beyond"),
        (one(offset=2**70), "reaches beyond"),
        (one(shape=(0, 3), offset=7), "reaches beyond"),
        (one(shape=(1,) * 33, strides=(1,) * 33), "are not up to 32 numbers"),
        (one(shape=(2**40, 1), strides=(0, 1)), "more than 4 times its size"),
        (one(shape=(2**63, 2**63), strides=(0, 0)), "more than 4 times its size"),
        (one(shape=(0, 2**62, 2**62), strides=(0, 0, 0)), "more than 4 times its size"),
        (table({f"w{i}": tensor("FloatStorage", "0", 6, (400,), (0,)) for i in range(20)}), "more than 4 times"),
        (table({"a.b": ROW, "a": table({"b": ROW})}), "two things in it are called 'a.b'"),
        (table({"a": named("torch", "FloatStorage"), "b": ROW}), "'a' in it is no tensor"),
        (table({"v": ROW, "w": tensor("IntStorage", "0", 6, (6,), (1,))}), "described in two ways"),
        (
            table({"v": ROW, "w": tensor("FloatStorage", "1", 6, (6,), (1,))}),
            "storage '1' is not there|'data/1' is not",
        ),
        (table({"v": ROW, "w": b"]q\x01h\x01a"}), "nested without end"),
    ],
)
def test_tensors_that_are_none(tmp_path, write, value, text):
    path = write(tmp_path / "m.pt", value, [("0", 6, SIX)])
    with pytest.raises(ValueError, match=rf"m.pt' must be a PyTorch checkpoint of tensors, but .*({text}).*torch.save"):
        read_torch(path)


@WRITERS
def test_laughter_ends(tmp_path, write):
    # Each list holds the one inside it twice: a file of 400 bytes, and 2²⁵ leaves.
    value = b"](K\x01e"
    for i in range(25):
        value = b"](" + value + b"q" + bytes([100 + i]) + b"h" + bytes([100 + i]) + b"e"
    with pytest.raises(ValueError, match="nested without end"):
        read_torch(write(tmp_path / "m.pt", table({"list": value}), [("0", 6, SIX)]))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_no_pickle_of_a_stream_runs(tmp_path, place):
    hostile = pickle.dumps(Command(tmp_path / "made"), 2)
    path = streamed(tmp_path / "m.pt", one(), [("0", 6, SIX)], heads=[(place, hostile)])
    with pytest.raises(ValueError, match=r"does not begin as one|it names 'posix.mkdir'"):
        read_torch(path)
    path = streamed(tmp_path / "m.pt", hostile[2:-1])
    with pytest.raises(ValueError, match=r"it names 'posix.mkdir'"):
        read_torch(path)
    content = streamed(tmp_path / "m.pt", one()).read_bytes().removesuffix(pickle.dumps([], 2)) + hostile
    (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"it names 'posix.mkdir'"):
        read_torch(tmp_path / "m.pt")
    with pytest.raises(ValueError, match=r"it names 'posix.mkdir'"):
        read_torch(zipped(tmp_path / "m.pt", hostile[2:-1]))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"storages": [("0", 6, SIX[:-1])]}, "not there with its 6 numbers; it may be cut off"),
        ({"storages": [("0", 5, SIX)]}, "not there with its 6 numbers"),
        ({"storages": [("0", 2**62, SIX)]}, "not there with its 6 numbers"),
        ({"storages": [("0", 6, SIX), ("9", 6, SIX)]}, "storage '9' whose type is not told"),
        ({"storages": [("0", 6, SIX), ("0", 6, SIX)]}, "does not list its storages"),
        ({"storages": [("0", 6, SIX)], "end": b"!"}, "1 bytes follow after its end"),
        ({"storages": [], "heads": [(2, pickle.dumps({**LITTLE, "little_endian": False}, 2))]}, "are big-endian"),
        ({"storages": [], "heads": [(1, pickle.dumps(1000, 2))]}, "does not begin as one"),
        ({"storages": [], "heads": [(0, b"hello")]}, "does not begin as one"),
        ({"storages": []}, "storage '0' is not there"),
    ],
)
def test_streams_that_are_damaged(tmp_path, options, text):
    with pytest.raises(ValueError, match=text):
        read_torch(streamed(tmp_path / "m.pt", one(), **options))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"members": [("byteorder", b"big")]}, "are big-endian"),
        ({"members": [("data/0", SIX[:-1])]}, "storage '0' of 6 numbers .* cannot have 23 bytes"),
        ({"members": [("constants.pkl", b"")]}, "or of TorchScript"),
        ({"members": [("data.pkl", b"\x80\x02K\x01")]}, "a pickle in it is damaged"),
        ({"compression": zipfile.ZIP_DEFLATED}, "larger than the whole|not there, or compressed"),
    ],
)
def test_zip_files_that_are_damaged(tmp_path, options, text):
    with pytest.raises(ValueError, match=text):
        read_torch(zipped(tmp_path / "m.pt", one(), **{"storages": [("0", 6, SIX)], **options}))


def test_zip_files_that_would_fill_the_memory(tmp_path):
    path = zipped(tmp_path / "m.pt", one(), [("0", 6, bytes(10**6))], compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="its parts are said to be larger than the whole"):
        read_torch(path)


def test_a_member_whose_bits_are_flipped(tmp_path):
    path = zipped(tmp_path / "m.pt", one(), [("0", 6, SIX)])
    content = path.read_bytes()
    path.write_bytes(content.replace(SIX, SIX[:-1] + b"\x00"))
    with pytest.raises(ValueError, match="'data/0' is damaged \\(BadZipFile"):
        read_torch(path)
    path.write_bytes(content[:-30])
    with pytest.raises(ValueError, match="its zip file is damaged"):
        read_torch(path)


def test_no_cut_and_no_flipped_byte_is_more_than_a_value_error(tmp_path):
    rng = np.random.default_rng(0)
    for write in (streamed, zipped):
        content = write(tmp_path / "m.pt", one(), [("0", 6, SIX)]).read_bytes()
        for place in rng.choice(len(content), 100, replace=False):
            flipped = bytearray(content)
            flipped[place] ^= int(rng.integers(1, 256))
            for damaged in (bytes(flipped), content[:place]):
                (tmp_path / "m.pt").write_bytes(damaged)
                try:
                    found = read_torch(tmp_path / "m.pt").tensors
                except ValueError as error:
                    assert "must be a PyTorch checkpoint of tensors, but" in str(error)  # noqa: PT017
                else:
                    assert sum(array.nbytes for array in found.values()) <= 4 * len(damaged)


def test_other_files(tmp_path):
    path = tmp_path / "m.pt"
    path.write_bytes(program(plain("hello")))
    with pytest.raises(ValueError, match="does not begin as one"):
        read_torch(path)
    with pytest.raises(ValueError, match=f"must have the SHA-256 {'0' * 64}, but has"):
        read_torch(path, sha256="0" * 64)
    with pytest.raises(FileNotFoundError):
        read_torch(tmp_path / "absent.pt")
    with pytest.raises(OSError, match="is not a regular file"):
        read_torch(tmp_path)
