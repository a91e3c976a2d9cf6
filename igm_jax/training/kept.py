"""Where a run is kept: its rows, and where there is a directory, the log and the checkpoints that it goes on from."""

import contextlib
import warnings
from pathlib import Path
from typing import NamedTuple

from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.digests import identity_of
from igm_jax.training.directory import read_config
from igm_jax.training.errors import RunDirectoryError
from igm_jax.training.logs import Log, Row, read_log
from igm_jax.training.readme import write_readme
from igm_jax.training.states import step_of
from igm_jax.training.step import Run, TrainState, source_of
from igm_jax.training.stored import recipe_of_run, write_generator


class Store(NamedTuple):
    """Where a run is kept: its rows, and where there is a directory, its log, which holds the same rows."""

    rows: list[Row]
    checkpoints: Checkpoints | None = None
    log: Log | None = None

    def append(self, rows: list[Row]) -> None:
        self.log.append(rows) if self.log else self.rows.extend(rows)

    def save(self, state: TrainState, position: bytes | None = None) -> None:
        if self.checkpoints and self.log:
            self.log.sync()
            self.checkpoints.save(state, self.log.told(), position)


def opened_store(
    stack: contextlib.ExitStack, path: Path, run: Run, like: TrainState, keep: int, command: str | None
) -> tuple[Store, TrainState | None]:
    """The log and the checkpoints of a directory, and the state that the run continues from, if there is one."""
    identity = identity_of(read_config(path))
    checkpoints = stack.enter_context(Checkpoints(path, keep, run=identity))
    state = _resumed(checkpoints, like)
    # Only now, when the checkpoint is known to fit: this session's generator, also in an older version's directory.
    recipe = recipe_of_run(run)
    write_generator(path, recipe, identity)
    write_readme(path, run, recipe, command)
    begun = (0, None) if state is None else (step_of(state), checkpoints.log_of(step_of(state)))
    # The damaged checkpoints are moved before the log is cut: where they cannot be, nothing has changed.
    log = Log(path, *begun, before=lambda cut: checkpoints.set_aside(begun[0], cut))
    stack.enter_context(contextlib.closing(log))
    return Store(log.rows, checkpoints, log), state


def position_of(run: Run, store: Store, state: TrainState | None) -> bytes | None:
    """Where the stream of a run's data goes on; a warning where it cannot."""
    if source_of(run) is None or store.checkpoints is None:
        return None
    if state is None or not step_of(state):
        return None
    position = store.checkpoints.position_of(step_of(state))
    if position is None:
        warnings.warn(
            f"{store.checkpoints.directory.parent} goes on, but with the first batches of its source again, which cannot go to"
            " its place: the run is another than it would have been without the interruption",
            stacklevel=3,
        )
    return position


def _resumed(checkpoints: Checkpoints, like: TrainState) -> TrainState | None:
    """The state of the newest whole checkpoint; None for a run that has saved none yet."""
    if checkpoints.latest is None:
        # The state of step 0 is saved before any row is written.
        directory = checkpoints.directory.parent
        if rows := read_log(directory):
            raise RunDirectoryError(
                f"{directory} has a log up to step {rows[-1]['step']}, but no checkpoints: the folder"
                f" {checkpoints.directory} was emptied, or moved away. Put it back, or delete {directory} to begin anew"
            )
        if (directory / "generator.json").exists():  # also after a kill before the first state was saved
            warnings.warn(f"{directory} was used before, but holds no checkpoint; its run begins anew", stacklevel=3)
        return None
    return checkpoints.load(like)
