"""The host loop: resumed runs equal uninterrupted ones to the last bit, whatever the chunks; bad losses stop it."""

import json
import os
import re
import shutil
import signal
import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Generator
from igm_jax.distributions import grid, normal
from igm_jax.generators import particles
from igm_jax.kernels import gaussian
from igm_jax.objectives import energy, mmd
from igm_jax.training import (
    Interrupted,
    NonFiniteError,
    RunDirectoryError,
    RunMismatchError,
    read_log,
    restore,
    train,
    training,
)
from igm_jax.training.loop import seconds_of
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")
QUIET = {"progress": False}


@pytest.fixture(scope="module")
def whole():
    """Forty uninterrupted steps with a critic, in chunks of 20."""
    with jax.numpy_dtype_promotion("standard"):
        return train(toys.critic_run(), jax.random.key(0), 40, chunk=20, **QUIET)


def measures(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_resumed_equals_uninterrupted(key, tmp_path, whole):
    """N steps, a new session, N more: parameters, optimiser, critic, average, random state and log are the same.

    In between the log gets what a crash leaves: rows of work that is lost, and a torn last line.
    """
    run = toys.critic_run()
    half = train(run, key, 17, directory=tmp_path, chunk=20, **QUIET)
    assert int(half.state.step) == 17
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write('{"step": 30, "loss": 99.0}\n{"step": 40, "los')
    resumed = train(run, key, 40, directory=tmp_path, chunk=20, **QUIET)
    assert toys.same(resumed.state, whole.state)
    assert measures(read_log(tmp_path)) == measures(resumed.rows) == measures(whole.rows)
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 4
    assert toys.same(restore(run, tmp_path), whole.state)
    again = train(run, key, 40, directory=tmp_path, **QUIET)
    assert toys.same(again.state, whole.state)
    assert again.run_seconds == 0


def test_the_chunks_do_not_matter(key, whole):
    trained = train(toys.critic_run(), key, 40, chunk=7, every=11, **QUIET)
    assert toys.same(trained.state, whole.state)
    assert measures(trained.rows) == measures(whole.rows)


def test_one_compilation_for_all_chunks(key, tmp_path):
    """40 steps in chunks of 7, cut at checkpoints every 11, trace the loss once for each of init, shapes and program."""
    traces = []

    def sample(params, key, n):
        traces.append(n)
        return toys.generator.sample(params, key, n)

    def count(steps, **options):
        traces.clear()
        run = training(Generator(toys.generator.init, sample), toys.moments, optax.sgd(0.1), toys.target, 8)
        train(run, key, steps, **options, **QUIET)
        return len(traces)

    assert count(40, chunk=7, every=11) == count(7, chunk=7)


def test_seeds_side_by_side_equal_single_runs(whole, tmp_path):
    keys = jnp.stack([jax.random.key(0), jax.random.key(5)])
    run = toys.critic_run()
    half = train(run, keys, 20, directory=tmp_path, chunk=20, **QUIET)
    assert half.state.step.tolist() == [20, 20]
    both = train(run, keys, 40, directory=tmp_path, chunk=20, **QUIET)
    assert [len(row["loss"]) for row in both.rows] == [2, 2, 2, 2]
    first = jax.tree.map(lambda leaf: leaf[0], both.state)
    for name in ("params", "average"):
        for part in ("in", "out"):
            np.testing.assert_allclose(getattr(first, name)[part], getattr(whole.state, name)[part], rtol=1e-4)
    np.testing.assert_allclose([row["loss"][0] for row in both.rows], [row["loss"] for row in whole.rows], rtol=1e-4)
    assert both.rows[-1]["loss"][0] != both.rows[-1]["loss"][1]


def test_on_chunk_sees_the_state_at_fixed_steps(key, tmp_path):
    """At the start and at multiples of the chunk, also after an interruption at an odd step."""
    run, seen = toys.still_run(), []

    def note(state, rows):
        seen.append((int(state.step), [row["step"] for row in rows]))

    train(run, key, 15, directory=tmp_path, chunk=10, log_every=5, on_chunk=note, **QUIET)
    train(run, key, 30, directory=tmp_path, chunk=10, log_every=5, on_chunk=note, **QUIET)
    assert seen == [(0, []), (10, [5, 10]), (15, [15]), (20, [20]), (30, [25, 30])]


def test_users_arrays_survive_the_donation(key):
    """The buffers of a chunk are donated, but particles' starting points stay their owner's."""
    x = jnp.ones((4, 2))
    run = training(particles(x), toys.moments, optax.sgd(0.4), lambda key, n: jnp.zeros((n, 2)), 4)
    trained = train(run, key, 5, **QUIET)
    assert x.tolist() == [[1.0, 1.0]] * 4
    assert float(jnp.abs(trained.state.params).max()) < 1


def breaking(step, *, loss=True):
    """A run whose loss, or whose parameters only, break at a step, counted from 1."""

    def sample(params, key, n):
        return jnp.tile(params, (n, 1))

    def move(updates, state, params=None):
        fatal = jnp.where(state + 1 == step, jnp.nan, 0.0).astype(updates.dtype)
        return jax.tree.map(lambda leaf: -0.1 * leaf + fatal, updates), state + 1

    optimizer = optax.GradientTransformation(lambda params: jnp.int32(loss), move)
    return training(
        Generator(lambda key: jnp.ones((1, 2)), sample), toys.moments, optimizer, toys.target, 4, name="toy"
    )


def test_a_loss_that_is_no_number_stops_the_run(key, tmp_path):
    """The step inside the chunk, the objective and the last good checkpoint are named, and nothing bad is saved."""
    run = breaking(27)
    with pytest.raises(NonFiniteError, match=r"under 'toy' broke at step 27 of 100: loss nan") as caught:
        train(run, key, 100, directory=tmp_path, chunk=10, every=20, **QUIET)
    assert (caught.value.step, caught.value.checkpoint) == (27, 20)
    assert f"the last good checkpoint is that of step 20 in {tmp_path}" in str(caught.value)
    assert int(restore(run, tmp_path).step) == 20
    assert [row["step"] for row in read_log(tmp_path)] == [10, 20]


def test_parameters_that_break_at_the_end_of_a_chunk_are_not_saved(key, tmp_path):
    run = breaking(20, loss=False)
    with pytest.raises(NonFiniteError, match=r"step 20 of 100: loss .*, but parameters that are no longer finite"):
        train(run, key, 100, directory=tmp_path, chunk=10, every=20, **QUIET)
    assert int(restore(run, tmp_path).step) == 0


def test_the_broken_seed_is_named():
    keys = jax.random.split(jax.random.key(0), 3)

    def sample(params, key, n):
        return jnp.tile(params, (n, 1))

    def init(key):
        fatal = jnp.all(jax.random.key_data(key) == jax.random.key_data(jax.random.split(keys[1], 4)[0]))
        return jnp.where(fatal, jnp.nan, jnp.ones((1, 2)))

    run = training(Generator(init, sample), toys.moments, optax.sgd(0.1), toys.target, 4)
    with pytest.raises(NonFiniteError, match=r"broke at step 1 of 30 in seed 1 of 3.*no directory was given"):
        train(run, keys, 30, **QUIET)


@pytest.mark.parametrize(
    ("config", "seed", "text"),
    [
        ({"rate": 0.1, "name": "a"}, 0, r"config.rate: stored 0.01, now 0.1\n  config.name: stored nothing, now 'a'"),
        ({"rate": 0.01}, 1, r"key.data: stored \[0, 0\], now \[0, 1\]"),
    ],
)
def test_a_directory_belongs_to_one_run(tmp_path, config, seed, text):
    run = toys.still_run()
    train(run, jax.random.key(0), 0, directory=tmp_path, config={"rate": 0.01}, **QUIET)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunMismatchError, match=text) as caught:
        train(run, jax.random.key(seed), 10, directory=tmp_path, config=config, **QUIET)
    assert "Choose another directory" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_checkpoint_of_another_shape_is_refused(key, tmp_path):
    """Same config, other objective: each array that differs is named."""
    options = {"directory": tmp_path, "config": {"run": "one"}, **QUIET}
    train(toys.still_run(), key, 0, **options)
    run = training(particles(jnp.zeros((4, 2))), toys.critic, optax.sgd(0.4), toys.target, 4)
    with pytest.raises(RunMismatchError, match=r"objective_state.weights: stored nothing, now 'float32\[2\]'"):
        train(run, key, 10, **options)


def test_without_a_config_a_run_is_told_by_what_it_is_made_of(key, tmp_path):
    """Objective, rate, batch and data are compared; what is only known by its name is said to be unverified."""

    def run(objective=energy, rate=1e-3, target=None):
        return training(particles(jnp.zeros((4, 2))), objective(), optax.adam(rate), target or normal(2), 4)

    options = {"directory": tmp_path, **QUIET}
    train(run(), key, 2, **options)
    before = sorted(tmp_path.rglob("*"))
    for other, text in (
        (run(lambda: mmd(gaussian(1.0))), r"objective.kind: stored 'energy', now 'mmd'"),
        (run(rate=1.0), r"step_size: stored -0.001, now -1.0"),
        (run()._replace(name="mine"), r"config.kind: stored 'training', now 'Run'"),
        (run(target=grid()), r"target.kind: stored 'normal', now 'grid'"),
    ):
        with pytest.raises(RunMismatchError, match=text):
            train(other, key, 4, **options)
    with pytest.raises(RunMismatchError, match=r"step_size: stored -0.001, now -0.01"):
        train(run(rate=0.01), key, 4, **options)
    with pytest.raises(RunMismatchError, match=r"Unverified, since only a name is known of its code: target"):
        train(run(target=toys.target), key, 4, **options)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(train(run(), key, 4, log_every=1, **options).rows) == 2


def test_a_run_that_was_begun_before_runs_were_described_goes_on(key, tmp_path):
    options = {"directory": tmp_path, **QUIET}
    train(toys.still_run(), key, 2, **options)
    stored = json.loads((tmp_path / "config.json").read_text())
    del stored["sha256"]
    (tmp_path / "config.json").write_text(json.dumps(stored | {"config": None}))
    path = tmp_path / "checkpoints" / "2" / "_CHECKPOINT_METADATA"
    story = json.loads(path.read_text())
    story["custom_metadata"] = {"signature": story["custom_metadata"]["signature"]}
    path.write_text(json.dumps(story))
    with pytest.warns(UserWarning, match="of an earlier version of igm_jax and carries no digests"):
        assert train(toys.still_run(), key, 4, **options).state.step == 4
    assert train(toys.still_run(), key, 6, **options).state.step == 6


def test_damage_is_said_and_the_run_comes_to_the_same_bits(key, tmp_path):
    """The newest checkpoint is damaged: the run goes on from the one before it, and the damaged one is kept aside."""
    run, options = toys.still_run(), {"directory": tmp_path, "chunk": 10, "every": 10, "log_every": 5, **QUIET}
    train(run, key, 20, **options)
    for path in (tmp_path / "checkpoints" / "20" / "state").rglob("*"):
        path.write_bytes(b"") if path.is_file() else None
    with pytest.warns(UserWarning, match="step") as told:
        trained = train(run, key, 30, **options)
    assert "taken is that of step 10, the newest whole one" in str(told[0].message)
    assert "of step 20 was moved to" in str(told[1].message)
    whole = train(run, key, 30, **options | {"directory": None})
    assert toys.same(trained.state, whole.state)
    assert measures(trained.rows) == measures(read_log(tmp_path)) == measures(whole.rows)
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["20", "30"]
    assert sorted(os.listdir(tmp_path / "damaged")) == ["20", "log-after-10.jsonl"]
    assert [row["step"] for row in read_log(tmp_path / "damaged" / "log-after-10.jsonl")] == [15, 20]


@pytest.mark.parametrize("seconds", ["soon", [1.0], True, 10**400, None, {}])
def test_a_time_in_the_log_that_is_no_number_stops_nothing(seconds):
    assert seconds_of([{"step": 1, "seconds": seconds}]) == 0.0
    assert seconds_of([{"step": 1, "seconds": 2.5}]) == 2.5


def test_where_damage_cannot_be_set_aside_nothing_is_changed(key, tmp_path):
    run, options = toys.still_run(), {"directory": tmp_path, "chunk": 10, "every": 10, **QUIET}
    train(run, key, 20, **options)
    for path in (tmp_path / "checkpoints" / "20" / "state").rglob("*"):
        path.write_bytes(b"") if path.is_file() else None
    (tmp_path / "damaged").write_text("precious")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with (
        pytest.warns(UserWarning, match="taken is that of step 10"),
        pytest.raises(RunDirectoryError, match="moved to"),
    ):
        train(run, key, 30, **options)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_last_good_checkpoint_is_one_that_is_whole(key, tmp_path):
    def damage(state, rows):
        if int(state.step) == 25:
            for path in (tmp_path / "checkpoints" / "20" / "state").rglob("*"):
                path.write_bytes(b"") if path.is_file() else None

    with pytest.raises(NonFiniteError, match="the last good checkpoint is that of step 10") as caught:
        train(breaking(27), key, 100, directory=tmp_path, chunk=5, every=10, keep=3, on_chunk=damage, **QUIET)
    assert caught.value.checkpoint == 10


def test_checkpoints_that_vanished_are_said(key, tmp_path):
    run, options = toys.still_run(), {"directory": tmp_path, **QUIET}
    train(run, key, 20, **options)
    shutil.rmtree(tmp_path / "checkpoints")
    with pytest.raises(
        RunDirectoryError, match=r"has a log up to step 20, but no checkpoints: .*Put it back, or delete"
    ):
        train(run, key, 30, **options)
    assert [row["step"] for row in read_log(tmp_path)] == [10, 20]
    (tmp_path / "log.jsonl").unlink()
    with pytest.warns(UserWarning, match="was used before, but holds no checkpoint; its run begins anew"):
        assert int(train(run, key, 20, **options).state.step) == 20


def test_a_directory_that_is_deleted_in_mid_run_is_said(key, tmp_path):
    def delete(state, rows):
        if int(state.step) == 10:
            shutil.rmtree(tmp_path / "run")

    with pytest.raises(RunDirectoryError, match=r"was deleted, moved or replaced while the run was going on"):
        train(toys.still_run(), key, 40, directory=tmp_path / "run", chunk=5, on_chunk=delete, **QUIET)
    assert not (tmp_path / "run").exists()


def test_a_log_that_contradicts_its_checkpoint_is_said(key, tmp_path):
    run, options = toys.still_run(), {"directory": tmp_path, **QUIET}
    train(run, key, 20, **options)
    lines = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(lines.replace('"step": 10', '"step": 11'))
    with pytest.raises(RunDirectoryError, match="is not the log that this run wrote"):
        train(run, key, 30, **options)
    (tmp_path / "log.jsonl").write_text(lines)
    assert len(train(run, key, 30, **options).rows) == 3


@pytest.mark.parametrize("switch", ["disable_jit", "debug_nans", "leaks", "transfers"])
def test_switches_that_help_to_find_faults(key, tmp_path, switch):
    """What they change is how a run is executed, and not what comes out."""
    contexts = {
        "disable_jit": jax.disable_jit,
        "debug_nans": jax.debug_nans,
        "leaks": jax.checking_leaks,
        "transfers": lambda: jax.transfer_guard("disallow"),
    }
    run, steps = toys.still_run(), 3
    expected = train(run, key, steps, log_every=1, **QUIET)
    with contexts[switch]():
        if switch != "disable_jit":  # which is slow
            train(run, key, 1, directory=tmp_path, log_every=1, **QUIET)
        trained = train(run, key, steps, directory=tmp_path, log_every=1, **QUIET)
        restored = restore(run, tmp_path)
    assert toys.same(restored, trained.state)
    np.testing.assert_allclose(trained.state.params, expected.state.params, rtol=1e-5)
    assert [row["step"] for row in trained.rows] == [1, 2, 3]


def test_a_nan_that_is_searched_for_is_found_where_it_arises(key):
    with jax.debug_nans(True), pytest.raises(FloatingPointError, match="invalid value"):
        train(breaking(2), key, 4, **QUIET)


def test_breakpoints_in_a_generator_see_numbers(key):
    seen = []

    def sample(params, key, n):
        seen.append(not isinstance(params, jax.core.Tracer))
        return params

    run = training(Generator(lambda key: jnp.ones((4, 2)), sample), toys.moments, optax.sgd(0.1), toys.target, 4)
    with jax.disable_jit():
        train(run, key, 2, **QUIET)
    assert any(seen)


def test_a_checkpoint_of_another_precision_is_refused(key, tmp_path):
    """orbax alone would cast in silence."""
    with jax.enable_x64(True):
        train(toys.still_run(), key, 0, directory=tmp_path, config={}, **QUIET)
    with pytest.raises(RunMismatchError, match=r".params: stored 'float64\[4, 2\]', now 'float32\[4, 2\]'"):
        train(toys.still_run(), key, 10, directory=tmp_path, config={}, **QUIET)


def test_fewer_steps_than_there_are_is_an_error(key, tmp_path):
    run = toys.still_run()
    train(run, key, 10, directory=tmp_path, **QUIET)
    with pytest.raises(RunMismatchError, match="holds 10 steps of this run, more than the 5 that were asked for"):
        train(run, key, 5, directory=tmp_path, **QUIET)


def test_a_second_process_may_not_use_the_directory(key, tmp_path):
    run, caught = toys.still_run(), []

    def intrude(state, rows):
        with pytest.raises(RunDirectoryError, match="in use by another process") as error:
            train(run, key, 10, directory=tmp_path, **QUIET)
        caught.append(error)

    train(run, key, 10, directory=tmp_path, chunk=10, on_chunk=intrude, **QUIET)
    assert len(caught) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_a_checkpoint_and_stops(key, tmp_path, number, capfd):
    run, before = toys.still_run(), signal.getsignal(number)

    def strike(state, rows):
        if int(state.step) == 20:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=r"stopped after step 20 of 40.*start the same run again") as caught:
        train(run, key, 40, directory=tmp_path, chunk=10, on_chunk=strike, **QUIET)
    assert (caught.value.step, caught.value.signal) == (20, number)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert signal.getsignal(number) is before
    assert "stopping at the end of this chunk" in capfd.readouterr().err
    assert int(restore(run, tmp_path).step) == 20


def test_training_in_a_thread_leaves_signals_alone(key, tmp_path):
    done = []
    run = toys.still_run()

    def work():
        with jax.numpy_dtype_promotion("standard"):
            done.append(train(run, key, 10, directory=tmp_path, **QUIET))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert int(done[0].state.step) == 10


def test_the_bar_is_drawn(key, capsys):
    train(toys.still_run(), key, 10)
    shown = capsys.readouterr().err
    assert re.search(r"still.*10/10.*steps/s.*loss \d", shown.replace("\n", " "))


def test_a_run_that_goes_on_says_what_could_not_be_verified(key, tmp_path, capsys):
    train(toys.still_run(), key, 10, directory=tmp_path)
    assert "unverified" not in capsys.readouterr().err
    train(toys.still_run(), key, 20, directory=tmp_path)
    assert "unverified, since only a name is known of its code: objective.divergence, target" in capsys.readouterr().err


@pytest.mark.slow
def test_double_precision_is_kept_across_sessions(key, tmp_path, x64):
    """orbax reads in threads of its own, which do not see that this one counts in float64."""
    run = toys.still_run()
    train(run, key, 5, directory=tmp_path, **QUIET)
    state = train(run, key, 10, directory=tmp_path, **QUIET).state
    assert state.params.dtype == jnp.float64
    assert toys.same(state, train(run, key, 10, **QUIET).state)


@pytest.mark.parametrize("option", ["steps", "chunk", "every", "keep", "log_every"])
def test_bad_counts_are_refused(key, option):
    options = {"steps": 10, option: -1}
    with pytest.raises(ValueError, match=f"`{option}` must be at least"):
        train(toys.still_run(), key, options.pop("steps"), **options)


@pytest.mark.parametrize("bad", [0, "key", None, jnp.zeros((2, 3))])
def test_something_that_is_no_key_is_refused(bad):
    with pytest.raises(TypeError, match="`key` must be a random key"):
        train(toys.still_run(), bad, 10)


@pytest.mark.slow
def test_keys_of_the_old_kind_are_taken(key):
    run = toys.still_run()
    old = train(run, jax.random.PRNGKey(0), 10, **QUIET)
    assert toys.same(old.state.params, train(run, key, 10, **QUIET).state.params)
