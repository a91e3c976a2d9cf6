"""Arrays of people's own as data sets: what is an image, what is a label, and whose split it is."""

import numpy as np
import pytest

from igm_jax.data import file
from igm_jax.distributions import load_samples
from tests.data import told

RNG = np.random.default_rng(0)


def joined(data, field="values"):
    return np.concatenate([getattr(part, field) for part in data[:3]])


def same_rows(one, other):
    assert sorted(map(bytes, np.ascontiguousarray(one))) == sorted(map(bytes, np.ascontiguousarray(other)))


def images(*shape, dtype=np.uint8):
    return RNG.integers(0, 256, shape).astype(dtype)


def test_rows_are_kept_as_load_samples_reads_them(tmp_path):
    rows = RNG.normal(5, 30, (120, 3))
    np.save(tmp_path / "x.npy", rows)
    data = file(tmp_path / "x.npy")
    same_rows(joined(data), np.asarray(load_samples(tmp_path / "x.npy")))
    assert (data.image_shape, data.name, data.report.what, data.report.dtype) == (None, "x", "rows", "float64")
    assert data.report.found == pytest.approx((rows.min(), rows.max()), rel=1e-6)
    assert data.report.scaled == ""
    scaled = file(tmp_path / "x.npy", value_range=(-400, 400), name="mine")
    np.testing.assert_allclose(joined(scaled).min(), rows.min() / 400, rtol=1e-5)
    assert scaled.name == "mine"


@pytest.mark.parametrize(
    ("shape", "image_shape", "asked"),
    [
        ((90, 5, 4), (5, 4, 1), None),
        ((90, 5, 4, 3), (5, 4, 3), None),
        ((90, 5, 5, 4), (5, 5, 4), None),
        ((90, 60), (5, 4, 3), (5, 4, 3)),
        ((90, 2, 3, 2), (2, 3, 2), (2, 3, 2)),
    ],
)
def test_images_are_told_by_their_shape(tmp_path, shape, image_shape, asked):
    array = images(*shape)
    np.save(tmp_path / "x.npy", array)
    data = file(tmp_path / "x.npy", image_shape=asked)
    assert data.image_shape == image_shape
    same_rows(data.undone(joined(data)).reshape(90, -1), array.reshape(90, -1))
    assert (joined(data).min(), joined(data).max()) == (-1, 1)
    assert data.report.scaled == "The values are taken from 0 ... 255 to -1 ... 1."


def test_channels_that_come_first_are_moved_and_said(tmp_path):
    array = images(90, 3, 6, 7)
    np.save(tmp_path / "x.npy", array)
    for asked in (None, (6, 7, 3)):
        data = file(tmp_path / "x.npy", image_shape=asked)
        assert data.image_shape == (6, 7, 3)
        same_rows(data.undone(joined(data)), array.transpose(0, 2, 3, 1))
        assert data.report.notes == ("The channels came first, 3 × 6 × 7, and are moved last, 6 × 7 × 3.",)
    np.save(tmp_path / "x.npy", images(90, 2, 6, 7))
    assert told(file, tmp_path / "x.npy") == (
        f"{tmp_path}/x.npy has shape (90, 2, 6, 7), whose last axis is none of 1, 3 or 4 channels; say what is what with"
        " `image_shape`, (height, width, channels)"
    )
    assert "`image_shape` must be that of the images in the file" in told(
        file, tmp_path / "x.npy", image_shape=(7, 6, 2)
    )


@pytest.mark.parametrize("name", ["labels", "label", "y", "targets", "classes"])
def test_labels_are_found_by_their_name(tmp_path, name):
    array, labels = images(100, 3, 3), np.arange(100)[:, None] % 4
    np.savez(tmp_path / "x.npz", pictures=array, **{name: labels}, story=np.array("words"), rest=np.array([{}]))
    data = file(tmp_path / "x.npz")
    by_image = {bytes(image): label for image, label in zip(array, labels[:, 0], strict=True)}
    shown = data.undone(joined(data))
    assert [by_image[bytes(image)] for image in shown[..., 0].copy()] == joined(data, "labels").tolist()
    assert data.report.classes == {"0": 25, "1": 25, "2": 25, "3": 25}
    assert data.report.skipped == {"other arrays": ("story",)}


def test_labels_with_gaps_are_numbered_anew(tmp_path):
    np.savez(tmp_path / "x.npz", x=images(100, 3, 3), digit=np.array([3, 7])[np.arange(100) % 2], y=np.zeros(100))
    data = file(tmp_path / "x.npz", labels="digit")
    assert (data.label_names, set(joined(data, "labels").tolist())) == (("3", "7"), {0, 1})
    assert data.report.notes == ("The labels 3 ... 7 have gaps, and are numbered 0 ... 1.",)
    data = file(tmp_path / "x.npz")
    assert data.train.labels is None
    assert data.report.notes == ("The array y is not taken for labels, since it is not 100 integers.",)


def test_arrays_that_do_not_go_with_the_file_are_named(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=images(100, 3, 3), b=images(100, 2), y=np.arange(100))
    assert told(file, path) == f"{path} holds 2 arrays that may be samples: 'a', 'b'; say which with `array`"
    assert told(file, path, "c") == f"`array` must be one of the arrays in {path}: 'a', 'b', 'y'; but is 'c'"
    assert told(file, path, "a", "z") == f"`labels` must be one of the arrays in {path}: 'a', 'b', 'y'; but is 'z'"
    assert told(file, path, "a", "b") == (
        f"`labels` must be an array of 100 integers, one a sample, but 'b' of {path} has shape (100, 2) and dtype uint8; choose"
        " another"
    )
    assert "of shape (n, d), (n, h, w) or (n, h, w, c), but" in told(file, path, "y")
    np.save(tmp_path / "x.npy", images(50, 2))
    assert told(file, tmp_path / "x.npy", "a").startswith(f"{tmp_path}/x.npy is a .npy file, which holds one array")
    assert (
        told(file, tmp_path / "x.npy", None, "y") == f"`labels` goes with a .npz, but not {tmp_path}/x.npy; but is 'y'"
    )
    assert "does not exist" in told(file, tmp_path / "z.npy")
    np.savez(path, y=np.arange(100))
    assert told(file, path).startswith("expected samples of shape (n, d)")


def test_numbers_that_are_none_are_refused(tmp_path):
    for shape in ((30, 2), (30, 2, 2)):
        np.save(tmp_path / "x.npy", np.full(shape, np.nan))
        assert "NaN or infinite" in told(file, tmp_path / "x.npy")


def test_a_split_that_comes_with_the_file_is_kept(tmp_path):
    train, test = images(200, 4, 4), images(40, 4, 4)
    np.savez(
        tmp_path / "m.npz", x_train=train, y_train=np.arange(200) % 10, x_test=test, y_test=np.arange(40)[:, None] % 10
    )
    data = file(tmp_path / "m.npz")
    np.testing.assert_array_equal(data.undone(data.test.values)[..., 0], test)
    np.testing.assert_array_equal(data.test.labels, np.arange(40) % 10)
    same_rows(data.undone(np.concatenate([data.train.values, data.validation.values]))[..., 0], train)
    assert data.report.notes == ("The test part is that of the file; validation is taken from its training part.",)
    assert file(tmp_path / "m.npz", "x_train").report.number == 200
    np.savez(tmp_path / "m.npz", x_train=train, y_train=np.arange(200), x_test=test[:, :2], y_test=np.arange(40))
    assert told(file, tmp_path / "m.npz") == (
        f"x_train and x_test of {tmp_path}/m.npz must hold samples of one shape, but have (4, 4, 1) and (2, 4, 1); name one of"
        " them with `array`"
    )


def test_parts_of_two_types_are_refused_since_their_units_may_differ(tmp_path):
    known = {"y_train": np.arange(60) % 3, "x_test": images(30, 4, 4), "y_test": np.arange(30) % 3}
    np.savez(tmp_path / "m.npz", x_train=images(60, 4, 4) / np.float32(255), **known)
    assert told(file, tmp_path / "m.npz") == (
        f"x_train and x_test of {tmp_path}/m.npz must be of one type, but are float32 and uint8; save them in one, and in the"
        " same units, or name one of them with `array`"
    )


def test_the_digest_is_of_content(tmp_path):
    array = images(60, 3, 3)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", z=array)
    assert file(tmp_path / "a.npy").digest == file(tmp_path / "b.npz").digest
    array[0, 0, 0] ^= 1
    np.save(tmp_path / "a.npy", array)
    assert file(tmp_path / "a.npy").digest != file(tmp_path / "b.npz").digest
