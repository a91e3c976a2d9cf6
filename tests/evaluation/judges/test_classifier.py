"""The classifier judge: accurate on held-out digits, kept on disk, the same again when lost."""

import os

import jax
import numpy as np
import pytest

from igm_jax.evaluation import classifier_judge

SHAPE = (4, 4, 1)


@pytest.fixture(scope="module")
def stripes():
    """Images of vertical and of horizontal stripes."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    pattern = np.sign(np.tile([1.0, -1.0], 8)), np.repeat([1.0, -1.0, 1.0, -1.0], 4)
    return np.array([pattern[label] for label in labels]) + 0.3 * rng.normal(size=(60, 16)), labels


def features(images, labels, **arguments):
    return classifier_judge(images, labels, SHAPE, **arguments).features(images)


def test_held_out_digits_are_recognised():
    pytest.importorskip("sklearn")
    from igm_jax.distributions import digits

    data = digits()
    judge = classifier_judge(data.train.values, data.train.labels, data.image_shape)
    probabilities = judge.probabilities(data.test.values)
    assert np.mean(probabilities.argmax(1) == np.asarray(data.test.labels)) >= 0.95
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert np.mean(judge.features(data.train.values) ** 2) == pytest.approx(1, rel=1e-4)


def test_kept_and_read_again(stripes, tmp_path):
    first = features(*stripes, directory=tmp_path)
    (path,) = tmp_path.iterdir()
    stamp = path.stat().st_mtime_ns
    np.testing.assert_array_equal(features(*stripes, directory=tmp_path), first)
    assert path.stat().st_mtime_ns == stamp, "it was read, not trained"
    path.unlink()
    np.testing.assert_array_equal(features(*stripes, directory=tmp_path), first)


def test_the_file_holds_seed_and_checksum_and_no_pickles(stripes, tmp_path):
    features(*stripes, directory=tmp_path, seed=7)
    (path,) = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as file:
        assert int(file["seed"]) == 7
        assert len(str(file["checksum"])) == 64
        assert str(file["fingerprint"]).startswith(path.stem.removeprefix("classifier-"))


def damage_by_cutting(path):
    path.write_bytes(path.read_bytes()[:-200])


def damage_by_text(path):
    path.write_text("not an archive")


def damage_by_other_weights(path):
    with np.load(path) as file:
        arrays = dict(file)
    arrays["w1"] = arrays["w1"] + 1
    np.savez(path, **arrays)


@pytest.mark.parametrize("damage", [damage_by_cutting, damage_by_text, damage_by_other_weights])
def test_a_damaged_file_is_replaced(stripes, tmp_path, damage):
    first = features(*stripes, directory=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    damage(path)
    np.testing.assert_array_equal(features(*stripes, directory=tmp_path), first)
    assert len(path.read_bytes()) == len(whole)


@pytest.mark.slow
def test_other_data_seeds_and_shapes_are_other_classifiers(stripes, tmp_path):
    images, labels = stripes
    first = features(images, labels, directory=tmp_path)
    assert not np.allclose(features(images, labels, directory=tmp_path, seed=1), first)
    assert not np.allclose(features(-images, labels, directory=tmp_path), first)
    assert not np.allclose(features(images, 1 - labels, directory=tmp_path), first)
    assert len(list(tmp_path.iterdir())) == 4


def test_double_precision_changes_nothing(stripes):
    images, labels = stripes
    single = features(images.astype(np.float32), labels)
    with jax.enable_x64(True):
        double = features(images.astype(np.float32).astype(np.float64), labels)
    np.testing.assert_array_equal(single, double)


def test_nothing_is_left_behind_when_writing_fails(stripes, tmp_path, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        features(*stripes, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_refused_at_once(stripes, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot keep the classifier in .*; choose a directory that can be written"):
        features(*stripes, directory=tmp_path / "file" / "inside")
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(OSError, match="cannot keep the classifier"):
            features(*stripes, directory=tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "`labels` must be 60 integers"),
        (lambda x, y: (x, y.astype(float)), "`labels` must be 60 integers"),
        (lambda x, y: (x, np.eye(2, dtype=int)[y]), "not one-hot rows"),
        (lambda x, y: (x, 2 * y), "every class 0 … K-1"),
        (lambda x, y: (x, 0 * y), "at least two"),
        (lambda x, y: (x[:, :9], y), "flat images of 4 · 4 · 1 = 16 numbers"),
        (lambda x, y: (x * np.nan, y), "finite"),
    ],
)
def test_data_that_do_not_fit_are_refused(stripes, change, message):
    images, labels = change(*stripes)
    with pytest.raises(ValueError, match=message):
        classifier_judge(images, labels, SHAPE)
