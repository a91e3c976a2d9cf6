"""A state as it lies on the disk: its arrays' names and types, what orbax is given of it, and what orbax's errors mean."""

import contextlib
import errno
import logging
import shutil
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import keystr
from jaxtyping import Array

from igm_jax.base import Params
from igm_jax.training.placing import put
from igm_jax.training.step import Run, TrainState, parts_of


def signature(state: Any) -> dict[str, str]:
    """Path, type and shape of every array of a state, e.g. ``{".params['w']": "float32[2, 3]"}``.

    orbax casts silently where types differ, so each checkpoint carries its signature, and it must agree.
    """
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(path): f"{leaf.dtype}{list(leaf.shape)}" for path, leaf in leaves}


def size(state: Any) -> int:
    """Bytes that a state takes on the disk, about."""
    arrays = (leaf for leaf in jax.tree.leaves(state) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in arrays)


class Parameters(NamedTuple):
    """The part of a state that samples are drawn from.

    Attributes:
        params: the generator's parameters.
        average: their moving average.
    """

    params: Params
    average: Params


def keys_of(key: Any) -> Array:
    """Typed keys, one or a row of them."""
    if not (isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)):
        try:
            key = jax.random.wrap_key_data(key)
        except (TypeError, ValueError, AttributeError) as error:
            raise TypeError(f"`key` must be a random key, e.g. `jax.random.key(0)`, but is {key!r}") from error
    if key.ndim > 1 or key.size == 0:
        raise ValueError(
            f"`key` must be one random key, or (s,) keys for s seeds, e.g. `jax.random.split(key, s)`, but has shape"
            f" {key.shape}"
        )
    return key


def started(run: Run, key: Array) -> Any:
    """``run.init``, for one key or for several."""
    return run.init if key.ndim == 0 else jax.vmap(run.init)


def placed(run: Run, state: TrainState) -> TrainState:
    """A state where the run's steps leave it."""
    parts = parts_of(run)
    return state if parts is None else put(parts.mesh, state, seeds=state.step.ndim > 0)


def packed(state: Any) -> Any:
    """Without arrays of no elements, which orbax refuses."""
    return jax.tree.map(lambda leaf: leaf if leaf.size else None, state)


def completed(like: Any, loaded: Any) -> Any:
    """What orbax read, on the host, with the arrays of no elements."""
    leaves = iter(jax.tree.leaves(loaded))
    return jax.tree.map(lambda leaf: next(leaves) if leaf.size else np.zeros(leaf.shape, leaf.dtype), like)


def unpacked(like: Any, loaded: Any) -> Any:
    """Arrays on the device where new arrays are made, of the types in ``like``; copies, so that their buffers may be donated."""

    def one(leaf: Any, known: Any) -> Array:
        return jnp.array(jax.device_put(known if known.dtype == leaf.dtype else known.astype(leaf.dtype)))

    return jax.tree.map(one, like, loaded)


def as_saved(like: Any, stored: dict[str, str]) -> Any:
    """Like a state, but for an average in half precision, as earlier versions made it of parameters in half precision.

    Args:
        like: a state or ``Parameters``, or their shapes.
        stored: the signature of what was saved.
    """
    halves = [np.dtype(kind) for kind in (jnp.float16, jnp.bfloat16)]

    def one(path: Any, leaf: Any) -> Any:
        kinds = [kind for kind in halves if stored.get(f".average{keystr(path)}") == f"{kind}{list(leaf.shape)}"]
        return jax.ShapeDtypeStruct(leaf.shape, kinds[0]) if kinds and leaf.dtype == jnp.float32 else leaf

    return like._replace(average=jax.tree_util.tree_map_with_path(one, like.average))


def wanted_of(like: Any) -> Any:
    """What to ask of orbax: NumPy arrays, since its threads do not know of ``jax.enable_x64`` in ours, and keys."""
    here = jax.device_put(np.zeros(())).sharding

    def wanted(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here)
        return np.empty(leaf.shape, leaf.dtype)

    return jax.tree.map(wanted, like)


def first_line(error: BaseException) -> str:
    """What an error was raised for in the first place, in one line: its causes wrap it."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def not_now(error: BaseException | None) -> bool:
    """Whether reading failed for a reason that says nothing against the files: rights, memory, open files, JAX itself."""
    while error is not None:
        told = str(error).startswith(("PERMISSION_DENIED", "RESOURCE_EXHAUSTED"))
        if told or isinstance(error, MemoryError | PermissionError | jax.errors.JaxRuntimeError):
            return True
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            return True
        error = error.__cause__
    return False


def free(directory: Path) -> str:
    """How much room there is, in words."""
    try:
        return f"{shutil.disk_usage(directory).free / 2**20:.1f} MiB free"
    except OSError:
        return "nothing is known of the room there"


def step_of(state: TrainState) -> int:
    """How many steps a state has behind it; seeds that are trained side by side have as many."""
    return int(np.ravel(jax.device_get(state.step))[0])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without orbax's own words on what fails, which are tracebacks: the error that follows says it in a sentence.

    What a failure leaves waiting may be collected at any time after it, so that these words are not heard from then on.
    """
    loggers = [logging.getLogger(name) for name in ("absl", "asyncio")]

    def others(record: logging.LogRecord) -> bool:  # another one each time, so that those around this one stay
        return _of_others(record)

    for logger in loggers:
        logger.addFilter(others)
    try:
        yield
    except Exception:
        logging.getLogger("asyncio").addFilter(_of_others)  # once, however often
        warnings.filterwarnings("ignore", r"coroutine '_deserialize_arrays\.", RuntimeWarning)
        raise
    finally:
        for logger in loggers:
            logger.removeFilter(others)


def _of_others(record: logging.LogRecord) -> bool:
    """Whether neither orbax says something, nor something is said of what failed in it, from whatever thread."""
    trace = record.exc_info[2] if isinstance(record.exc_info, tuple) else None
    failed = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(trace))
    if any("orbax" in Path(path).parts for path in (record.pathname, *failed)):
        return False
    # Of what was left waiting, asyncio names the function, or the error of orbax's own files.
    return not any(word in record.getMessage() for word in ("orbax/checkpoint", "OCDBT"))
