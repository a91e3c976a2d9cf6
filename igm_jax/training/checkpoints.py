"""Checkpoints by orbax: whole or absent, the newest few kept, and refused where they do not fit."""

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from orbax.checkpoint import v1 as ocp

from igm_jax.base import Params
from igm_jax.training.directory import differences, loaded_key, read_config
from igm_jax.training.errors import RunDirectoryError, RunMismatchError
from igm_jax.training.step import Run, TrainState


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


class Checkpoints:
    """The checkpoints of one run directory; a context manager.

    Saving waits until the state is on the disk: the buffers are about to be donated to the next steps, and a full disk
    should be known now.

    Args:
        directory: the run directory.
        keep: how many of the newest to keep.
        clean: whether to remove what a crash left half saved; never where another process may be saving.
    """

    def __init__(self, directory: Path, keep: int = 2, clean: bool = True) -> None:
        self.directory = directory / "checkpoints"
        newest: Any = ocp.training.preservation_policies.LatestN(keep)
        self._orbax = ocp.training.Checkpointer(
            str(self.directory),
            preservation_policy=newest,
            cleanup_tmp_directories=clean,
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._orbax.close()
        except Exception:
            # After a failed save orbax fails again here; the first error says more.
            if error is None:
                raise

    @property
    def latest(self) -> int | None:
        """Step of the newest whole checkpoint."""
        newest = self._orbax.latest
        return None if newest is None else newest.step

    def save(self, state: TrainState) -> None:
        """Save a state under its step, unless it is there already."""
        last, step = self.latest, int(jnp.ravel(state.step)[0])
        if last == step:
            return
        metadata: Any = {"signature": signature(state)}
        try:
            self._orbax.save_checkpointables(step, {"state": _packed(state)}, force=True, custom_metadata=metadata)
        except Exception as error:
            raise RunDirectoryError(
                f"the checkpoint of step {step} could not be saved in {self.directory} ({_first_line(error)};"
                f" {shutil.disk_usage(self.directory).free / 2**20:.1f} MiB free); the last good checkpoint is that of"
                f" step {last}: free some space and start the same run again to continue from it"
            ) from error

    def load(self, like: TrainState, step: int | None = None) -> TrainState:
        """Load a state.

        Args:
            like: a state, or its shapes (``jax.eval_shape``).
            step: which; None for the newest.

        Raises:
            RunMismatchError: if the stored arrays have other names, shapes or types.
            RunDirectoryError: if there is no such checkpoint, or its files are damaged.
        """
        return self._loaded(like, step)

    def load_parameters(self, like: Parameters, step: int | None = None) -> tuple[int, Parameters]:
        """Load what samples are drawn from, and nothing else: neither objective nor optimiser need be known.

        Args:
            like: parameters and average, or their shapes.
            step: which; None for the newest.

        Returns:
            The checkpoint's step, and the parameters.

        Raises:
            RunMismatchError: if the stored arrays have other names, shapes or types.
            RunDirectoryError: if there is no such checkpoint, or its files are damaged.
        """
        step = self.latest if step is None else step
        return cast(int, step), self._loaded(like, step)

    def _loaded(self, like: Any, step: int | None) -> Any:
        """What is like ``like``: a state, or those fields of it that ``like`` has."""
        step = self.latest if step is None else step
        present = [point.step for point in self._orbax.checkpoints]
        if step is None or step not in present:
            raise RunDirectoryError(f"{self.directory} has no checkpoint of step {step}; it has {present}")
        try:
            stored: Any = self._orbax.checkpointables_metadata(step).custom_metadata
            begin = tuple(f".{name}" for name in like._fields)
            ours = {name: kind for name, kind in stored["signature"].items() if name.startswith(begin)}
            self._check(step, ours if isinstance(like, Parameters) else stored["signature"], signature(like))
            loaded = self._read(step, like)
        except RunMismatchError:
            raise
        except Exception as error:
            raise RunDirectoryError(
                f"the checkpoint of step {step} in {self.directory} cannot be read ({_first_line(error)}); delete the"
                f" folder {self.directory / str(step)} to continue from the one before it; present are {present}"
            ) from error
        return _unpacked(like, loaded)

    def _read(self, step: int, like: Any) -> Any:
        if not isinstance(like, Parameters):
            return self._orbax.load_checkpointables(step, {"state": _packed(_wanted(like))})["state"]
        # A part is asked for as a dict, and in a context that nothing else of orbax has been entered in: it leaves it.
        context = ocp.Context()
        context.pytree.loading.partial_load = True
        with context:
            loaded: Any = self._orbax.load_checkpointables(step, {"state": _packed(_wanted(like))._asdict()})["state"]
        return Parameters(**loaded)

    def _check(self, step: int, stored: dict[str, str], now: dict[str, str]) -> None:
        if lines := differences(stored, now):
            more = f"\n  and {len(lines) - 10} more" if len(lines) > 10 else ""
            raise RunMismatchError(
                f"the checkpoint of step {step} in {self.directory} does not fit this run:\n  "
                + "\n  ".join(lines[:10])
                + more
                + "\nUse the generator, objective, optimiser and precision that it was trained with, or"
                " another directory."
            )


def restore(run: Run, directory: str | os.PathLike, step: int | None = None) -> TrainState:
    """The state of a run from its directory, to sample from it or to look at it.

    Args:
        run: the run, built as it was for training.
        directory: its directory.
        step: which checkpoint; None for the newest.

    Returns:
        The state; several seeds if several were trained together.

    Raises:
        RunDirectoryError: if there is no such checkpoint.
        RunMismatchError: if it belongs to another kind of run.

    Example:
        >>> import tempfile
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import stateless
        >>> from igm_jax.generators import particles
        >>> from igm_jax.training import restore, train, training
        >>> gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
        >>> run = training(particles(jnp.zeros((2, 1))), gap, optax.sgd(0.1), lambda key, n: jnp.ones((n, 1)), 2)
        >>> directory = tempfile.mkdtemp()
        >>> trained = train(run, jax.random.key(0), 5, directory=directory, progress=False)
        >>> bool((restore(run, directory).params == trained.state.params).all())
        True
    """
    path = Path(directory).expanduser().absolute()
    key = loaded_key(read_config(path)["key"])
    if not (path / "checkpoints").is_dir():
        raise RunDirectoryError(f"{path} has no checkpoints yet; start its run again to make some")
    with Checkpoints(path, clean=False) as checkpoints:
        return checkpoints.load(jax.eval_shape(started(run, key), key), step)


def started(run: Run, key: Array) -> Any:
    """``run.init``, for one key or for several."""
    return run.init if key.ndim == 0 else jax.vmap(run.init)


def _packed(state: Any) -> Any:
    """Without arrays of no elements, which orbax refuses."""
    return jax.tree.map(lambda leaf: leaf if leaf.size else None, state)


def _unpacked(like: Any, loaded: Any) -> Any:
    """Arrays on the device where new arrays are made; copies, so that their buffers may be donated."""
    leaves = iter(jax.tree.leaves(loaded))
    return jax.tree.map(lambda leaf: jnp.array(next(leaves)) if leaf.size else jnp.zeros(leaf.shape, leaf.dtype), like)


def _wanted(like: Any) -> Any:
    """What to ask of orbax: NumPy arrays, since its threads do not know of ``jax.enable_x64`` in ours, and keys."""
    here = jnp.zeros(()).sharding

    def wanted(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here)
        return np.empty(leaf.shape, leaf.dtype)

    return jax.tree.map(wanted, like)


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
