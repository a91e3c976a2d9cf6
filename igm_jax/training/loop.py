"""The host's side of a run: chunks of steps on the device, and between them the log, the bar and the checkpoints."""

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info
from igm_jax.descriptions import described
from igm_jax.sources import SourceError
from igm_jax.training.chunks import chunk_of, compiled, first_bad
from igm_jax.training.directory import run_directory
from igm_jax.training.endings import interrupted, more_than_asked, non_finite, without_data
from igm_jax.training.feed import Feed, Portion, steps_ready
from igm_jax.training.kept import Store, opened_store, position_of
from igm_jax.training.logs import Row, rows_of
from igm_jax.training.progress import Bar, averages, notice
from igm_jax.training.signals import postponed
from igm_jax.training.states import keys_of, placed, size, started, step_of
from igm_jax.training.step import Run, TrainState, source_of

OnChunk = Callable[[TrainState, Sequence[Row]], None]


class Trained(NamedTuple):
    """What ``train`` returns.

    Attributes:
        state: the last state; sample from ``state.average``.
        rows: the log, also of the sessions before this one.
        compile_seconds: what this session spent on compiling.
        run_seconds: what it spent on its steps.
        memory_bytes: what the compiled steps hold at once, as the compiler counts it: state, results and scratch; None
            where a session had nothing left to do or the compiler does not say.
    """

    state: TrainState
    rows: list[Row]
    compile_seconds: float
    run_seconds: float
    memory_bytes: int | None = None


def train(
    run: Run,
    key: Any,
    steps: int,
    *,
    directory: str | os.PathLike | None = None,
    config: Any = None,
    chunk: int = 100,
    every: int = 1000,
    keep: int = 2,
    log_every: int = 10,
    on_chunk: OnChunk | None = None,
    progress: bool = True,
    command: str | None = None,
) -> Trained:
    """Run ``steps`` steps, or what is missing of them in a directory that holds a part.

    The same key gives the same run to the last bit, however it was cut into chunks and sessions (on a GPU:
    with ``XLA_FLAGS=--xla_gpu_deterministic_ops=true``). Ctrl-C and SIGTERM save a checkpoint first. What lies in the directory
    is verified by its digests: of damaged checkpoints the newest whole one is taken, with a warning, and the damaged ones are
    moved to ``damaged``; a log or config that was changed is refused.

    Args:
        run: from ``training``.
        key: one random key; or (s,) keys, to train s seeds side by side by ``vmap``: then each array of the state and
            each measure has a leading axis of s.
        steps: number of generator updates in all, counted from the beginning of the run.
        directory: where checkpoints, log and config are kept, and how the generator is made, for ``load_generator``; None for
            nowhere.
        config: what tells this run from others, as dataclasses, dicts, numbers and strings; None for all that the run was
            made of, as far as that is known (``igm_jax.descriptions.described``). The directory refuses to continue another
            run. Leave out what may change, such as ``steps``.
        chunk: steps on the device between two visits of the host.
        every: steps between two checkpoints.
        keep: number of checkpoints to keep.
        log_every: steps between two rows of the log.
        on_chunk: called with the state and the new rows at the beginning of a run and whenever its number of steps is
            a multiple of ``chunk`` or ``every``, e.g. to keep samples. The state's buffers are reused: take copies.
        progress: whether to draw the progress bar (on stderr).
        command: the command that starts this run, if there is one, for the README.md of its directory.

    Returns:
        The last state, the log's rows and the time it took.

    Raises:
        NonFiniteError: when the loss becomes NaN or infinite; the bad state is not saved.
        SourceError: when a source ends, raises or gives something else than its first batch; the state up to then is saved.
        RunDirectoryError, RunMismatchError: if the directory cannot be used, before any work.
        Interrupted: after a signal, when the checkpoint is saved; only with a directory.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import Generator, stateless
        >>> from igm_jax.training import train, training
        >>> dot = Generator(lambda key: jnp.zeros((1, 1)), lambda params, key, n: jnp.tile(params, (n, 1)))
        >>> gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
        >>> run = training(dot, gap, optax.sgd(0.1), lambda key, n: jnp.ones((n, 1)), 4)
        >>> trained = train(run, jax.random.key(0), 30, progress=False)
        >>> [row["step"] for row in trained.rows], round(float(trained.state.params[0, 0]), 2)
        ([10, 20, 30], 1.0)
    """
    checks.count("steps", steps, least=0)
    for name, value in (("chunk", chunk), ("every", every), ("keep", keep), ("log_every", log_every)):
        checks.count(name, value)
    key = keys_of(key)
    like = jax.eval_shape(started(run, key), key)
    with contextlib.ExitStack() as stack:
        store, state, stop = Store([]), None, _never
        if directory is not None:
            made = described(run) if config is None else None
            path = stack.enter_context(run_directory(directory, config, key, (keep + 1) * size(like), made))
            store, state = opened_store(stack, path, run, like, keep, command)
            stop = stack.enter_context(postponed())
            if progress and made and made.unverified and state is not None and step_of(state):
                notice(
                    f"{path} goes on; unverified, since only a name is known of its code: {', '.join(made.unverified)}"
                )
        position = position_of(run, store, state)
        state = placed(run, _first_state(run, key) if state is None else state)
        if step_of(state) == 0:
            store.save(state)
        if on_chunk and step_of(state) == 0:
            on_chunk(state, [])
        plan = _Plan(run.name, steps, chunk, every, log_every, progress)
        return _loop(run, state, plan, store, on_chunk, stop, position)


class _Plan(NamedTuple):
    name: str
    steps: int
    chunk: int
    every: int
    log_every: int
    progress: bool
    most: int | None = None

    def stop_after(self, done: int) -> int:
        """Where the chunk that begins after ``done`` steps ends; it does not depend on where a session began."""
        parts = (self.chunk, self.every, self.most or self.chunk)
        return min(self.steps, *(done - done % part + part for part in parts))

    def lengths(self, done: int) -> Iterator[int]:
        """How many steps each chunk has that is still to come."""
        while done < self.steps:
            done, before = self.stop_after(done), done
            yield done - before

    def told(self, done: int) -> bool:
        """Whether somebody waits for the state after so many steps."""
        return done == self.steps or done % self.chunk == 0 or done % self.every == 0


def _loop(
    run: Run,
    state: TrainState,
    plan: _Plan,
    store: Store,
    on_chunk: OnChunk | None,
    stop: Callable[[], int | None],
    position: bytes | None,
) -> Trained:
    done, rows = step_of(state), store.rows
    if done > plan.steps:
        raise more_than_asked(done, plan.steps)
    if done == plan.steps:
        return Trained(state, rows, 0.0, 0.0)
    before, begin = seconds_of(rows), time.perf_counter()
    with contextlib.ExitStack() as stack:
        feed = _feed_of(run, plan, store, done, position)
        data = stack.enter_context(feed).shapes if feed else ()
        plan = plan._replace(most=feed.most) if feed else plan
        move = compiled(chunk_of(run, plan.most or plan.chunk, many=state.step.ndim > 0), state, *data)
        compile_seconds, spent, fresh = time.perf_counter() - begin, 0.0, []
        bar = stack.enter_context(Bar(plan.name, plan.steps, done)) if plan.progress else None
        while done < plan.steps:
            begin = time.perf_counter()
            if feed:
                portion = _next_of(feed, plan, store, state, done, position, stop)
                data, position, end = (portion.data,), portion.position, done + portion.steps
            else:
                end = plan.stop_after(done)
            first, done = done + 1, end
            state, infos, sound = move(state, jax.device_put(np.int32(done - first + 1)), *data)
            infos, sound = _on_host(infos, done - first + 1), jax.device_get(sound)
            seconds = time.perf_counter() - begin
            spent += seconds
            fresh += _logged(plan, store, state, infos, sound, first, before + spent)
            if bar:
                bar.show(done, len(next(iter(infos.values()))) / seconds, averages(infos))
            if on_chunk and plan.told(done):
                on_chunk(state, fresh)
                fresh = []
            # Asked once: a signal between two questions would be told of a checkpoint that was not made.
            signal = stop()
            if signal or done % plan.every == 0 or done == plan.steps:
                store.save(state, position)
            if signal:
                raise interrupted(done, plan.steps, signal, store.checkpoints)
    return Trained(state, rows, compile_seconds, spent, _memory(move))


def _logged(
    plan: _Plan,
    store: Store,
    state: TrainState,
    infos: dict[str, np.ndarray],
    sound: np.ndarray,
    first: int,
    seconds: float,
) -> list[Row]:
    """The rows of a chunk, which are appended; an error where a step is no number, after the rows up to it."""
    bad = first_bad(infos, sound)
    whole = infos if bad is None else {name: values[: bad[0] + 1] for name, values in infos.items()}
    store.append(new := rows_of(whole, first, plan.log_every, seconds))
    if bad is not None:
        raise non_finite(plan.name, plan.steps, whole, (first + bad[0], bad[1]), store.checkpoints, state)
    return new


def _feed_of(run: Run, plan: _Plan, store: Store, done: int, position: bytes | None) -> Feed | None:
    """The data from the host, where they come from there, read ahead; a warning where the stream cannot be gone on with."""
    source = source_of(run)
    if source is None:
        return None
    most = steps_ready(source, run, plan.chunk)
    feed = Feed(source, run, most, plan._replace(most=most).lengths(done), position)
    if store.checkpoints and not feed.resumes:
        warnings.warn(
            "the source of this run cannot say where it stands: were the run interrupted, it would go on with the first batches"
            " again; pass a function that gives them in the same order, or an iterator with `get_state`",
            stacklevel=4,
        )
    return feed


def _next_of(
    feed: Feed,
    plan: _Plan,
    store: Store,
    state: TrainState,
    done: int,
    position: bytes | None,
    stop: Callable[[], int | None],
) -> Portion:
    """The data of the next steps; where there are none, or a signal comes first, the state up to then is saved."""
    try:
        portion = feed.take(stop)
    except SourceError as error:
        store.save(state, position)
        raise without_data(error, done, plan.steps, store.checkpoints) from error
    if portion is None:
        store.save(state, position)
        raise interrupted(done, plan.steps, stop() or 0, store.checkpoints)
    return portion


def seconds_of(rows: list[Row]) -> float:
    """What the sessions before this one took, as far as their log says it in a number."""
    return seconds if rows and isinstance(seconds := rows[-1].get("seconds"), float) else 0.0


def _memory(move: Any) -> int | None:
    analysis = move.memory_analysis() if hasattr(move, "memory_analysis") else None
    if analysis is None:
        return None
    held = analysis.argument_size_in_bytes + analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return held + analysis.temp_size_in_bytes


def _first_state(run: Run, key: Array) -> TrainState:
    state = jax.jit(started(run, key))(key)
    # Copies: the first chunk takes the buffers over, and none may belong to someone else (particles) or occur twice.
    return jax.tree.map(jnp.copy, state)


def _on_host(infos: Info, length: int) -> dict[str, np.ndarray]:
    """The measures of the steps that were made; jit gave them back in alphabetical order, but loss and velocity lead."""
    names = ["loss", "velocity", *(name for name in infos if name not in ("loss", "velocity"))]
    known = jax.device_get(infos)
    return {name: np.asarray(known[name])[:length] for name in names}


def _never() -> None:
    return None
