from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import mmd2_unbiased, velocity
from igm_jax.kernels import gaussian, laplace
from igm_jax.objectives import (
    annealed,
    auto,
    drifting,
    energy,
    fixed_sweeps,
    kernel_bank,
    median_scale,
    mmd,
    mmd_power,
    power_scale,
    score_difference,
    sinkhorn,
    spread_scale,
)

KEY = jax.random.key(0)


def draws(n=20, m=23, dim=2):
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(n, dim))), jnp.asarray(1 + 0.5 * rng.normal(size=(m, dim)))


def after(objective, *batches):
    """State and info after an update on each batch."""
    state = objective.init(KEY, batches[0][0])
    for x, y in batches:
        state, info = jax.jit(objective.update)(KEY, state, x, y)
    return state, info


# Without a number in the units of the data; the velocity of each grows with this power of the scale.
SCALE_FREE = {
    "mmd": (auto(lambda s: mmd(kernel_bank(laplace, s, (0.3, 1.0)))), -1),
    "mmd of most power": (auto(lambda s: mmd(gaussian(s)), power_scale(gaussian, (0.3, 1.0, 2.0))), -1),
    "sinkhorn": (auto(lambda s: sinkhorn(0.1 * s**2, solver=fixed_sweeps(50)), "spread"), 1),
    "score_difference": (auto(lambda s: score_difference(0.3 * s)), -1),
    "drifting": (auto(lambda s: drifting(0.2 * s)), 1),
}


@pytest.mark.parametrize("name", SCALE_FREE)
def test_rescaled_data_rescale_the_scale_and_the_velocity(name, x64):
    (objective, power), (x, y) = SCALE_FREE[name], draws()
    step = jax.jit(partial(velocity, objective))
    small, info = after(objective, (x, y))
    large, later = after(objective, (100 * x, 100 * y))
    np.testing.assert_allclose(later["scale"], 100 * info["scale"], rtol=1e-10)
    assert info["scale"] == small.scale
    expected = 100.0**power * step(KEY, small, x, y)
    np.testing.assert_allclose(step(KEY, large, 100 * x, 100 * y), expected, rtol=1e-8, atol=1e-10 * 100.0**power)


def test_it_is_the_objective_at_the_scale_found(x64):
    x, y = draws()
    state, _ = after(auto(score_difference), (x, y))
    pairs = np.linalg.norm(np.asarray(y)[:, None] - np.asarray(y)[None], axis=-1)[np.triu_indices(len(y), 1)]
    np.testing.assert_allclose(state.scale, np.median(pairs), rtol=1e-12)
    objective, fixed = auto(score_difference), score_difference(float(np.median(pairs)))
    np.testing.assert_allclose(velocity(objective, KEY, state, x, y), velocity(fixed, KEY, (), x, y), rtol=1e-10)
    np.testing.assert_allclose(objective.witness(state, x, x, y), fixed.witness((), x, x, y), rtol=1e-10)
    np.testing.assert_allclose(spread_scale(x, y), np.sqrt(np.mean(pairs**2)), rtol=1e-12)


def test_the_first_update_counts_whole_and_later_ones_as_the_memory_says(x64):
    x, y = draws()
    median = float(median_scale(x, y))
    for memory, expected in ((0.0, 3 * median), (0.75, 1.5 * median), (1.0, median)):
        state, _ = after(auto(lambda s: mmd(gaussian(s)), memory=memory), (5 * x, y), (x, 3 * y))
        np.testing.assert_allclose(state.scale, expected, rtol=1e-10)
        assert state.step == 2


def test_data_without_a_median_have_a_spread_and_equal_data_have_one():
    x = jnp.zeros((3, 1))
    y = jnp.asarray([[0.0]] * 5 + [[6.0]])  # 10 of 15 pairs coincide; variance (5 · 1 + 25) / 5
    np.testing.assert_allclose(median_scale(x, y), np.sqrt(12.0), rtol=1e-6)
    assert median_scale(x, x) == median_scale(x, x[:1]) == spread_scale(x, x) == 1


@pytest.mark.slow
def test_the_power_is_the_statistic_over_its_standard_error(x64):
    x, y = draws()
    kernel = gaussian(0.7)
    k_xx, k_yy, k_xy = (np.asarray(kernel(u, v)) for u, v in ((x, x), (y, y), (x, y)))
    at_x, at_y = k_xx.mean(1) - k_xy.mean(1), k_xy.mean(0) - k_yy.mean(1)
    noise = 4 * at_x.var() / len(x) + 4 * at_y.var() / len(y)
    expected = mmd2_unbiased(x, y, kernel) / np.sqrt(noise)
    np.testing.assert_allclose(mmd_power(x, y, kernel, floor=1e-9), expected, rtol=1e-10)


@pytest.mark.slow
def test_the_standard_error_is_that_of_repeated_draws(x64):
    def both(key):
        key_x, key_y = jax.random.split(key)
        x, y = jax.random.normal(key_x, (60, 2)), 1 + jax.random.normal(key_y, (60, 2))
        value = mmd2_unbiased(x, y, gaussian(1.0))
        return value, value / mmd_power(x, y, gaussian(1.0))

    values, errors = jax.jit(lambda keys: jax.lax.map(both, keys))(jax.random.split(KEY, 400))
    # The spread of 400 draws is itself known to 1/√800 = 3.5 %.
    np.testing.assert_allclose(jnp.sqrt(jnp.mean(errors**2)), values.std(ddof=1), rtol=0.14)


@pytest.mark.slow
def test_the_most_powerful_scale_is_as_small_as_the_structure(x64):
    # Of one mean and variance; what differs are two narrow modes that a kernel as wide as the data cannot see.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    y = np.where(rng.uniform(size=(200, 1)) < 0.5, -1, 1) * np.sqrt(0.99) + 0.1 * rng.normal(size=(200, 1))
    factors = (0.001, 0.1, 2.0)
    rule = power_scale(gaussian, factors)
    unit = median_scale(x, y)
    found = [float(mmd_power(x, y, gaussian(factor * unit))) for factor in factors]
    assert rule(jnp.asarray(x), jnp.asarray(y)) / unit == pytest.approx(factors[int(np.argmax(found))])
    assert np.argmax(found) == 1


def test_an_annealed_objective_is_that_of_the_scheduled_scale(x64):
    x, y = draws()
    objective = annealed(lambda s: drifting(s), lambda step: 2.0 * 0.5 ** step.astype(float))
    state, scales = objective.init(KEY, x), []
    for _ in range(3):
        state, info = objective.update(KEY, state, x, y)
        scales.append(float(info["scale"]))
    assert scales == [2.0, 1.0, 0.5]
    assert set(info) == {"scale", "drift"}
    np.testing.assert_allclose(
        velocity(objective, KEY, state, x, y), velocity(drifting(0.5), KEY, (), x, y), rtol=1e-10
    )


def test_scales_nest_when_their_names_differ(x64):
    x, y = draws()

    def of_factor(name):
        return annealed(lambda f: auto(lambda s: mmd(gaussian(f * s))), lambda step: 0.5, name=name)

    _, info = after(of_factor("factor"), (x, y))
    assert set(info) == {"factor", "scale"}
    np.testing.assert_allclose(info["scale"], median_scale(x, y), rtol=1e-12)
    with pytest.raises(ValueError, match='name="outer_scale"'):
        after(of_factor("scale"), (x, y))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: auto(lambda s: mmd(gaussian(s)), "medium"), ValueError, "did you mean 'median'"),
        (lambda: auto(lambda s: energy(), memory=1.5), ValueError, "between 0 and 1"),
        (lambda: auto(lambda s: s).init(KEY, draws()[0]), TypeError, "must be an Objective"),
        (lambda: power_scale(gaussian, ()), ValueError, "at least one"),
        (lambda: kernel_bank(gaussian, 1.0, (-1.0,)), ValueError, "positive"),
    ],
)
def test_what_cannot_be_is_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()
