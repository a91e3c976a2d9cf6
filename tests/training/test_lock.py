"""The lock of a run directory: one holder at a time, freed at the end, and no file of anybody else's harmed."""

import contextlib
import os

import pytest

from igm_jax.training import RunDirectoryError
from igm_jax.training.lock import locked


def hold(path):
    with locked(path):
        pass


def test_one_holds_it_at_a_time_and_it_is_freed_also_by_an_error(tmp_path):
    with locked(tmp_path), pytest.raises(RunDirectoryError, match="in use by another process"):
        hold(tmp_path)
    with contextlib.suppress(KeyError), locked(tmp_path):
        raise KeyError
    hold(tmp_path)


@pytest.mark.parametrize("kind", ["link", "dangling", "directory", "pipe"])
def test_a_lock_that_is_no_file_is_refused(tmp_path, kind):
    (tmp_path / "precious").write_text("old")
    lock = tmp_path / ".lock"
    if kind == "directory":
        lock.mkdir()
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.symlink_to("precious" if kind == "link" else "nowhere")
    with pytest.raises(RunDirectoryError, match=r"\.lock must be a file that this process may write.*remove it"):
        hold(tmp_path)
    assert (tmp_path / "precious").read_text() == "old"
    assert not (tmp_path / "nowhere").exists()
