"""Strict numerics for every test, and a compiler in a hurry: what the tests wait for is compiling, not computing.

Numbers are not promoted silently in rank or in type, and float64 is only where it is asked for. Programs are compiled without
most optimisations, but for the modules in ``OPTIMISED``, and forgotten where they have filled the memory.
"""

import ctypes
import gc
import os
from pathlib import Path

import jax
import numpy as np
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_disable_most_optimizations", True)

# Modules about speed, memory or single bits of what users run: compiled as users have it.
OPTIMISED = set()

# Bytes by which a worker's memory may grow before what it has compiled is forgotten.
ROOM = 600 << 20


@pytest.fixture(autouse=True, scope="module")
def compiler(request):
    """Compile a module's programs quickly, or as well as for users."""
    quick = request.module.__name__.removeprefix("tests.") not in OPTIMISED
    if quick != jax.config.read("jax_disable_most_optimizations"):
        _forget()  # what was compiled the other way
        jax.config.update("jax_disable_most_optimizations", quick)
    yield


def pytest_runtest_teardown(item, nextitem):
    """Forget what was compiled once it takes too much memory, of which JAX frees none by itself."""
    if resident() > _resident_after_forgetting + ROOM:
        _forget()


_resident_after_forgetting = 300 << 20


def _forget():
    global _resident_after_forgetting
    jax.clear_caches()
    gc.collect()
    if hasattr(_libc := ctypes.CDLL(None), "malloc_trim"):  # what is freed goes back to the system
        _libc.malloc_trim(0)
    _resident_after_forgetting = resident()


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
