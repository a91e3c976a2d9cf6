"""Idx files, packed or not: what is in them, and what cannot be."""

import gzip
import struct

import numpy as np
import pytest

from igm_jax.data import archives, idx
from igm_jax.data.idx_files import read_idx
from tests.data import told
from tests.data.test_arrays import joined, same_rows

RNG = np.random.default_rng(0)
CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def stored(array, dtype="u1"):
    return (
        bytes([0, 0, CODES[dtype], array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(dtype).tobytes()
    )


def images(n):
    return RNG.integers(0, 256, (n, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("dtype", CODES)
def test_every_type_is_read(dtype, tmp_path):
    array = RNG.integers(0, 100, (3, 2)).astype(dtype)
    (tmp_path / "x").write_bytes(stored(array, dtype))
    found = read_idx(tmp_path / "x")
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    (tmp_path / "x").write_bytes(gzip.compress(stored(array, dtype)))
    np.testing.assert_array_equal(read_idx(tmp_path / "x"), array)


@pytest.mark.parametrize(("between", "end"), [("-idx", ""), ("-idx", ".gz"), (".idx", ".gz")])
def test_a_folder_keeps_its_split(between, end, tmp_path):
    arrays = {"train-images-idx3": images(150), "train-labels-idx1": np.arange(150) % 10, "t10k-images-idx3": images(30),
              "t10k-labels-idx1": np.arange(30) % 10}  # fmt: skip
    for name, array in arrays.items():
        content = stored(array)
        file = tmp_path / f"{name.replace('-idx', between)}-ubyte{end}"
        file.write_bytes(gzip.compress(content) if end else content)
    data = idx(tmp_path)
    np.testing.assert_array_equal(data.undone(data.test.values)[..., 0], arrays["t10k-images-idx3"])
    np.testing.assert_array_equal(data.test.labels, arrays["t10k-labels-idx1"])
    same_rows(
        data.undone(np.concatenate([data.train.values, data.validation.values]))[..., 0], arrays["train-images-idx3"]
    )
    assert data.label_names == tuple("0123456789")
    assert data.report.notes == ("The test part is that of the files; validation is taken from their training part.",)
    (tmp_path / file.name).unlink()
    assert told(idx, tmp_path) == (
        f"expected t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz in {tmp_path}, but there is none; put it there, or give"
        " one file of images"
    )
    assert told(idx, tmp_path, "x") == f"`labels` goes with a file of images, but {tmp_path} is a folder; leave it out"


def test_one_file_with_labels_or_without(tmp_path):
    array = images(100)
    (tmp_path / "x.gz").write_bytes(gzip.compress(stored(array)))
    (tmp_path / "y").write_bytes(stored(np.arange(100) % 5))
    data = idx(tmp_path / "x.gz")
    same_rows(data.undone(joined(data))[..., 0], array)
    assert (data.name, data.train.labels) == ("x", None)
    labelled = idx(tmp_path / "x.gz", tmp_path / "y", name="mine")
    assert (labelled.name, labelled.report.classes["3"]) == ("mine", 20)
    (tmp_path / "y").write_bytes(stored(np.arange(99)))
    assert told(idx, tmp_path / "x.gz", tmp_path / "y") == (
        f"expected 100 integers, one for each image, but {tmp_path}/y holds uint8 of shape (99,); give the labels of these images"
    )
    assert told(idx, tmp_path / "y") == (
        f"expected images of shape (n, h, w), but {tmp_path}/y holds an array of shape (99,)"
    )


def test_headers_are_held_against_what_is_there(tmp_path, monkeypatch):
    path = tmp_path / "x"
    whole = stored(images(10))
    for content, has in ((whole[:-3], "117"), (whole + b"!", "more than 120")):
        for packed in (content, gzip.compress(content)):
            path.write_bytes(packed)
            assert told(read_idx, path) == (
                f"{path} is truncated or damaged (an array of shape (10, 4, 3) and type uint8 has 120 bytes, but it has {has});"
                " copy or download it again"
            )
    path.write_bytes(whole[:9])
    assert "it ends within its header" in told(read_idx, path)
    path.write_bytes(b"PK\x03\x04")
    assert told(read_idx, path) == (
        "expected an idx file, which begins with 0 0, a type and 1 to 4 dimensions, but"
        f" {path} begins with [80, 75, 3, 4]; give the file of MNIST or its like"
    )
    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 10_000)
    path.write_bytes(gzip.compress(stored(np.zeros((1000, 40, 40)))))
    assert told(read_idx, path) == (
        f"{path} takes {path.stat().st_size} bytes in its file and would become 1600000 in memory, as no data do; it is refused"
    )
