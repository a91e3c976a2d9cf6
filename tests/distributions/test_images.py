"""The splits of the image data sets: sizes, balance, ranges, and that nothing is shared between them."""

import builtins
import hashlib

import numpy as np
import pytest

from igm_jax.distributions import digits, photo_patches


@pytest.fixture(scope="module")
def numerals():
    return digits()


@pytest.fixture(scope="module")
def patches():
    return photo_patches()


def rows(split, levels):
    """Images as their original bytes."""
    return np.asarray((split.values + 1) * (levels / 2)).round().astype(np.uint8)


def test_digits_sizes_balance_and_range(numerals):
    assert numerals.image_shape == (8, 8, 1)
    assert numerals.label_names == tuple("0123456789")
    assert numerals.name == "digits"
    for split, n in zip(numerals[:3], (1197, 300, 300), strict=True):
        assert split.values.shape == (n, 64)
        assert split.labels.shape == (n,)
        assert float(split.values.min()) == -1.0
        assert float(split.values.max()) == 1.0
    assert np.bincount(numerals.validation.labels).tolist() == [30] * 10
    assert np.bincount(numerals.test.labels).tolist() == [30] * 10
    assert np.bincount(numerals.train.labels).tolist() == [118, 122, 117, 123, 121, 122, 121, 119, 114, 120]


def test_digits_splits_are_disjoint_and_complete(numerals):
    sets = [{row.tobytes() for row in rows(split, 16)} for split in numerals[:3]]
    assert [len(s) for s in sets] == [1197, 300, 300]
    assert len(set.union(*sets)) == 1797


@pytest.mark.parametrize(("name", "start"), [("train", "4d1e5018"), ("validation", "78d82b2b"), ("test", "87080577")])
def test_digits_split_is_the_published_one(numerals, name, start):
    assert hashlib.sha256(rows(getattr(numerals, name), 16).tobytes()).hexdigest().startswith(start)


def test_patches_sizes_balance_and_range(patches):
    assert patches.image_shape == (8, 8, 3)
    assert patches.label_names == ("china", "flower")
    for split, n in zip(patches[:3], (5824, 1248, 1248), strict=True):
        assert split.values.shape == (n, 192)
        assert np.bincount(split.labels).tolist() == [n // 2, n // 2]
        assert float(abs(split.values).max()) <= 1.0


def test_patches_are_crops_of_the_photographs(patches):
    from sklearn.datasets import load_sample_image

    for label, name in enumerate(patches.label_names):
        photo = load_sample_image(f"{name}.jpg")[:424]
        crops = photo.reshape(53, 8, 80, 8, 3).swapaxes(1, 2).reshape(-1, 192)
        known = {crop.tobytes() for crop in crops}
        for split in patches[:3]:
            assert all(row.tobytes() in known for row in rows(split, 255)[np.asarray(split.labels) == label])


@pytest.mark.parametrize(("size", "stride"), [(8, 3), (13, 13), (48, 16)])
def test_splits_share_no_pixel(monkeypatch, size, stride, x64):
    """The same code on pictures whose pixels are their own addresses: every pixel is seen in at most one split."""
    import sklearn.datasets

    address = np.arange(427 * 640 * 3).reshape(427, 640, 3)
    pictures = {"china.jpg": address, "flower.jpg": address + address.size}
    monkeypatch.setattr(sklearn.datasets, "load_sample_image", pictures.get)
    splits = photo_patches(size, stride)[:3]
    pixels = [((np.asarray(split.values) + 1) * 127.5).round().astype(int) for split in splits]
    used = np.zeros((3, 2 * address.size), int)
    for part, values in zip(used, pixels, strict=True):
        part[values.ravel()] = 1
    assert used.sum(axis=0).max() == 1
    shares = used.mean(axis=1)
    assert shares.sum() > 0.6
    assert shares[0] > 3 * shares[1]
    for split, values in zip(splits, pixels, strict=True):
        np.testing.assert_array_equal(split.labels, values[:, 0] >= address.size)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="at most 128"):
        photo_patches(129)
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        photo_patches(0)
    with pytest.raises(ValueError, match="`stride` must be at least 1"):
        photo_patches(8, 0)


@pytest.mark.parametrize("constructor", [digits, photo_patches])
def test_a_missing_scikit_learn_names_the_extra(constructor, monkeypatch):
    real = builtins.__import__

    def without_sklearn(name, *args, **kwargs):
        if name.split(".")[0] == "sklearn":
            raise ModuleNotFoundError("no sklearn")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_sklearn)
    with pytest.raises(ImportError, match=r'pip install "igm-jax\[data\]"'):
        constructor()


def test_a_missing_pillow_names_the_extra(monkeypatch):
    import sklearn.datasets

    def load(name):
        raise ImportError("The Python Imaging Library (PIL) is required to load data from jpeg files.")

    monkeypatch.setattr(sklearn.datasets, "load_sample_image", load)
    with pytest.raises(ImportError, match=r'pillow.*pip install "igm-jax\[data\]"'):
        photo_patches()
