"""Where a result comes from: commit, versions, device and date, to be stored beside every number."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import jax

_PACKAGES = ("igm-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "scipy")


def provenance() -> dict[str, Any]:
    """What to store beside a result, so that it can be made again.

    Returns:
        ``commit`` (with ``+changes`` if files differ from it; outside a git checkout of igm_jax what the environment
        variable ``IGM_JAX_COMMIT`` says, or ``"unknown"``), ``versions`` of Python and packages, ``device``, ``date`` in
        UTC.

    Example:
        >>> from igm_jax.training import provenance
        >>> sorted(provenance())
        ['commit', 'date', 'device', 'versions']
    """
    return {
        "commit": commit_of(Path(__file__)),
        "versions": {"python": platform.python_version(), **{name: version_of(name) for name in _PACKAGES}},
        "device": _device(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def version_of(package: str) -> str:
    """The version of an installed package, or ``"not installed"``."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _device() -> dict[str, Any]:
    devices = jax.devices()
    return {
        "platform": devices[0].platform,
        "kind": devices[0].device_kind,
        "count": len(devices),
        "cpus": _cpus(),
        "system": platform.platform(),
    }


def _cpus() -> int | None:
    """The cores that this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def commit_of(file: Path) -> str:
    """The commit of the repository that tracks a file, marked where there are changes; or ``"unknown"``.

    An installed copy may lie inside somebody else's repository: only one that tracks this very file counts. A copy on a
    cluster or in a container has no repository; whoever made it can say in ``IGM_JAX_COMMIT`` which it is.
    """
    folder, told = file.parent, os.environ.get("IGM_JAX_COMMIT", "unknown")
    if _git(folder, "ls-files", "--error-unmatch", file.name) is None:
        return told
    commit, changes = _git(folder, "rev-parse", "HEAD"), _git(folder, "status", "--porcelain", "--untracked-files=no")
    if not commit:
        return told
    return f"{commit}+changes" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
