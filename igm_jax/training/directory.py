"""A run's directory: checked before any work, locked while in use, and never mixed up with another run's.

::

    DIRECTORY/config.json     schema, config, random key, provenance
    DIRECTORY/checkpoints/    the newest few states
    DIRECTORY/log.jsonl       one row of measures a line
    DIRECTORY/damaged/        checkpoints that were found damaged, out of the way of those that follow
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from igm_jax.descriptions import Description
from igm_jax.files import absolute, regular, shown, write_json
from igm_jax.training.digests import is_changed, sealed
from igm_jax.training.errors import RunDirectoryError, RunMismatchError
from igm_jax.training.keys import stored_key
from igm_jax.training.lock import locked
from igm_jax.training.provenance import provenance

SCHEMA = 1
"""Version of the layout of a run directory; a directory of another version is refused."""

_MARGIN = 1 << 20

# Characters of a value in the line that says where two configs differ.
TOLD = 120


def plain(value: Any) -> Any:
    """A config as JSON has it: dataclasses become objects that name their ``kind``, tuples lists, paths strings.

    A dataclass's field with ``metadata={"later": True}``, which runs were begun without, is left out at its default: they go on.

    Args:
        value: dataclasses, mappings, sequences, numbers, strings, booleans, None, paths, nested as you like.

    Returns:
        The same in dicts, lists and scalars, equal to its own round trip through JSON.

    Raises:
        TypeError: for anything else, naming it.

    Example:
        >>> import dataclasses
        >>> from igm_jax.training import plain
        >>> Adam = dataclasses.make_dataclass("Adam", [("rate", float), ("betas", tuple)], frozen=True)
        >>> plain({"optimizer": Adam(1e-3, (0.9, 0.999))})
        {'optimizer': {'kind': 'Adam', 'rate': 0.001, 'betas': [0.9, 0.999]}}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        later = {field.name: field.default for field in dataclasses.fields(value) if field.metadata.get("later")}
        told = {name: part for name, part in fields.items() if part != later.get(name, _ABSENT)}
        return {"kind": type(value).__name__, **told}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"a config may hold dataclasses, dicts, lists, numbers, strings and paths, but holds {type(value).__name__}:"
        f" {value!r}; describe it by numbers and names instead"
    )


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def differences(stored: Any, now: Any, name: str = "") -> list[str]:
    """One line for each place where two configs differ: ``optimizer.rate: stored 0.001, now 0.01``."""
    if isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        if any(isinstance(part, dict) for part in (*stored, *now)):
            stored, now = (dict(enumerate(parts)) for parts in (stored, now))
    if isinstance(stored, dict) and isinstance(now, dict):
        if {"function", "package", "holds"} <= stored.keys() & now.keys() and stored["package"] != now["package"]:
            # What a function holds is another package's own affair, and differs from version to version.
            stored, now = ({"function": one["function"]} for one in (stored, now))
        keys = [*stored, *(key for key in now if key not in stored)]
        return [
            line
            for key in keys
            for line in differences(stored.get(key, _ABSENT), now.get(key, _ABSENT), f"{name}.{key}" if name else key)
        ]
    # Compared as text, so that nan equals nan and 1 differs from True.
    if json.dumps(stored, default=repr) == json.dumps(now, default=repr):
        return []
    return [f"{name}: stored {_told(stored)}, now {_told(now)}"]


def _told(value: Any) -> str:
    """A value in a line: of a large one its kind."""
    text = repr(value)
    if len(text) <= TOLD or not isinstance(value, dict):
        return text if len(text) <= TOLD else f"{text[:TOLD]}..."
    return str(value.get("kind") or value.get("function") or f"{len(value)} entries")


def read_config(directory: str | os.PathLike) -> dict[str, Any]:
    """What a run directory says of itself.

    Args:
        directory: the run directory.

    Returns:
        ``schema``, ``config``, ``key`` and ``provenance``.

    Raises:
        RunDirectoryError: if there is none, or it was changed since it was written.
        RunMismatchError: if it was written by another schema, or is not JSON.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.training import read_config
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (path / "config.json").write_text('{"schema": 1, "config": {"rate": 0.1}}', encoding="utf-8")
        >>> read_config(path)["config"]
        {'rate': 0.1}
    """
    path = opened(directory) / "config.json"
    try:
        stored = json.loads(regular(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunDirectoryError(
            f"{path} cannot be read ({error.strerror or error}); give the directory of a run"
        ) from error
    except (ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise RunMismatchError(f"{path} is not a run's config: {told}; choose another directory") from error
    schema = stored.get("schema") if isinstance(stored, dict) else None
    if schema != SCHEMA:
        raise RunMismatchError(
            f"{path} has schema {schema!r}, but this version of igm_jax reads and writes schema {SCHEMA}; continue the"
            " run with the version that began it (see its provenance), or choose another directory"
        )
    if is_changed(stored):
        raise RunDirectoryError(
            f"{path} was changed since its run began: its digest is another. Put back a copy of it, or choose another"
            " directory"
        )
    return stored


WRITTEN = ("checkpoints", "log.jsonl", "generator.json", "generator.npz", "samples.npz")
"""What runs write into their directory, besides config.json: where it lies alone it is somebody else's."""


def opened(directory: str | os.PathLike) -> Path:
    """The absolute path of a run directory."""
    if not os.fspath(directory):
        raise RunDirectoryError("`directory` is empty; name one, or `.` for the current one")
    path = absolute(directory, "directory")
    if (text := shown(path)) != str(path):
        raise RunDirectoryError(
            f"the name of the run directory {text} is not text in UTF-8, so that no checkpoint can be saved in it; choose"
            " another, or rename it"
        )
    if "[" in text:  # which Orbax takes for a pattern of names while it puts a checkpoint's parts together
        raise RunDirectoryError(
            f"the run directory {text} has a square bracket in its path, where checkpoints would be saved that nobody can read;"
            " choose another, or rename it"
        )
    return path


@contextlib.contextmanager
def run_directory(
    directory: str | os.PathLike, config: Any, key: Array, room: int, made: Description | None = None
) -> Iterator[Path]:
    """Open a new run directory, or one that holds the same run.

    Args:
        directory: where.
        config: whatever tells this run from others; see ``plain``.
        key: the run's random key or keys; another seed is another run.
        room: bytes that the run will need.
        made: what the run was made of, in the place of a config.

    Yields:
        The absolute path, locked against other processes.

    Raises:
        RunDirectoryError: if it is not writable, full, or in use.
        RunMismatchError: if it holds another run.
    """
    path = opened(directory)
    if (processes := jax.process_count()) > 1:
        told = "pass `directory=None` in all of them, and save the parameters of process 0 at the end"
        raise RunDirectoryError(f"a run directory is written by one process, but this run has {processes}; {told}")
    if path.name in ("checkpoints", "damaged") and (path.parent / "config.json").exists():
        raise RunDirectoryError(f"{path} belongs to the run in {path.parent}; choose another directory")
    now = {"config": made.value if made else plain(config), "key": stored_key(key)}
    unverified = {"unverified": made.unverified} if made and made.unverified else {}
    _check_writable(path, room)
    with locked(path):
        if (path / "config.json").exists():
            stored = read_config(path)
            if made and stored.get("config") is None:
                del now["config"]  # begun by a version that did not write down what a run is made of
            if lines := differences({name: stored.get(name) for name in now}, now):
                raise RunMismatchError(
                    f"{path} holds another run:\n  "
                    + "\n  ".join(lines)
                    + _not_compared(unverified)
                    + "\nChoose another directory, go back to the"
                    " stored values to continue that run, or delete the directory to begin anew."
                )
        elif foreign := [name for name in WRITTEN if (path / name).exists()]:
            raise RunMismatchError(
                f"{path} holds {' and '.join(foreign)} but no config.json, so nobody knows which run that was, and a new one"
                " would write over it; choose another directory, or move this one away"
            )
        else:
            try:
                story = {"schema": SCHEMA, **now, **unverified, "provenance": provenance()}
                write_json(path / "config.json", sealed(story))
            except OSError as error:
                raise _unwritable(path, error) from error
        yield path


def _not_compared(unverified: dict[str, list[str]]) -> str:
    places = ", ".join(unverified.get("unverified", []))
    return f"\nUnverified, since only a name is known of its code: {places}." if places else ""


def _unwritable(path: Path, error: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"the run directory {path} cannot be written ({error.strerror}); choose another, or make it writable"
    )


def _check_writable(path: Path, room: int) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise _unwritable(path, error) from error
    if free < room + _MARGIN:
        raise RunDirectoryError(
            f"the run directory {path} has {free / 2**20:.1f} MiB free, but the run needs about"
            f" {(room + _MARGIN) / 2**20:.1f} MiB for its checkpoints; free some space, keep fewer, or choose another"
        )
