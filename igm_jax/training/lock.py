"""One process at a time in a run directory."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from igm_jax.training.errors import RunDirectoryError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a directory's lock while the block runs; the system frees it even after kill -9.

    Args:
        path: the directory, which must exist.

    Raises:
        RunDirectoryError: if another process holds it, or its file is something else.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.training.lock import locked
        >>> with tempfile.TemporaryDirectory() as directory, locked(pathlib.Path(directory)):
        ...     pass
    """
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        yield
        return
    # Never through a link, which might lead to somebody's file; never into a pipe, which would wait for a reader.
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(path / ".lock", flags, 0o666)
    except OSError as error:
        raise _no_lock(path, error.strerror) from error
    with os.fdopen(handle, "wb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _no_lock(path, "it is no file")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunDirectoryError(
                f"the run directory {path} is in use by another process; wait for it, or choose another directory"
            ) from None
        except OSError:  # a file system without locks: go on without
            pass
        yield


def _no_lock(path: Path, reason: str | None) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path / '.lock'} must be a file that this process may write, but is not ({reason}); remove it, it holds nothing"
    )
