"""Whole files or nothing."""

import errno
import json
import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from igm_jax.files import WriteError, absolute, regular, same_file, shown, write_json, write_npz, write_whole

WRITERS = {
    "text": lambda path: write_whole(path, "new"),
    "json": lambda path: write_json(path, {"new": 1}),
    "npz": lambda path: write_npz(path, {"new": np.arange(3)}),
    "compressed": lambda path: write_npz(path, {"new": np.arange(3)}, compressed=True),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "os.open"])
def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch, write, step):
    path = write_whole(tmp_path / "kept", "old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(WriteError, match=r"could not write .*kept.*No space left.*nothing there was changed") as told:
        write(path)
    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_who_may_read_what_is_written_is_what_the_umask_says(tmp_path, write, umask):
    before = os.umask(umask)
    try:
        path = write(tmp_path / "deep" / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert os.listdir(path.parent) == ["new"]


def test_a_link_is_replaced_and_not_followed(tmp_path, monkeypatch):
    """Also one that lies where the temporary file would be."""
    (tmp_path / "precious").write_text("old")
    (tmp_path / "link").symlink_to("precious")
    write_whole(tmp_path / "link", "new")
    assert ((tmp_path / "precious").read_text(), (tmp_path / "link").is_symlink()) == ("old", False)
    monkeypatch.setattr("secrets.token_hex", lambda bytes: "known")
    (tmp_path / ".igm-known.part").symlink_to("precious")
    with pytest.raises(WriteError, match="File exists"):
        write_whole(tmp_path / "link", "newer")
    assert (tmp_path / "precious").read_text() == "old"


@pytest.mark.parametrize("name", ["龍" * 80, "x" * 255])
def test_any_name_that_a_file_may_have_can_be_written(tmp_path, name):
    assert write_whole(tmp_path / name, "new").read_text() == "new"
    assert os.listdir(tmp_path) == [name]


def test_paths_are_taken_as_they_were_meant(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert absolute("~/run") == tmp_path / "run"
    assert absolute("run").is_absolute()
    with pytest.raises(ValueError, match=r"`directory` must be a path, but 'a\\x00b' holds a null character"):
        absolute("a\0b", "directory")
    with pytest.raises(ValueError, match="no such home directory"):
        absolute("~nobody-of-that-name/run")


def test_text_and_bytes_are_written_and_replaced(tmp_path):
    path = tmp_path / "b.txt"
    assert write_whole(path, "ε").read_bytes() == "ε".encode()
    assert write_whole(path, b"\x00").read_bytes() == b"\x00"


def test_json_and_arrays_come_back(tmp_path):
    assert json.loads(write_json(tmp_path / "a.json", {"a": [1, None, "ε"]}).read_text()) == {"a": [1, None, "ε"]}
    for compressed in (False, True):
        arrays = {"path": np.eye(2, dtype=np.float16), "text": "ε"}
        with np.load(write_npz(tmp_path / "a.npz", arrays, compressed=compressed)) as file:
            np.testing.assert_array_equal(file["path"], arrays["path"], strict=True)
            assert str(file["text"]) == "ε"


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda path: write_json(path, {1, 2}), TypeError),
        (lambda path: write_npz(path, {"x": np.array([{}, None])}), ValueError),
    ],
)
def test_what_cannot_be_stored_is_refused(tmp_path, write, error):
    path = write_whole(tmp_path / "kept", "old")
    with pytest.raises(error):
        write(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept"]


def test_an_interruption_in_the_middle_keeps_the_old_file(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "kept", "old")

    def interrupted(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept"]


KILLED = """
import os, signal, sys
from igm_jax.files import WriteError, absolute, regular, same_file, shown, write_json, write_npz, write_whole
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
write_whole(sys.argv[1], "new")
"""


def test_a_kill_in_the_middle_keeps_the_old_file(tmp_path):
    path = write_whole(tmp_path / "kept", "old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=120).returncode == -9
    assert path.read_text() == "old"


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="choose a directory that you may write to"):
        write_whole(tmp_path / "file" / "note.txt", "new")


def test_names_that_are_no_text_are_written_and_shown_with_escapes(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    assert shown(name) == r"caf\udce9"
    assert write_whole(tmp_path / name, f"# {name}").read_bytes() == rb"# caf\udce9"


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/null"):
        with pytest.raises(OSError, match="is not a regular file"):
            regular(path)
    assert regular(tmp_path / "none") == tmp_path / "none"


def test_one_file_has_many_names(tmp_path):
    (tmp_path / "a").write_text("")
    (tmp_path / "b").symlink_to("a")
    os.link(tmp_path / "a", tmp_path / "c")
    assert same_file(tmp_path / "a", tmp_path / "b")
    assert same_file(tmp_path / "b", tmp_path / "c")
    assert not same_file(tmp_path / "a", tmp_path / "none")
