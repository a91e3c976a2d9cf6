"""Strict numerics for every test, and a compiler in a hurry: what the tests wait for is compiling, not computing.

Numbers are not promoted silently in rank or in type, and float64 is only where it is asked for. Unless IGM_TESTS_COMPILE=full,
programs are compiled without most optimisations, which takes less than half as long, and kept in build/compiled-tests for all
workers and for the next time.
"""

import contextlib
import ctypes
import gc
import importlib.metadata
import os
from pathlib import Path

FULL = os.environ.get("IGM_TESTS_COMPILE") == "full"
# In one piece: most programs are so small that their parts take longer to be parted and linked than to be made.
QUICK = ["--xla_backend_optimization_level=0", "--xla_cpu_parallel_codegen_split_count=1"]
if tuple(map(int, importlib.metadata.version("jaxlib").split(".")[:2])) < (0, 11):
    QUICK.append("--xla_cpu_use_fusion_emitters=false")  # a flag that newer versions no longer have
if not FULL:  # before jax is imported; processes that tests start take them over
    os.environ["XLA_FLAGS"] = " ".join([*QUICK, os.environ.get("XLA_FLAGS", "")])
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build" / "compiled-tests"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests import slow  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Bytes by which a worker's memory may grow before it forgets what it has compiled, of which JAX frees nothing by itself.
ROOM = 700 << 20


def pytest_collection_modifyitems(items):
    """What the list of slow tests names is marked so."""
    names = slow.listed(slow.LIST.read_text(encoding="utf-8"))
    for item in items:
        if item.nodeid in names:
            item.add_marker(pytest.mark.slow)


def pytest_runtest_teardown(item, nextitem):
    """Between modules (within one, tests share what is compiled) memory is given back once there is much of it."""
    grown = resident() - _Memory.floor
    if grown > 2 * ROOM or (grown > ROOM and (nextitem is None or nextitem.path != item.path)):
        jax.clear_caches()
        gc.collect()
        with contextlib.suppress(AttributeError):  # of another libc
            ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system
        _Memory.floor = resident()


class _Memory:
    floor = 300 << 20
    """Bytes that are held where nothing is compiled."""


def resident() -> int:
    """Bytes of memory that this process holds; 0 where that is not known."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@pytest.fixture(autouse=True)
def own_draws(request, monkeypatch):
    """A module's RNG starts anew in every test, whose numbers must not depend on which tests ran before it."""
    if hasattr(request.module, "RNG"):
        monkeypatch.setattr(request.module, "RNG", np.random.default_rng(0))


@pytest.fixture
def x64():
    """Run one test in double precision."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def key():
    return jax.random.key(0)
