"""Weights on disk: read where they are whole and the right ones, trained anew elsewhere."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation.judges.kept import class_labels, fingerprint, kept

X, Y = np.arange(12, dtype=np.float32).reshape(3, 4), np.array([0, 1, 0], np.int32)


class Training:
    """Gives weights, and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"w": jnp.asarray([1.0, 2.0], jnp.float32), "unit": jnp.asarray(3.0, jnp.float32)}


def test_weights_are_trained_once(tmp_path):
    train = Training()
    for _ in range(3):
        weights = kept(tmp_path / "inside", "kind", "ab" * 32, 5, train)
        assert {name: value.tolist() for name, value in weights.items()} == {"w": [1, 2], "unit": 3}
    assert train.calls == 1
    assert [path.name for path in (tmp_path / "inside").iterdir()] == ["kind-abababababababab.npz"]


def test_others_and_damaged_ones_are_not_used(tmp_path):
    train = Training()
    kept(tmp_path, "kind", "ab" * 32, 0, train)
    # The same beginning of the fingerprint, and so the same file.
    kept(tmp_path, "kind", "ab" * 31 + "cd", 0, train)
    assert train.calls == 2
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-30])
    kept(tmp_path, "kind", "ab" * 31 + "cd", 0, train)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"w": arrays["w"] + 1})
    assert kept(tmp_path, "kind", "ab" * 31 + "cd", 0, train)["w"].tolist() == [1, 2]
    assert train.calls == 4


def test_nothing_is_kept_without_a_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = Training()
    kept(None, "kind", "ab" * 32, 0, train)
    kept(None, "kind", "ab" * 32, 0, train)
    assert train.calls == 2
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    train = Training()
    with pytest.raises(OSError, match=r"cannot keep the classifier in .*; choose a directory that can be written"):
        kept(tmp_path / "file" / "inside", "kind", "ab" * 32, 0, train)
    assert train.calls == 0


def test_everything_counts_for_the_fingerprint():
    first = fingerprint("recipe", X, Y, (2, 2, 1), 0)
    others = [
        fingerprint("recipe-2", X, Y, (2, 2, 1), 0),
        fingerprint("recipe", X + 1, Y, (2, 2, 1), 0),
        fingerprint("recipe", X, 1 - Y, (2, 2, 1), 0),
        fingerprint("recipe", X, Y, (4, 1, 1), 0),
        fingerprint("recipe", X, Y, (2, 2, 1), 1),
    ]
    assert len({first, *others}) == 6
    assert fingerprint("recipe", np.asfortranarray(X), Y, (2, 2, 1), 0) == first


def test_labels():
    assert class_labels(np.array([2, 0, 1]), 3).dtype == np.int32
    for labels, text in (([0, 2], "every class 0 … K-1"), ([0, 0], "at least two"), ([0.0, 1.0], "must be 2 integers")):
        with pytest.raises(ValueError, match=text):
            class_labels(labels, 2)
