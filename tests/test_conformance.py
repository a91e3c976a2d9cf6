"""Every objective against every property it should have. A new objective is one more row of ``tests/conformance``.

Where a property does not hold, the row says why in ``exceptions``; only properties that are named here may be missing.
"""

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import NoWitnessError, energy_distance, objectives, velocity
from igm_jax.generators import particles
from igm_jax.training import training
from tests.conformance import ROWS
from tests.conformance.row import KEY


@pytest.fixture(autouse=True)
def standard_promotion():
    """Adam raises a Python float to an integer count, which strict promotion forbids."""
    with jax.numpy_dtype_promotion("standard"):
        yield


# What a row may lack, with a reason. Finite numbers and one compilation are asked of all.
PROPERTIES = {
    "witness",
    "zero",
    "permutation",
    "translation",
    "repetition of x",
    "repetition of y",
    "removal",
    "approach",
    "one sample",
}


def rows_with(property_name: str) -> list[str]:
    return [name for name, row in ROWS.items() if property_name not in row.exceptions]


def draws(n: int = 8, m: int = 8, dim: int = 2, dtype=float):
    rng = np.random.default_rng(n + 31 * m)
    return jnp.asarray(rng.normal(size=(n, dim)), dtype), jnp.asarray(1 + 0.5 * rng.normal(size=(m, dim)), dtype)


# Objectives that need no row of their own.
WITHOUT_ROW = {
    "conditional_field": "`conditional` has one, and both are the same sum over classes",
    "cycle_consistent": "its samples are what two maps make there and back, and its data come as their condition",
    "guided_field": "it is `conditional_field` with negatives, and takes strengths that points do not have",
    "transformed": "`augmented` is made of it",
}


def test_every_objective_has_a_row_or_a_reason():
    made = {name for name in objectives.__all__ if "-> Objective:" in _heading(getattr(objectives, name))}
    rows = {name.split(",")[0] for name in ROWS}
    assert made - rows == set(WITHOUT_ROW)


def _heading(value) -> str:
    """The lines of a function's definition, up to its docstring."""
    return inspect.getsource(value).split('"""')[0] if inspect.isfunction(value) else ""


# The rows that go through everything every day. Of the others, whose time is that of the compiler, all but the identity of
# velocity and witness is left to ``make testall``.
ALWAYS = {"mmd", "sinkhorn", "sliced", "gan", "drifting"}


def often(names):
    """The names, those that are not for every day marked."""
    return [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in names]


class Compiled(NamedTuple):
    """An objective's functions compiled for samples of one shape and type, for all tests of its row."""

    update: Callable
    look: Callable
    """``(key, state, x, y) -> (loss, velocity)``."""


@functools.cache
def compiled(name: str, double: bool) -> Compiled:
    del double  # what is compiled in double precision is not for single
    objective = ROWS[name].objective

    def look(key, state, x, y):
        return objective.loss(key, state, x, y), velocity(objective, key, state, x, y)

    return Compiled(jax.jit(objective.update), jax.jit(look))


def started(name: str, x, y, double: bool = False):
    """The state after one update."""
    return compiled(name, double).update(KEY, ROWS[name].objective.init(KEY, x), x, y)[0]


def test_every_exception_is_about_a_property():
    for name, row in ROWS.items():
        assert set(row.exceptions) <= PROPERTIES, name
        assert all(len(reason) > 10 for reason in row.exceptions.values()), name


@pytest.mark.parametrize("name", ROWS)
def test_velocities_witnesses_and_translations(name, x64):
    """In double precision: the velocity is minus the witness's gradient, and a translation of both changes nothing."""
    row, (x, y) = ROWS[name], draws()
    state = started(name, x, y, True)
    _, v = compiled(name, True).look(KEY, state, x, y)
    if "witness" in row.exceptions:
        with pytest.raises(NoWitnessError, match=r"no witness: \w"):
            row.objective.witness(state, x, x, y)
    else:
        np.testing.assert_allclose(v, -slopes(row, state, x, y), rtol=1e-6, atol=1e-8)
    if "translation" not in row.exceptions:
        shift = jnp.array([[30.0, -7.0]])
        moved = compiled(name, True).look(KEY, row.objective.init(KEY, x + shift), x + shift, y + shift)
        still = compiled(name, True).look(KEY, row.objective.init(KEY, x), x, y)
        for got, expected in zip(moved, still, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


def slopes(row, state, x, y):
    """The witness's gradients at the samples, where a sample may have to be left out of those it is compared with."""
    others = np.stack([np.delete(np.arange(len(x)), i) for i in range(len(x))])

    def slope(point, seen):
        return jax.grad(lambda p: row.objective.witness(state, p[None], seen, y)[0])(point)

    seen = x[others] if row.leaves_out else jnp.broadcast_to(x, (len(x), *x.shape))
    return jax.jit(jax.vmap(slope))(x, seen)


@pytest.mark.parametrize("name", often(ROWS))
def test_zero_permutations_degenerate_samples_and_one_compilation(name):
    """In single precision, all on samples of one shape, so that each function is compiled once."""
    row, (x, y) = ROWS[name], draws(dtype=jnp.float32)
    state, look = started(name, x, y), compiled(name, False).look
    _, v = look(KEY, state, x, y)
    if "zero" not in row.exceptions:
        value, rest = look(KEY, row.objective.init(KEY, x), x, x)
        assert abs(value) < 1e-5
        assert np.abs(rest).max() < 1e-3 * np.abs(v).max()
    if "permutation" not in row.exceptions:
        order_x, order_y = (np.random.default_rng(seed).permutation(len(x)) for seed in (0, 1))
        got = look(KEY, state, x[order_x], y[order_y])[1]
        np.testing.assert_allclose(got, v[order_x], rtol=2e-4, atol=2e-5 * np.abs(v).max())
    for case, (few, many) in ALIKE.items():
        value, rest = look(KEY, state, jnp.asarray(few, jnp.float32), jnp.asarray(many, jnp.float32))
        assert np.isfinite(value), case
        assert np.isfinite(rest).all(), case
    update = compiled(name, False).update
    update(KEY, state, x, y)
    for side in "xy" if name not in WITHOUT_DATA else "x":
        bad = {"x": x, "y": y} | {side: (x if side == "x" else y).at[3, 1].set(jnp.nan)}
        learned = state if side == "x" else update(KEY, state, **bad)[0]
        assert not np.isfinite(look(KEY, learned, **bad)[0]), f"a NaN in {side} is passed over"
    sizes = update._cache_size(), look._cache_size()
    update(jax.random.key(1), state, x + 1, y)
    look(jax.random.key(1), state, x + 1, y)
    assert (update._cache_size(), look._cache_size()) == sizes


# Their target is a density or data that are fixed, and those of a step have no part in them.
WITHOUT_DATA = {"ksd", "svgd", "stein_reverse_kl", "reverse_kl", "frechet_loss, fixed", "frozen", "frozen, landmarks"}

# As many samples as ``draws`` gives.
ALIKE = {
    "all equal": (np.ones((8, 2)), np.ones((8, 2))),
    "duplicates": (np.repeat(np.eye(2), 4, 0), np.repeat(np.eye(2), [6, 2], 0)),
    "x is y": (np.arange(16.0).reshape(8, 2), np.arange(16.0).reshape(8, 2)),
    "far apart": (np.eye(8, 2), 1e3 + np.eye(8, 2)),
}
LONELY = {"one sample": (np.zeros((1, 2)), np.ones((5, 2))), "one datum": (np.eye(2), np.ones((1, 2)))}


@pytest.mark.parametrize("name", often(rows_with("one sample")))
def test_one_sample_and_one_datum_have_finite_losses_and_velocities(name):
    state, look = started(name, *draws(dtype=jnp.float32)), compiled(name, False).look
    for case, (x, y) in LONELY.items():
        loss, v = jax.jit(lambda *given: look(*given))(KEY, state, x.astype(np.float32), y.astype(np.float32))
        assert np.isfinite(loss), case
        assert np.isfinite(v).all(), case


COUNTS = {"x": np.array([2, 1, 3, 1, 1]), "y": np.array([1, 2, 1, 1, 3, 2])}


@pytest.mark.parametrize("name", often(name for name, row in ROWS.items() if row.weighted is not None))
def test_weights_are_repetitions_and_a_weight_of_zero_is_a_removal(name, x64):
    row, samples = ROWS[name], dict(zip("xy", draws(5, 6), strict=True))
    weighted = jax.jit(row.weighted)
    sides = [side for side in "xy" if f"repetition of {side}" not in row.exceptions]
    if sides:
        repeated = {s: jnp.repeat(samples[s], COUNTS[s], axis=0) if s in sides else samples[s] for s in "xy"}
        counts = {f"{s}_weights": (COUNTS[s] if s in sides else np.ones(len(samples[s]))).astype(float) for s in "xy"}
        np.testing.assert_allclose(weighted(**samples, **counts), weighted(**repeated), rtol=1e-7, atol=1e-10)
    if "removal" not in row.exceptions:
        x, y = samples["x"], samples["y"]
        a, b = np.array([1.0, 0, 1, 1, 0]), np.array([0.0, 1, 1, 1, 0, 1])
        got, expected = weighted(x=x, y=y, x_weights=a, y_weights=b), weighted(x=x[a > 0], y=y[b > 0])
        np.testing.assert_allclose(got[a > 0] if got.ndim else got, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", often(rows_with("approach")))
def test_particles_move_onto_the_data(name):
    row, n = ROWS[name], 40
    x, y = draws(n, n, dtype=jnp.float32)
    run = training(
        particles(x - 1), row.objective, optax.sgd(row.rate * n), lambda key, n: y, n, inner_steps=row.inner_steps
    )

    @jax.jit
    def trained(state):
        def move(state, key):
            return run.step(key, state)[0], None

        return jax.lax.scan(move, state, jax.random.split(KEY, row.steps))[0].params

    before = energy_distance(x - 1, y)
    after = energy_distance(trained(run.init(KEY)), y)
    assert after < 0.2 * before, (before, after)
