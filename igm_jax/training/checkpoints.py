"""Checkpoints by orbax: whole or absent, verified when they are read, the newest few kept, and refused where they do not fit."""

import base64
import contextlib
import itertools
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orbax.checkpoint import v1 as ocp

from igm_jax.files import write_whole
from igm_jax.training.digests import compared, digests, is_changed, sealed
from igm_jax.training.directory import differences
from igm_jax.training.errors import Damaged, RunDirectoryError, RunMismatchError
from igm_jax.training.states import (
    Parameters,
    as_saved,
    completed,
    first_line,
    free,
    not_now,
    packed,
    quiet,
    signature,
    step_of,
    unpacked,
    wanted_of,
)
from igm_jax.training.step import TrainState


def _unused(path: Path) -> Path:
    """A path where there is nothing yet."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(one for one in itertools.chain([path], names) if not os.path.lexists(one))


class Checkpoints:
    """The checkpoints of one run directory; a context manager.

    Each carries the digests of its arrays, which must agree when it is read, and of the log up to its step. Saving waits until
    the state is on the disk: the buffers are about to be donated to the next steps, and a full disk should be known now. Before
    an older checkpoint is removed, the new one is read back.

    Args:
        directory: the run directory.
        keep: how many of the newest to keep.
        clean: whether to remove what a crash left half saved; never where another process may be saving.
        run: the run's identity, ``identity_of`` its config: a checkpoint of another one is as good as none.
    """

    def __init__(self, directory: Path, keep: int = 2, clean: bool = True, run: str = "") -> None:
        self.directory, self._keep, self._run = directory / "checkpoints", keep, run
        if os.path.lexists(self.directory) and not self.directory.is_dir():
            raise RunDirectoryError(f"{self.directory} must be a folder, but is a file or leads nowhere; move it away")
        every: Any = ocp.training.preservation_policies.PreserveAll()  # until a newer one has been read back
        try:
            with quiet():
                self._orbax = ocp.training.Checkpointer(
                    str(self.directory), preservation_policy=every, cleanup_tmp_directories=clean
                )
        except (OSError, ValueError) as error:
            raise RunDirectoryError(
                f"{self.directory} cannot be opened ({first_line(error)}); make it readable"
            ) from error

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            with quiet():
                self._orbax.close()
        except Exception:
            # After a failed save orbax fails again here; the first error says more.
            if error is None:
                raise

    @property
    def steps(self) -> list[int]:
        """Steps of all checkpoints, the oldest first; whether they are whole is known when they are read."""
        return [point.step for point in self._orbax.checkpoints]

    @property
    def latest(self) -> int | None:
        """Step of the newest checkpoint."""
        return self.steps[-1] if self.steps else None

    def save(self, state: TrainState, log: dict[str, Any] | None = None, position: bytes | None = None) -> None:
        """Save a state under its step, unless it is there already, and remove the oldest once this one is known to be whole.

        Args:
            state: the state.
            log: what ``Log.told`` says of the rows up to now.
            position: where the data's source stands.
        """
        last, step = self.latest, step_of(state)
        if last == step:
            return
        known, story = digests(state), {"step": step, "run": self._run, "signature": signature(state), "log": log}
        source = {} if position is None else {"source": base64.b64encode(position).decode()}
        told: Any = sealed({**story, "digests": known, **source})
        try:
            with quiet():
                self._orbax.save_checkpointables(step, {"state": packed(state)}, force=True, custom_metadata=told)
        except Exception as error:
            good = "there is none before it" if last is None else f"the last good checkpoint is that of step {last}"
            raise RunDirectoryError(
                f"the checkpoint of step {step} could not be saved in {self.directory} ({first_line(error)};"
                f" {free(self.directory)}); {good}: free some space and start the same run again to continue from it"
            ) from error
        if len(self.steps) > self._keep:
            self._read_back(step, state, known)
        for old in self.steps[: -self._keep]:
            try:
                with quiet():
                    self._orbax.delete(old)
            except Exception as error:  # the run has all that it needs
                warnings.warn(
                    f"the checkpoint of step {old} in {self.directory}, which is not needed any more, cannot be removed"
                    f" ({first_line(error)}); the run goes on. Remove it yourself when it has ended",
                    stacklevel=4,
                )

    def _read_back(self, step: int, state: TrainState, known: dict[str, str]) -> None:
        """Make sure that the files hold a state; on the host, since the device may have no room for a second one."""
        try:
            with self._reading(step), quiet():
                compared(known, digests(completed(state, self._read(step, state))))
        except Damaged as error:
            raise RunDirectoryError(
                f"the checkpoint of step {step} in {self.directory} was saved without an error, but, read again, {error}; no"
                " older one was removed. Check the disk and the memory, or copy the directory to another disk, and start the"
                " same run again: it continues from the newest whole checkpoint"
            ) from error

    def load(self, like: TrainState, step: int | None = None) -> TrainState:
        """Load a state, and verify it.

        Args:
            like: a state, or its shapes (``jax.eval_shape``).
            step: which; None for the newest whole one, with a warning if newer ones are damaged.

        Raises:
            RunMismatchError: if the stored arrays have other names, shapes or types.
            RunDirectoryError: if there is no such checkpoint, or its files are damaged.
        """
        return self.found(like, step)[1]

    def found(self, like: Any, step: int | None = None) -> tuple[int, Any]:
        """Step and arrays of a checkpoint, those that are like ``like``: a state, or ``Parameters``, for which neither objective
        nor optimiser need be known. See ``load``."""
        present = self.steps
        if not present or step not in (None, *present):
            wanted = "no checkpoint" if step is None else f"no checkpoint of step {step}"
            raise RunDirectoryError(f"{self.directory} has {wanted}; it has {present or 'none: start its run again'}")
        damaged = {} if step is not None else {one: "is no folder" for one in self._strays() if one > present[-1]}
        for one in present[::-1] if step is None else [step]:
            try:
                with self._reading(one):
                    loaded = unpacked(like, self._verified(like, one))
            except Damaged as error:
                damaged[one] = str(error)
                continue
            if "digests" not in self._story(one):
                warnings.warn(f"the checkpoint of step {one} in {self.directory} is of an earlier version of igm_jax"
                              " and carries no digests, so nothing says whether it is whole", stacklevel=4)  # fmt: skip
            if damaged:
                warnings.warn(f"{self._told(damaged)}; taken is that of step {one}, the newest whole one", stacklevel=4)
            return one, loaded
        others = [one for one in present if one not in damaged]
        way = f"; present are also {others}, of which none was looked at" if others else ", and there is no other one"
        raise RunDirectoryError(
            f"{self._told(damaged)}{way}. Put back a copy of that folder"
            + (f", or say `step={others[-1]}`" if others else f", or delete {self.directory.parent} to begin anew")
        )

    def newest_whole(self, like: TrainState) -> int | None:
        """Step of the newest checkpoint that is whole, which is read for that."""
        for one in reversed(self.steps):
            try:
                with self._reading(one):
                    self._verified(like, one)
            except (Damaged, RunMismatchError, RunDirectoryError):
                continue
            return one
        return None

    def set_aside(self, after: int, rows: bytes = b"") -> None:
        """Move the checkpoints after a step, which are damaged, out of the way of those that this run will save.

        Args:
            after: the step.
            rows: the log's lines after it, which are kept beside them.
        """
        steps = [one for one in (*self.steps, *self._strays()) if one > after]
        folder = self.directory.parent / "damaged"
        try:
            if steps:
                folder.mkdir(exist_ok=True)
            if steps and rows:
                write_whole(_unused(folder / f"log-after-{after}.jsonl"), rows)
            for step in steps:
                os.rename(self.directory / str(step), aside := _unused(folder / str(step)))
                warnings.warn(f"the damaged checkpoint of step {step} was moved to {aside}", stacklevel=4)
        except OSError as error:
            raise RunDirectoryError(
                f"damaged checkpoints cannot be moved to {folder} ({first_line(error)}), as they must before the run goes on;"
                " make it a folder that you may write to, or move it away"
            ) from error
        self._orbax.reload()

    def _strays(self) -> list[int]:
        """Steps under whose name there is something else than a folder."""
        return [
            int(name)
            for name in os.listdir(self.directory)
            if name.isdecimal() and not (self.directory / name).is_dir()
        ]

    def log_of(self, step: int) -> dict[str, Any] | None:
        """What the checkpoint of a step says of the log; None if it was saved before checkpoints did."""
        return self._story(step).get("log")

    def position_of(self, step: int) -> bytes | None:
        """Where the data's source stood when the checkpoint of a step was saved; None if that was not known."""
        return base64.b64decode(source) if (source := self._story(step).get("source")) is not None else None

    def _told(self, damaged: dict[int, str]) -> str:
        told = "; ".join(f"that of step {step} {reason}" for step, reason in damaged.items())
        return f"checkpoints in {self.directory} are damaged: {told}"

    def _story(self, step: int) -> dict[str, Any]:
        """What was written down beside the arrays."""
        with quiet():
            stored: Any = self._orbax.checkpointables_metadata(step).custom_metadata
        return stored if isinstance(stored, dict) else {}

    def _verified(self, like: Any, step: int) -> Any:
        """What is like ``like``: a state, or those fields of it that ``like`` has; an error unless it is what was saved."""
        story = self._story(step)
        if story.keys() != {"signature"}:  # as it was before there were digests
            self._check_story(step, story)
        begin = tuple(f".{name}" for name in like._fields) if isinstance(like, Parameters) else "."
        kinds, kept = ({path: one for path, one in story.get(name, {}).items() if path.startswith(begin)}
                       for name in ("signature", "digests"))  # fmt: skip
        like = as_saved(like, kinds)
        self._check(step, kinds, signature(like))
        with quiet():
            loaded = completed(like, self._read(step, like))
        if "digests" in story:
            compared(kept, digests(loaded))
        return loaded

    @contextlib.contextmanager
    def _reading(self, step: int) -> Iterator[None]:
        """What fails while a checkpoint is read says that it is damaged, or that it cannot be read now."""
        try:
            yield
        except (RunMismatchError, Damaged):
            raise
        except Exception as error:
            if not_now(error):
                raise RunDirectoryError(
                    f"the checkpoint of step {step} in {self.directory} cannot be read now ({first_line(error)}); it may"
                    " well be whole: make it readable, or free some memory, and try again"
                ) from error
            raise Damaged(f"cannot be read ({first_line(error)})") from error

    def _check_story(self, step: int, story: dict[str, Any]) -> None:
        if "sha256" not in story or is_changed(story):
            raise Damaged("has another signature than was saved")
        if story["step"] != step:
            raise Damaged(f"is that of step {story['step']} under another name")
        if story["run"] != self._run:
            raise Damaged("belongs to another run")

    def _read(self, step: int, like: Any) -> Any:
        if not isinstance(like, Parameters):
            return self._orbax.load_checkpointables(step, {"state": packed(wanted_of(like))})["state"]
        # A part is asked for as a dict, and in a context that nothing else of orbax has been entered in: it leaves it.
        context = ocp.Context()
        context.pytree.loading.partial_load = True
        with context:
            loaded: Any = self._orbax.load_checkpointables(step, {"state": packed(wanted_of(like))._asdict()})["state"]
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
