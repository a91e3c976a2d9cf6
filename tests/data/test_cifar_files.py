"""CIFAR's binary archives, in a folder or packed, and the pickled ones that are refused."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from igm_jax.data import cifar
from tests.data import told

RNG = np.random.default_rng(0)


def records(n, before=1):
    found = RNG.integers(0, 256, (n, before + 3072)).astype(np.uint8)
    found[:, :before] %= 10
    return found


def laid(folder, contents, packed):
    """The files in a folder, or in an archive."""
    if not packed:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return folder
    with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
        for name, content in contents.items():
            head = tarfile.TarInfo(f"cifar/{name}")
            head.size = len(content)
            archive.addfile(head, io.BytesIO(content))
    return folder / "x.tar.gz"


@pytest.mark.parametrize("packed", [False, True])
def test_ten_classes(packed, tmp_path):
    names = "plane car bird cat deer dog frog horse ship truck".split()
    parts = {"data_batch_1.bin": records(30), "data_batch_2.bin": records(30), "test_batch.bin": records(12)}
    contents = {name: part.tobytes() for name, part in parts.items()}
    contents |= {"batches.meta.txt": "\n".join(names).encode() + b"\n\n", "readme.html": b"words"}
    data = cifar(laid(tmp_path, contents, packed))
    test = parts["test_batch.bin"]
    assert (data.name, data.image_shape, data.label_names) == ("CIFAR-10", (32, 32, 3), tuple(names))
    np.testing.assert_array_equal(data.test.labels, test[:, 0])
    shown = data.undone(data.test.values)
    np.testing.assert_array_equal(shown[..., 0].reshape(12, -1), test[:, 1:1025])  # red comes first
    np.testing.assert_array_equal(shown[..., 2].reshape(12, -1), test[:, 2049:])
    assert len(data.train.values) + len(data.validation.values) == 60
    assert told(cifar, tmp_path if not packed else tmp_path / "x.tar.gz", labels="coarse") == (
        "`labels` must be \"fine\" for CIFAR-10, which has no groups, but is 'coarse'"
    )


def test_a_hundred_classes_in_groups(tmp_path):
    parts = {"train.bin": records(40, 2), "test.bin": records(10, 2)}
    contents = {name: part.tobytes() for name, part in parts.items()}
    contents |= {
        f"{kind}_label_names.txt": "\n".join(f"{kind}{i}" for i in range(10)).encode() for kind in ("fine", "coarse")
    }
    path = laid(tmp_path, contents, True)
    for place, labels in enumerate(("coarse", "fine")):
        data = cifar(path, labels=labels)
        np.testing.assert_array_equal(data.test.labels, parts["test.bin"][:, place])
        assert data.label_names[3] == f"{labels}3"
    assert data.name == "CIFAR-100"


@pytest.mark.parametrize("packed", [False, True])
def test_the_pickled_form_is_refused_and_never_loaded(packed, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "mark").touch, ()

    path = laid(tmp_path, {"data_batch_1": pickle.dumps(Trap()), "test_batch": pickle.dumps(Trap())}, packed)
    assert told(cifar, path) == (
        f"{path} is the pickled form of CIFAR, which can run code when it is loaded and is refused; take the binary form,"
        " cifar-10-binary.tar.gz or cifar-100-binary.tar.gz"
    )
    assert not (tmp_path / "mark").exists()


def test_a_gap_among_the_files_for_training_is_named_and_a_short_end_is_said(tmp_path):
    contents = {f"data_batch_{i}.bin": records(20).tobytes() for i in (1, 2, 4)}
    path = laid(tmp_path, contents | {"test_batch.bin": records(20).tobytes()}, False)
    assert told(cifar, path) == (
        f"expected data_batch_1.bin to data_batch_4.bin in {path}, but data_batch_3.bin is not there; copy or download it again"
    )
    laid(tmp_path, {"data_batch_3.bin": records(20).tobytes()}, False)
    assert "Files for training: 4, where CIFAR-10 has 5." in cifar(path).report.notes


@pytest.mark.parametrize(("before", "column", "most"), [(1, 0, 10), (2, 1, 100), (2, 0, 20)])
def test_a_class_that_there_is_not_is_damage(before, column, most, tmp_path):
    wrong = records(20, before)
    wrong[7, column] = most
    names = ("data_batch_1.bin", "test_batch.bin") if before == 1 else ("train.bin", "test.bin")
    path = laid(tmp_path, dict(zip(names, (records(20, before).tobytes(), wrong.tobytes()), strict=True)), False)
    assert told(cifar, path, labels="coarse" if most == 20 else "fine") == (
        f"{path}['{names[1]}'] is truncated or damaged (it has the class {most}, but they go from 0 to {most - 1}); copy or"
        " download it again"
    )


def test_what_is_missing_or_cut_is_named(tmp_path):
    path = laid(tmp_path, {"data_batch_1.bin": records(20).tobytes()}, False)
    assert told(cifar, path) == (
        f"expected data_batch_1.bin and test_batch.bin, or train.bin and test.bin, in {path}, but only data_batch_1.bin is there;"
        " give the binary form of CIFAR"
    )
    laid(tmp_path, {"test_batch.bin": records(20).tobytes()[:-1]}, False)
    assert told(cifar, path) == (
        f"{path}['test_batch.bin'] is truncated or damaged (it has 61459 bytes, which is no multiple of 3073); copy or download"
        " it again"
    )
    assert "No such file" in told(cifar, tmp_path / "none")
