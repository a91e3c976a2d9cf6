"""Whole files or nothing: results are written beside their name and moved there in one step."""

import os
import pathlib
import tempfile


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> pathlib.Path:
    """Write a file so that it is never seen half written and an older one survives a failure.

    The content goes to a temporary file in the same directory, is flushed to the disk and takes the name by ``os.replace``.

    Args:
        path: the file; missing directories above it are made.
        content: bytes, or text that is stored as UTF-8.

    Returns:
        The path.

    Raises:
        OSError: if the directory cannot be written or the disk is full; the old file is untouched.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.reporting import write_whole
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     write_whole(pathlib.Path(directory) / "note.txt", "hello").read_text()
        'hello'
    """
    path = pathlib.Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes it private, results are to be read by others
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            pathlib.Path(temporary).unlink(missing_ok=True)
        raise OSError(
            f"could not write {str(path)!r}: {error.strerror or error}; nothing there was changed."
            " Free some space, or choose a directory that you may write to"
        ) from error
    return path
