"""Whole files or nothing."""

import os

import pytest

from igm_jax.reporting import write_whole


def test_text_and_bytes_are_written_and_replaced(tmp_path):
    path = tmp_path / "a" / "b.txt"
    assert write_whole(path, "ε").read_bytes() == "ε".encode()
    assert write_whole(path, b"\x00").read_bytes() == b"\x00"
    assert os.listdir(path.parent) == ["b.txt"]


def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "note.txt", "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"could not write .*No space left.*nothing there was changed"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="choose a directory that you may write to"):
        write_whole(tmp_path / "file" / "note.txt", "new")
