"""How a run ends before its time: a step that is no number, a signal, a source that fails; what is kept, and what to do."""

from collections.abc import Mapping

import numpy as np

from igm_jax.sources import SourceError
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.errors import Interrupted, NonFiniteError, RunMismatchError
from igm_jax.training.step import TrainState


def non_finite(
    name: str,
    steps: int,
    infos: Mapping[str, np.ndarray],
    bad: tuple[int, int],
    checkpoints: Checkpoints | None,
    like: TrainState,
) -> NonFiniteError:
    """The error for a bad step, the last one in ``infos``; its last good checkpoint is one that was read just now.

    Args:
        name: the run's name.
        steps: how many it was to have.
        infos: its measures, up to that step.
        bad: the step, counted from 1, and the seed.
        checkpoints: those of its directory.
        like: a state of it.

    Returns:
        The error.
    """
    step, seed = bad
    loss, speed = (float(infos[name][-1].ravel()[seed]) for name in ("loss", "velocity"))
    which = f" in seed {seed} of {infos['loss'].shape[1]}" if infos["loss"].ndim > 1 else ""
    gone = ", but parameters that are no longer finite" if np.isfinite(loss + speed) else ""
    kept, last = "there is no checkpoint, as no directory was given", None
    if checkpoints:
        last = checkpoints.newest_whole(like)
        where = checkpoints.directory
        kept = f"the last good checkpoint is that of step {last} in {where}"
        kept = f"no checkpoint in {where} is whole" if last is None else kept
    return NonFiniteError(
        f"training under {name!r} broke at step {step} of {steps}{which}: loss {loss:g}, velocity {speed:g}"
        f"{gone}; {kept}. Lower the learning rate, clip the gradients (`optax.clip_by_global_norm`), or look for bad"
        " data.",
        step,
        last,
    )


def interrupted(done: int, steps: int, signal: int, checkpoints: Checkpoints | None) -> Interrupted:
    """The error for a signal, after the checkpoint was saved."""
    where = checkpoints.directory.parent if checkpoints else "no directory"
    return Interrupted(
        f"stopped after step {done} of {steps}; its checkpoint is in {where}: start the same run again to continue",
        done,
        signal,
    )


def without_data(error: SourceError, done: int, steps: int, checkpoints: Checkpoints | None) -> SourceError:
    """The error for a source that failed, after the state up to then was saved."""
    kept = f"; the checkpoint of step {done} is in {checkpoints.directory.parent}" if checkpoints else ""
    return SourceError(f"no data for step {done + 1} of {steps}: {error}{kept}")


def more_than_asked(done: int, steps: int) -> RunMismatchError:
    """The error for a directory that holds more steps than were asked for.

    Args:
        done: the steps that it holds.
        steps: those that were asked for.

    Returns:
        The error.
    """
    return RunMismatchError(
        f"the directory holds {done} steps of this run, more than the {steps} that were asked for; ask for at least {done}, or"
        " choose another directory"
    )
