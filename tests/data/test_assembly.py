"""What all readers share: digests, labels without gaps, counts, and the limits of the machine."""

import hashlib

import numpy as np

from igm_jax.data.assembly import Found, assembled, fits, numbered
from igm_jax.distributions import Scaling
from tests.data import told

RNG = np.random.default_rng(0)


def made(**changes):
    found = Found("here", "mine", RNG.integers(0, 256, (100, 2, 2, 1)).astype(np.uint8), np.arange(100) % 2, ("a", "b"))
    found = found._replace(**changes)
    return assembled(found, found.split(), Scaling.of_range(0, 255, "uint8"), what="images", image_shape=(2, 2, 1),
                     notes=["", "A note."])  # fmt: skip


def test_the_digest_is_sha256_of_all_arrays_in_order():
    data = made()
    whole = hashlib.sha256()
    for part in data[:3]:
        for name, array in (("values", part.values), ("labels", part.labels)):
            whole.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
    assert data.digest == data.report.digest == whole.hexdigest()


def test_every_array_counts_in_the_digest():
    values = RNG.integers(0, 256, (100, 4)).astype(np.uint8)
    labels = np.arange(100) % 2
    digests = {
        made(values=values, **changes).digest
        for changes in (
            {}, {"labels": labels[::-1]}, {"labels": None, "label_names": ()}, {"condition": np.ones((100, 1))},
            {"condition": np.ones((100, 2))}, {"observed": values > 0}, {"given": np.repeat([0, 1, 2], [50, 25, 25])},
        )
    }  # fmt: skip
    assert len(digests) == 7


def test_parts_are_32_bit_numpy_and_the_report_counts():
    data = made(condition=np.ones((100, 3)))
    assert [array.dtype.name for array in data.train if array is not None] == ["float32", "int32", "float32"]
    assert all(isinstance(array, np.ndarray) for array in data.train if array is not None)
    assert data.report.classes == {"a": 50, "b": 50}
    assert (data.report.shapes, data.report.dtype, data.report.notes) == ({"2 × 2 × 1": 100}, "uint8", ("A note.",))
    assert told(made, values=np.full((100, 1), 1e300) * np.arange(100)[:, None]) == (
        "here holds values that are beyond float32 once they are scaled; rescale or clean them"
    )


def test_labels_are_numbered_without_gaps():
    assert numbered(np.array([0, 2, 1]))[1:] == (("0", "1", "2"), "")
    assert numbered(np.array([1, 2]))[2] == "The labels 1 ... 2 are numbered 0 ... 1."
    labels, names, note = numbered(np.array([0, 2]), ["a", "b", "c"])
    assert (labels.tolist(), names, note) == ([0, 2], ("a", "b", "c"), "")
    assert numbered(np.array([0, 5]), ["a", "b"])[1] == ("0", "5")
    assert numbered(np.array([-1, 0]), ["a", "b"])[0].tolist() == [0, 1]


def test_what_does_not_fit_is_refused_before_it_is_read():
    fits(1000, 1000, 1, "here", "take less")
    assert told(fits, 10**9, 10**6, 1, "here", "take less").startswith(
        "the 1000000000 samples of here would take 8381903.2 GiB, but this machine has "
    )
