"""Files of samples: what is read, and what each kind of bad file is told."""

import io
import pathlib
import struct
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import arrays
from igm_jax.distributions import load_samples, sample_shape

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


class Trap:
    """Unpickling this leaves a mark."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ">f4", np.longdouble])
def test_npy_is_read_as_it_was_saved(tmp_path, dtype):
    np.save(tmp_path / "x.npy", X.astype(dtype))
    loaded = load_samples(tmp_path / "x.npy")
    assert loaded.dtype == jnp.float32
    np.testing.assert_array_equal(loaded, X.astype(dtype).astype(np.float32))


def test_double_precision_is_kept_where_it_is_on(tmp_path, x64):
    x = X.astype(np.float64) + 1e-12
    np.save(tmp_path / "x.npy", x)
    np.testing.assert_array_equal(load_samples(str(tmp_path / "x.npy")), x)


def test_integers_and_booleans_become_floats(tmp_path):
    np.save(tmp_path / "i.npy", np.array([[0, 255], [2**40, -3]]))
    np.testing.assert_array_equal(load_samples(tmp_path / "i.npy"), np.array([[0, 255], [2.0**40, -3]], np.float32))
    np.save(tmp_path / "b.npy", np.eye(2, dtype=bool))
    np.testing.assert_array_equal(load_samples(tmp_path / "b.npy"), np.eye(2))


@pytest.mark.parametrize("shape", [(3, 2, 5), (3, 2, 5, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_images_are_flattened_in_row_major_order(tmp_path, shape, order):
    images = np.asarray(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), order=order)
    np.save(tmp_path / "x.npy", images)
    np.testing.assert_array_equal(load_samples(tmp_path / "x.npy"), images.reshape(3, -1))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, save):
    save(tmp_path / "one.npz", images=X)
    np.testing.assert_array_equal(load_samples(tmp_path / "one.npz"), X)
    save(tmp_path / "two.npz", images=X, labels=np.zeros(6), rest=np.array([{}]))
    np.testing.assert_array_equal(load_samples(tmp_path / "two.npz", "images"), X)
    with pytest.raises(ValueError, match=r"holds 3 arrays: 'images', 'labels', 'rest'; say which .* `key`"):
        load_samples(tmp_path / "two.npz")
    with pytest.raises(ValueError, match=r"`key` must be one of .*'images', 'labels', 'rest'; but is 'image'"):
        load_samples(tmp_path / "two.npz", key="image")
    with pytest.raises(ValueError, match="pickled Python objects"):
        load_samples(tmp_path / "two.npz", key="rest")


def test_the_name_does_not_matter(tmp_path):
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    np.testing.assert_array_equal(load_samples(tmp_path / "x.npz"), X)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; check the path"):
        load_samples(tmp_path / "x.npy")
    with pytest.raises(FileNotFoundError, match="is a directory"):
        load_samples(tmp_path)


def test_a_key_for_a_single_array(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match="no keys, but `key` is 'x'"):
        load_samples(tmp_path / "x.npy", "x")


@pytest.mark.parametrize("content", [b"", b"1.0,2.0\n3.0,4.0\n", b"\x89PNG\r\n\x1a\n", b"\x80\x04K\x01."])
def test_other_types(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"expected a .npy or .npz file .* save samples with `numpy.save"):
        load_samples(tmp_path / "x.npy")


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_pickles_are_refused_and_never_run(tmp_path, kind):
    array = np.array([[Trap(tmp_path / "mark")]], dtype=object)
    if kind == "npy":
        np.save(tmp_path / "x", array, allow_pickle=True)
    else:
        np.savez(tmp_path / "x", array)
    with pytest.raises(ValueError, match="pickled Python objects"):
        load_samples(tmp_path / f"x.{kind}")
    assert not (tmp_path / "mark").exists()


def stored(save):
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        stored(lambda b: np.save(b, X)),
        stored(lambda b: np.savez(b, x=X)),
        stored(lambda b: np.savez_compressed(b, x=X, y=X)),
    ],
    ids=["npy", "npz", "compressed"],
)
def test_every_truncation_is_noticed(tmp_path, content):
    path = tmp_path / "x"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"expected .* file of samples|truncated"):
            load_samples(path, None if content[:1] == b"\x93" else "x")


def test_a_truncated_array_says_how_many_bytes_are_missing(tmp_path):
    content = stored(lambda b: np.save(b, X))
    (tmp_path / "x.npy").write_bytes(content[:-10])
    with pytest.raises(ValueError, match=r"\(6, 4\) and dtype float32 needs 96 bytes, but 86 are there"):
        load_samples(tmp_path / "x.npy")


def test_a_giant_header_is_not_believed(tmp_path):
    content = stored(
        lambda b: np.lib.format.write_array_header_1_0(
            b, {"descr": "<f8", "fortran_order": False, "shape": (10**15, 10**15)}
        )
    )
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match="truncated"):
        load_samples(tmp_path / "x.npy")


@pytest.mark.parametrize(("position", "value"), [(10, 0x28), (20, 0), (6, 9)])
def test_a_damaged_header(tmp_path, position, value):
    content = bytearray(stored(lambda b: np.save(b, X)))
    content[position] = value
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"header .* is truncated or damaged"):
        load_samples(tmp_path / "x.npy")


def test_a_flipped_bit_in_a_zip_is_noticed(tmp_path):
    content = bytearray(stored(lambda b: np.savez(b, x=X)))
    content[200] ^= 1
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match="truncated or damaged"):
        load_samples(tmp_path / "x.npz")


def test_a_zip_without_arrays(tmp_path):
    np.savez(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="zip file without arrays"):
        load_samples(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros(3), r"but .* has shape \(3,\); reshape it"),
        (np.zeros((2, 1, 1, 1, 1)), r"expected samples of shape"),
        (np.zeros((10**9, 0)), "at least one feature"),
        (np.float32(1.0), r"has shape \(\)"),
        (np.zeros((0, 3)), "at least 1 sample"),
        (np.zeros((3, 0)), "at least one feature"),
        (np.array([["a"]]), "expected real numbers, but .* dtype <U1"),
        (np.array([[1j]]), "dtype complex128"),
        (np.zeros((2, 2), [("a", "f4")]), "expected real numbers"),
        (np.array([[0.0, np.nan]]), r"NaN or infinite \(the first at index \(0, 1\)\)"),
        (np.array([[np.inf, 0.0]]), "NaN or infinite"),
        (np.array([[1e300, 0.0]]), "numbers of size 1e.300, but float32 ends at"),
    ],
)
def test_bad_arrays(tmp_path, array, text):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(ValueError, match=text):
        load_samples(tmp_path / "x.npy")


@pytest.mark.parametrize("shape", [(3, 4), (3, 2, 2), (3, 2, 2, 1)])
def test_images_of_the_shape_that_was_asked_for(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.ones(shape))
    assert load_samples(tmp_path / "x.npy", image_shape=(2, 2, 1)).shape == (3, 4)
    assert sample_shape(tmp_path / "x.npy") == shape
    with pytest.raises(ValueError, match=r"`image_shape` must be that of the images in the file, .* but is 4 3 1"):
        load_samples(tmp_path / "x.npy", image_shape=(4, 3, 1))


def npy(header: bytes, data: bytes = b"", version: int = 1) -> bytes:
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%b)}"


@pytest.mark.parametrize(
    "content",
    [
        npy(HEADER % b"10000000000, 0"),
        npy(HEADER % b"-1, -4", bytes(16)),
        npy(HEADER % b"99999999999999999999999999, 2", bytes(16)),
        npy(HEADER % b"True, 4", bytes(16)),
        npy(b"(" * 9000),
        npy(b"-" * 9000 + b"1"),
        npy(b"{[]: 1}"),
        npy(b"{'descr': '<f4', 2: False, 'shape': (1, 4)}"),
        npy(b"{'descr': [('a', 'b', 'c', 'd')], 'fortran_order': False, 'shape': (1, 4)}"),
        npy(b"{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (1, 4)}"),
        npy(b"\xff\xfe" * 50, version=2),
        npy(b" " * 20_000, version=2),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
    ],
)
def test_hostile_headers_end_with_a_sentence(tmp_path, content):
    for name in ("x.npy", "x.npz"):
        if name == "x.npz":
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                archive.writestr("a.npy", content)
        else:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"header .* damaged|must hold at least|needs \d+ bytes|is -?\d+"):
            load_samples(tmp_path / name)


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "LARGEST_UNPACKED", 10_000)
    content = stored(lambda b: np.savez_compressed(b, x=np.zeros((1000, 1000), np.uint8)))
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match="would become 1000000 in memory"):
        load_samples(tmp_path / "x.npz")


def test_a_name_with_a_null_byte_is_no_file():
    with pytest.raises(ValueError, match="holds a null character"):
        load_samples("x\0.npy")


def test_what_is_loaded_is_a_base_for_draws(tmp_path, key):
    from igm_jax.distributions import dataset

    np.save(tmp_path / "x.npy", X)
    assert jax.eval_shape(lambda key: dataset(load_samples(tmp_path / "x.npy"))(key, 3), key).shape == (3, 4)
