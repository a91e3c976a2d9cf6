"""From what a reader found to a data set: digests, classes and labels without gaps."""

import numpy as np
import pytest

from igm_jax.data.assembly import Found, assembled, fits, numbered, side_by_side
from igm_jax.distributions.splits import Scaling

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(60, 2, 3)).astype(np.float32)
LABELS = np.arange(60) % 3


def made(values=VALUES, labels=LABELS):
    found = Found("here", "mine", values, labels, ("a", "b", "c"))
    return assembled(found, found.split(), Scaling(1.0, 2.0), what="rows", notes=["", "a note"])


def test_parts_hold_all_samples_once_in_the_models_units():
    data = made()
    rows = np.concatenate([part.values for part in (data.train, data.validation, data.test)])
    labels = np.concatenate([part.labels for part in (data.train, data.validation, data.test)])
    own = data.undone(rows)
    places = [int(np.abs(VALUES.reshape(60, 6) - row).max(1).argmin()) for row in own]
    assert sorted(places) == list(range(60))
    np.testing.assert_array_equal(labels, LABELS[places])
    np.testing.assert_allclose(own, VALUES.reshape(60, 6)[places], atol=1e-6)


def test_the_report_counts():
    report = made().report
    assert report.classes == {"a": 20, "b": 20, "c": 20}
    assert sum(report.sizes.values()) == report.number == 60
    assert report.notes == ("a note",)
    assert made(np.repeat(VALUES[:30], 2, axis=0)).report.duplicates == 30


def test_a_digest_knows_the_data():
    whole = made().digest
    assert made().digest == whole
    other = VALUES.copy()
    other[3, 1, 1] += 1e-3
    assert made(other).digest != whole
    assert made(labels=(LABELS + 1) % 3).digest != whole


def test_labels_are_numbered_without_gaps():
    labels, names, note = numbered(np.array([1, 2, 1]))
    assert (labels.tolist(), names, note) == ([0, 1, 0], ("1", "2"), "The labels 1 ... 2 are numbered 0 ... 1.")
    labels, names, note = numbered(np.array([2, 0]), ("x", "y", "z"))
    assert (labels.tolist(), names, note) == ([2, 0], ("x", "y", "z"), "")


def test_what_does_not_fit_into_memory_is_told():
    fits(1000, 1000, 1, "here", "wait")
    with pytest.raises(
        ValueError, match=r"samples of here would take .* GiB, but this machine has .* GiB of memory; wait"
    ):
        fits(10**9, 10**6, 1, "here", "wait")
    assert side_by_side((2, 3)) == "2 × 3"
