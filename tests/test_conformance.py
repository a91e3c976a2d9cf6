"""Every objective against every property it should have. A new objective is one more row of ``tests/conformance``.

Where a property does not hold, the row says why in ``exceptions``; only properties that are named here may be missing.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import NoWitnessError, Objective, energy_distance, velocity
from igm_jax.generators import particles
from igm_jax.training import training
from tests.conformance import ROWS
from tests.conformance.row import KEY


@pytest.fixture(autouse=True)
def standard_promotion():
    """Adam raises a Python float to an integer count, which strict promotion forbids."""
    with jax.numpy_dtype_promotion("standard"):
        yield


# What a row may lack, with a reason. Finite numbers and no second compilation are asked of all.
PROPERTIES = {
    "witness",
    "zero",
    "permutation",
    "translation",
    "repetition of x",
    "repetition of y",
    "removal",
    "approach",
}


def rows_with(property_name: str) -> list[str]:
    return [name for name, row in ROWS.items() if property_name not in row.exceptions]


def draws(n: int = 7, m: int = 7, dim: int = 2, dtype=float):
    rng = np.random.default_rng(n + 31 * m)
    return jnp.asarray(rng.normal(size=(n, dim)), dtype), jnp.asarray(1 + 0.5 * rng.normal(size=(m, dim)), dtype)


def started(objective: Objective, x, y):
    """The state after one update."""
    state = objective.init(KEY, x)
    state, _ = jax.jit(objective.update)(KEY, state, x, y)
    return state


def test_every_exception_is_about_a_property():
    for name, row in ROWS.items():
        assert set(row.exceptions) <= PROPERTIES, name
        assert all(len(reason) > 10 for reason in row.exceptions.values()), name


@pytest.mark.parametrize("name", rows_with("witness"))
def test_velocity_is_minus_the_gradient_of_the_witness(name, x64):
    objective, (x, y) = ROWS[name].objective, draws()
    state = started(objective, x, y)
    v = jax.jit(partial(velocity, objective))(KEY, state, x, y)
    others = np.stack([np.delete(np.arange(len(x)), i) for i in range(len(x))])

    def slope(point, seen):
        return jax.grad(lambda p: objective.witness(state, p[None], seen, y)[0])(point)

    # Score difference leaves a sample out of the model it is compared with; all others include it.
    seen = x[others] if ROWS[name].leaves_out else jnp.broadcast_to(x, (len(x), *x.shape))
    np.testing.assert_allclose(v, -jax.jit(jax.vmap(slope))(x, seen), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in ROWS if "witness" in ROWS[name].exceptions])
def test_an_objective_without_a_witness_says_why(name):
    x, y = draws()
    with pytest.raises(NoWitnessError, match=r"no witness: \w"):
        ROWS[name].objective.witness((), x, x, y)


@pytest.mark.parametrize("name", rows_with("zero"))
def test_a_sample_against_itself_is_at_distance_zero_and_at_rest(name):
    x, _ = draws(30, 30, dtype=jnp.float32)
    objective = ROWS[name].objective
    state = objective.init(KEY, x)
    loss, v = jax.jit(lambda x: (objective.loss(KEY, state, x, x), velocity(objective, KEY, state, x, x)))(x)
    _, y = draws(30, 30, dtype=jnp.float32)
    far = jax.jit(partial(velocity, objective))(KEY, state, x, y)
    assert abs(loss) < 1e-5
    assert np.abs(v).max() < 1e-3 * np.abs(far).max()


@pytest.mark.parametrize("name", rows_with("permutation"))
def test_permutations_of_x_permute_the_velocity_and_those_of_y_change_nothing(name):
    objective, (x, y) = ROWS[name].objective, draws(8, 6, dtype=jnp.float32)
    state = started(objective, x, y)
    order_x, order_y = np.random.default_rng(0).permutation(8), np.random.default_rng(1).permutation(6)
    step = jax.jit(partial(velocity, objective))
    expected = step(KEY, state, x, y)
    got = step(KEY, state, x[order_x], y[order_y])
    np.testing.assert_allclose(got, expected[order_x], rtol=2e-4, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", rows_with("translation"))
def test_translating_both_changes_nothing(name, x64):
    objective, (x, y) = ROWS[name].objective, draws(8, 6)
    state = objective.init(KEY, x)
    shift = jnp.array([[30.0, -7.0]])
    step = jax.jit(lambda x, y: (objective.loss(KEY, state, x, y), velocity(objective, KEY, state, x, y)))
    for got, expected in zip(step(x + shift, y + shift), step(x, y), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


# Four shapes, since each is compiled on its own.
DEGENERATE = {
    "one sample": (np.zeros((1, 2)), np.ones((5, 2))),
    "one datum": (np.eye(2), np.ones((1, 2))),
    "both one and equal": (np.ones((1, 2)), np.ones((1, 2))),
    "all equal": (np.ones((4, 2)), np.ones((4, 2))),
    "duplicates": (np.repeat(np.eye(2), [2, 2], 0), np.repeat(np.eye(2), [3, 1], 0)),
    "x is y": (np.arange(8.0).reshape(4, 2), np.arange(8.0).reshape(4, 2)),
    "far apart": (np.eye(4, 2), 1e3 + np.eye(4, 2)),
}


@pytest.mark.parametrize("name", ROWS)
def test_degenerate_samples_have_finite_losses_and_velocities(name):
    objective = ROWS[name].objective
    state = started(objective, *draws(dtype=jnp.float32))
    step = jax.jit(lambda x, y: (objective.loss(KEY, state, x, y), velocity(objective, KEY, state, x, y)))
    for case, (x, y) in DEGENERATE.items():
        loss, v = step(x.astype(np.float32), y.astype(np.float32))
        assert np.isfinite(loss), case
        assert np.isfinite(v).all(), case


@pytest.mark.parametrize(
    ("name", "side"), [(name, side) for side in "xy" for name in rows_with(f"repetition of {side}")]
)
def test_weights_are_repetitions(name, side, x64):
    weighted, samples = ROWS[name].weighted, dict(zip("xy", draws(5, 6), strict=True))
    counts = np.array([2, 1, 3, 1, 1, 2])[: len(samples[side])]
    repeated = samples | {side: jnp.repeat(samples[side], counts, axis=0)}
    got = jax.jit(weighted)(**samples, **{f"{side}_weights": counts.astype(float)})
    expected = jax.jit(weighted)(**repeated)
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", rows_with("removal"))
def test_a_weight_of_zero_is_a_removal(name, x64):
    weighted, (x, y) = ROWS[name].weighted, draws(5, 6)
    a, b = np.array([1.0, 0, 1, 1, 0]), np.array([0.0, 1, 1, 1, 0, 1])
    got = jax.jit(weighted)(x=x, y=y, x_weights=a, y_weights=b)
    expected = jax.jit(weighted)(x=x[a > 0], y=y[b > 0])
    got = got[a > 0] if got.ndim else got
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", ROWS)
def test_the_second_call_does_not_compile_again(name):
    objective, (x, y) = ROWS[name].objective, draws(8, 8, dtype=jnp.float32)
    state = objective.init(KEY, x)
    update, loss = (jax.jit(lambda *inputs, of=of: of(*inputs)) for of in (objective.update, objective.loss))
    for seed in (1, 2):
        key = jax.random.key(seed)
        state, _ = update(key, state, x + seed, y)
        loss(key, state, x + seed, y)
    assert update._cache_size() == loss._cache_size() == 1


@pytest.mark.parametrize("name", rows_with("approach"))
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
