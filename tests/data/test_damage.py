"""The readers under damage: random mutations end with the errors that are documented, in bounded memory."""

import gzip
import io
import json
import os
import resource
import tarfile

import numpy as np
import pytest

from igm_jax.data import cifar, file, hugging_face, idx, table
from tests.data import test_idx_files
from tests.data.pictures import pixels, stored
from tests.mutations import survives

RNG = np.random.default_rng(0)
X = np.arange(360).reshape(40, 3, 3).astype(np.uint8)
LABELS = np.arange(40) % 3


def numpy(save, *things, **named):
    buffer = io.BytesIO()
    save(buffer, *things, **named)
    return buffer.getvalue()


def records():
    """The archive of CIFAR with 3 records of 40 pixels that are not black."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, number in (("data_batch_1.bin", 30), ("test_batch.bin", 10)):
            content = np.zeros((number, 3073), np.uint8)
            content[:, :40] = RNG.integers(0, 10, (number, 40))
            head = tarfile.TarInfo(f"cifar/{name}")
            head.size = content.size
            archive.addfile(head, io.BytesIO(content.tobytes()))
    return buffer.getvalue()


def arrow(columns):
    pyarrow = pytest.importorskip("pyarrow")
    rows, buffer = pyarrow.table(columns), io.BytesIO()
    with pyarrow.ipc.new_stream(buffer, rows.schema) as writer:
        writer.write_table(rows)
    return buffer.getvalue()


def columns():
    return arrow({"x": [float(i) for i in range(60)], "y": list(range(60))})


def images():
    return arrow({"image": [{"bytes": stored(pixels(4, 4)), "path": "x"} for _ in range(60)], "label": [0, 1] * 30})


def parquet():
    pyarrow, module = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    module.write_table(pyarrow.table({"x": [float(i) for i in range(60)], "kind": ["a", "b"] * 30}), buffer)
    return buffer.getvalue()


def saved(path):
    """A reader of one of Arrow's files, with what lies beside it."""
    (path.parent / "state.json").write_text(json.dumps({"_data_files": [{"filename": path.name}]}))
    features = {"label": {"_type": "ClassLabel", "names": ["a", "b"]}}
    (path.parent / "dataset_info.json").write_text(json.dumps({"features": features}))
    return hugging_face(path.parent)


def state(path):
    """A reader of the JSON that says where the rows are."""
    (path.parent / "state.json").write_bytes(path.read_bytes())
    (path.parent / "x.arrow").write_bytes(ROWS)
    return hugging_face(path.parent)


ROWS = b""
CSV = "\n".join(["size,colour,age", *(f"{i},{'red' if i % 2 else 'blue'},{i % 9 / 8}" for i in range(60))]).encode()
READERS = {
    "rows": (file, lambda: numpy(np.save, RNG.normal(size=(60, 2)))),
    "images, npz": (file, lambda: numpy(np.savez, x=X, labels=LABELS)),
    "keras": (file, lambda: numpy(np.savez, x_train=X[:30], y_train=LABELS[:30], x_test=X[30:], y_test=LABELS[30:])),
    "idx": (idx, lambda: test_idx_files.stored(X)),
    "idx, packed": (idx, lambda: gzip.compress(test_idx_files.stored(X))),
    "cifar": (cifar, records),
    "cifar, packed": (cifar, lambda: gzip.compress(records())),
    "csv": (lambda path: table(path, condition="colour"), lambda: CSV),
    "parquet": (lambda path: table(path, condition="kind"), parquet),
    "arrow, columns": (saved, columns),
    "arrow, images": (saved, images),
    "state": (state, lambda: b'{"_data_files": [{"filename": "x.arrow"}], "_format": null}'),
}


def damaged(name, count, tmp_path, monkeypatch, seed=0):
    reader, content = READERS[name]
    if name == "state":
        monkeypatch.setitem(globals(), "ROWS", columns())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = survives(reader, content(), count, tmp_path, seed)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    return refused


@pytest.mark.parametrize("name", READERS)
def test_mutated_files_are_read_or_refused(name, tmp_path, monkeypatch):
    assert damaged(name, 150, tmp_path, monkeypatch) > 30


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_many_mutated_files_are_read_or_refused(name, tmp_path, monkeypatch):
    assert damaged(name, 2000, tmp_path, monkeypatch, seed=1) > 400


@pytest.mark.parametrize("kind", ["pipe", "device", "directory"])
@pytest.mark.parametrize("reader", [file, idx, cifar, table, hugging_face])
def test_what_is_no_file_of_data_is_told_and_not_waited_for(reader, kind, tmp_path, monkeypatch):
    path = tmp_path / "it"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    told_as = r"is not a regular file|is a directory|but neither dataset_dict|or t10k|, but none is|there is none|Not a directory"
    with pytest.raises((OSError, ValueError), match=told_as):
        reader("/dev/zero" if kind == "device" else path)
