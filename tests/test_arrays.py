"""The readers of files under damage: random mutations, giants and bombs end with the errors that are documented."""

import io
import json
import os
import resource
import socket
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rows import read_results
from igm_jax import arrays
from igm_jax.arrays import read_npy, read_npz
from igm_jax.distributions import load_samples
from igm_jax.evaluation import read_safetensors, read_torch
from igm_jax.reporting import read_jsonl
from igm_jax.training import read_log
from tests.evaluation.judges import checkpoints
from tests.mutations import survives
from tests.reporting import row

X = np.arange(24, dtype=np.float32).reshape(6, 4)


def stored(save, *things, **named):
    buffer = io.BytesIO()
    save(buffer, *things, **named)
    return buffer.getvalue()


def safetensors():
    header = json.dumps({"w": {"dtype": "F32", "shape": [6, 4], "data_offsets": [0, 96]}}).encode()
    return len(header).to_bytes(8, "little") + header + X.tobytes()


def checkpoint(write):
    """The bytes of a PyTorch checkpoint."""
    value = checkpoints.table({"w": checkpoints.tensor("FloatStorage", "0", 24, (6, 4), (4, 1)), "epoch": 3})
    with tempfile.TemporaryDirectory() as directory:
        return write(Path(directory) / "w.pt", value, [("0", 24, X.tobytes())]).read_bytes()


ROWS = "".join(json.dumps(row("energy", seed, {"w2": 1.5})) + "\n" for seed in range(2)).encode()
RESULTS = json.dumps({
    "rows": [{"case": "mmd", "n": 1, "m": 1, "d": 1, "implementation": "ours", "status": "ok"}],
    "rates": {}, "absent": {}, "settings": {},
}).encode()  # fmt: skip
NPZ = stored(np.savez_compressed, x=X, story=np.array("{}"))

READERS = {
    "samples, npy": (load_samples, stored(np.save, X)),
    "samples, npz": (lambda path: load_samples(path, "x"), NPZ),
    "array": (read_npy, stored(np.save, X)),
    "arrays": (read_npz, NPZ),
    "safetensors": (read_safetensors, safetensors()),
    "torch, stream": (read_torch, checkpoint(checkpoints.streamed)),
    "torch, zip": (read_torch, checkpoint(checkpoints.zipped)),
    "rows": (read_jsonl, ROWS),
    "benchmarks": (read_results, RESULTS),
}


@pytest.mark.filterwarnings("ignore:the last line of")
@pytest.mark.parametrize("name", READERS)
def test_mutated_files_are_read_or_refused(name, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert survives(*READERS[name], 1000, tmp_path) > 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the last line of")
@pytest.mark.parametrize("name", READERS)
def test_many_mutated_files_are_read_or_refused(name, tmp_path):
    assert survives(*READERS[name], 10_000, tmp_path, seed=1) > 3000


def test_what_write_npz_writes_is_read(tmp_path):
    np.savez(tmp_path / "x.npz", x=X, text=np.array("words"), none=np.array(""), empty=np.zeros((0, 3)), number=3)
    found = read_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(found["x"], X)
    assert (str(found["text"]), str(found["none"]), int(found["number"])) == ("words", "", 3)
    assert found["empty"].shape == (0, 3)


def test_pickles_bombs_and_single_arrays_are_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], dtype=object))
    np.save(tmp_path / "one.npz.npy", X)
    monkeypatch.setattr(arrays, "LARGEST_UNPACKED", 10_000)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(10**6, np.uint8))
    for name, text in (("pickled.npz", "pickled"), ("one.npz.npy", "damaged"), ("bomb.npz", "would become 1000000")):
        with pytest.raises(ValueError, match=text):
            read_npz(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")


def test_texts_without_letters_are_no_way_to_fill_the_memory(tmp_path):
    header = b"{'descr': '<U0', 'fortran_order': False, 'shape': (100000000000,)}"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ValueError, match="truncated"):
        read_npz(tmp_path / "x.npz")


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "directory"])
@pytest.mark.parametrize("name", [*READERS, "log"])
def test_what_is_no_regular_file_is_told_and_not_waited_for(name, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket cannot be long
    reader = read_log if name == "log" else READERS[name][0]
    if kind == "pipe":
        os.mkfifo("it")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("it")
    elif kind == "directory" and name != "log":
        os.mkdir("it")
    path = "/dev/zero" if kind == "device" else "it"
    if kind == "directory" and name == "log":
        return  # that of a run
    with pytest.raises(OSError, match=r"is not a regular file|is a directory"):
        reader(path)


def test_one_array_is_read_and_never_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.testing.assert_array_equal(read_npy(tmp_path / "x.npy"), X)
    np.save(tmp_path / "pickled.npy", np.array([{}], object))
    with pytest.raises(ValueError, match="pickled"):
        read_npy(tmp_path / "pickled.npy")
