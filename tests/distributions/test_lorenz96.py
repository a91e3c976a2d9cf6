import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions.lorenz96 import Lorenz96, State

KEY = jax.random.key(0)
SMALL = Lorenz96(slow=4, fast=5)


def begun(model, runs=3):
    key_slow, key_fast = jax.random.split(KEY)
    return State(
        3 + jax.random.normal(key_slow, (runs, model.slow)),
        jax.random.normal(key_fast, (runs, model.slow, model.fast)) / 5,
    )


def test_slopes_are_those_of_the_equations(x64):
    model = dataclasses.replace(SMALL, coupling=0.7, rate=3.0, size=2.0, forcing=5.0)
    state = begun(model)
    (x, y), (of_x, of_y) = jax.tree.map(np.asarray, state), jax.tree.map(np.asarray, model.slope(state))
    k, j, ring = model.slow, model.fast, y.reshape(len(y), -1)
    share = 0.7 * 3.0 / 2.0
    for i in range(k):
        before, two, ahead = x[:, i - 1], x[:, i - 2], x[:, (i + 1) % k]
        np.testing.assert_allclose(
            of_x[:, i], -before * (two - ahead) - x[:, i] + 5.0 - share * y[:, i].sum(1), rtol=1e-12
        )
    for i in range(k * j):
        n = k * j
        turn = ring[:, (i + 1) % n] * (ring[:, (i + 2) % n] - ring[:, i - 1])
        expected = -3.0 * 2.0 * turn - 3.0 * ring[:, i] + share * x[:, i // j]
        np.testing.assert_allclose(of_y.reshape(len(y), -1)[:, i], expected, rtol=1e-12)


def test_the_products_keep_the_energy(x64):
    """Without forcing, friction and coupling the sum of squares of either scale does not change."""
    model = dataclasses.replace(SMALL, coupling=0.0, forcing=0.0)
    state = begun(model)
    of = model.slope(state)
    np.testing.assert_allclose(jnp.sum(state.slow * (of.slow + state.slow), axis=1), 0, atol=1e-10)
    both = jnp.sum(state.fast * (of.fast + model.rate * state.fast), axis=(1, 2))
    np.testing.assert_allclose(both, 0, atol=1e-9)


def test_the_integrator_is_of_fourth_order(x64):
    state = begun(SMALL)
    ends = [dataclasses.replace(SMALL, step=step).after(state, 0.064).fast for step in (0.004, 0.002, 0.0005)]
    coarse, fine = (float(jnp.abs(end - ends[2]).max()) for end in ends[:2])
    assert 10 < coarse / fine < 24  # 2⁴, up to higher terms


def test_runs_are_told_by_their_key():
    options = {"runs": 2, "records": 3, "every": 0.1, "spin_up": 0.2}
    first, again, other = (SMALL.trajectories(jax.random.key(seed), **options) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (3, 2, 4)
    assert not np.allclose(first, other)
    step = SMALL.trajectories(KEY, runs=2, records=1, every=0.1, spin_up=0.3)[0]
    np.testing.assert_allclose(first[1], step, rtol=1e-4)  # the second record is .1 after the first


def test_numbers_are_checked():
    with pytest.raises(ValueError, match="runs"):
        SMALL.trajectories(KEY, runs=0, records=1, every=0.1)
    with pytest.raises(ValueError, match="must be a multiple of the step"):
        SMALL.trajectories(KEY, runs=1, records=1, every=0.003)
    with pytest.raises(ValueError, match="slow"):
        Lorenz96(slow=2)
    with pytest.raises(ValueError, match="every"):
        SMALL.trajectories(KEY, runs=1, records=1, every=0.0)
