import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.test_util import check_grads

from igm_jax import Batch, velocity
from igm_jax.batches import UnusedPartError
from igm_jax.generators import particles
from igm_jax.objectives import bures_distance, frechet_loss, moments_of, on_features
from igm_jax.training import training

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
X, Y = RNG.normal(size=(8, 3)), 1 + RNG.normal(size=(40, 3)) @ RNG.normal(size=(3, 3))
EARLIER = [0.5 * RNG.normal(size=(8, 3)) + shift for shift in (0.0, 1.0, -1.0)]
MEMORIES = {"none": {}, "rate": {"rate": 0.1}, "bank": {"bank": 20}}


def after(objective, batches=EARLIER):
    state = objective.init(KEY, jnp.asarray(X))
    update = jax.jit(lambda state, x: objective.update(KEY, state, x, None)[0])
    for x in batches:
        state = update(state, jnp.asarray(x))
    return state


def with_moments(z, mean, deviations):
    """Samples of exactly this mean and a diagonal covariance."""
    z = z - z.mean(axis=0)
    return mean + z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T * deviations


def test_closed_form_of_commuting_covariances(x64):
    a, b = np.array([1.0, 2.0, 0.5]), np.array([3.0, 0.1, 0.5])
    x, y = (with_moments(RNG.normal(size=(9, 3)), mean, s) for mean, s in ((0.0, a), (2.0, b)))
    expected = 12 + np.sum((a - b) ** 2)
    for objective, data in ((frechet_loss(), jnp.asarray(y)), (frechet_loss(moments_of(y)), None)):
        np.testing.assert_allclose(objective.loss(KEY, (), jnp.asarray(x), data), expected, rtol=1e-10)


def test_moments_of_the_whole_set_are_the_whole_set(x64):
    a, b, x = RNG.uniform(size=8), RNG.uniform(size=40), jnp.asarray(X)
    weighted = frechet_loss(moments_of(Y, weights=b)).loss(KEY, (), Batch(x, weights=jnp.asarray(a)), None)
    np.testing.assert_allclose(weighted, bures_distance(X, Y, x_weights=a, y_weights=b), rtol=1e-10)
    fixed, read = frechet_loss(moments_of(Y)), frechet_loss()
    for function in (lambda o, y: o.loss(KEY, (), x, y), lambda o, y: velocity(o, KEY, (), x, y)):
        np.testing.assert_allclose(function(fixed, None), function(read, jnp.asarray(Y)), rtol=1e-8)
        np.testing.assert_array_equal(function(fixed, None), function(fixed, x + jnp.nan))
    np.testing.assert_allclose(frechet_loss().loss(KEY, (), x, jnp.asarray(Y)), bures_distance(X, Y), rtol=1e-12)


@pytest.mark.parametrize("memory", MEMORIES)
def test_the_velocity_is_minus_the_slope_of_the_witness_of_the_population(memory, x64):
    objective, x = frechet_loss(moments_of(Y), **MEMORIES[memory]), jnp.asarray(X)
    state = after(objective)
    slope = jax.grad(lambda points: jnp.sum(objective.witness(state, points, x, None)))(x)
    np.testing.assert_allclose(velocity(objective, KEY, state, x, None), -slope, rtol=1e-7, atol=1e-10)
    weights = jnp.asarray(RNG.uniform(0.5, 2, size=8))
    batch = Batch(x, weights=weights)
    slope = jax.grad(lambda points: jnp.sum(objective.witness(state, Batch(points), batch, None)))(x)
    np.testing.assert_allclose(velocity(objective, KEY, state, batch, None), -slope, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("memory", MEMORIES)
def test_slopes_are_those_of_the_population_s_value_over_the_share(memory, x64):
    objective, x = frechet_loss(moments_of(Y), **MEMORIES[memory]), jnp.asarray(X)
    state = after(objective)
    share = {"none": 1.0, "rate": 0.1 / (1 - 0.9**4), "bank": 8 / 28}[memory]
    value = jax.jit(lambda x: objective.loss(KEY, state, x, None))
    differences = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-5
        differences[place] = (value(x + step) - value(x - step)) / 2e-5
    np.testing.assert_allclose(share * jax.grad(value)(x), differences, rtol=1e-5, atol=1e-8)


def test_the_bank_is_the_plain_loss_of_all_samples(x64):
    objective, x = frechet_loss(moments_of(Y), bank=20), jnp.asarray(X)
    for number in range(4):  # nothing yet, one batch, two, and more than the bank holds
        seen = np.concatenate([X, *EARLIER[:number][::-1]])[: 8 + 20]
        got = objective.loss(KEY, after(objective, EARLIER[:number]), x, None)
        np.testing.assert_allclose(got, bures_distance(seen, Y), rtol=1e-9)
    counted = after(objective, [])
    weights = np.array([2.0, 0, 1, 1, 1, 1, 1, 1])
    counted = objective.update(KEY, counted, Batch(jnp.asarray(EARLIER[0]), weights=jnp.asarray(weights)), None)[0]
    twice = np.concatenate([X, EARLIER[0][:1], EARLIER[0][[0, *range(2, 8)]]])
    np.testing.assert_allclose(objective.loss(KEY, counted, x, None), bures_distance(twice, Y), rtol=1e-9)


def test_moving_moments_are_those_of_weighted_samples_without_bias_to_the_start(x64):
    rate, x = 0.1, jnp.asarray(X)
    seen = np.concatenate([*EARLIER, X])
    weights = np.repeat(0.9 ** np.arange(4)[::-1], 8)
    for objective, y in ((frechet_loss(moments_of(Y), rate=rate), None), (frechet_loss(rate=rate), jnp.asarray(Y))):
        state = after(objective)
        expected = bures_distance(seen, Y, x_weights=weights)
        np.testing.assert_allclose(objective.loss(KEY, state, x, y), expected, rtol=1e-9)
        plain = bures_distance(X, Y)
        for batches in ([], [X], [X] * 5):  # a batch that does not change is the population from the first step on
            np.testing.assert_allclose(objective.loss(KEY, after(objective, batches), x, y), plain, rtol=1e-9)
    always = frechet_loss(moments_of(Y), rate=1.0)
    np.testing.assert_allclose(always.loss(KEY, after(always), x, None), bures_distance(X, Y), rtol=1e-9)


@pytest.mark.parametrize("memory", MEMORIES)
def test_singular_covariances_and_single_precision_far_away_have_finite_slopes(memory):
    few = np.float32(RNG.normal(size=(4, 6)))
    cases = {
        "rank of few samples": (few, few + 1),
        "one point": (np.ones_like(few), np.zeros_like(few)),
        "same": (few, few),
    }
    for case, (x, y) in cases.items():
        for offset in (0.0, 1e4):
            x_far, y_far = jnp.asarray(np.float32(x + offset)), np.float32(y + offset)
            objective = frechet_loss(moments_of(y_far), **MEMORIES[memory])
            state = objective.update(KEY, objective.init(KEY, x_far), x_far, None)[0]
            value, slope = jax.value_and_grad(lambda x: objective.loss(KEY, state, x, None))(x_far)  # noqa: B023
            exact = bures_distance(x, y)
            np.testing.assert_allclose(value, exact, rtol=1e-2, atol=1e-4, err_msg=f"{case} {offset}")
            assert np.isfinite(slope).all(), case


def test_derivatives_in_the_data_and_through_features(x64):
    check_grads(
        lambda x, y: frechet_loss().loss(KEY, (), jnp.asarray(x), jnp.asarray(y)),
        (jnp.asarray(X), jnp.asarray(Y)),
        1,
        ["rev"],
        rtol=1e-5,
    )
    first = lambda points: points[:, :2] ** 2  # noqa: E731
    objective = on_features(frechet_loss(moments_of(first(Y)), rate=0.5), first)
    state, x = objective.init(KEY, jnp.asarray(X)), jnp.asarray(X)
    np.testing.assert_allclose(objective.loss(KEY, state, x, x), bures_distance(first(X), first(Y)), rtol=1e-9)


@pytest.mark.parametrize("memory", MEMORIES)
def test_particles_reach_the_moments_and_a_run_needs_no_target(memory):
    objective = frechet_loss(moments_of(Y), **MEMORIES[memory])
    inner = 0 if memory == "none" else 1
    with jax.numpy_dtype_promotion("standard"):
        run = training(particles(np.float32(X)), objective, optax.sgd(0.4), None, 8, inner_steps=inner)
        state, step = run.init(KEY), jax.jit(run.step)
        for key in jax.random.split(KEY, 150):
            state, _ = step(key, state)
    assert bures_distance(np.asarray(state.params), np.float32(Y)) < 0.05 * bures_distance(X, Y)


def test_what_is_remade_is_equal_and_its_moments_count():
    moments = moments_of(Y)
    assert pickle.loads(pickle.dumps(frechet_loss(moments, rate=0.1))) == frechet_loss(moments, rate=0.1)
    assert frechet_loss(moments) != frechet_loss(moments_of(X))


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match=r"at most one of `rate` and `bank`"):
        frechet_loss(rate=0.1, bank=5)
    with pytest.raises(ValueError, match=r"`rate` must be in \(0, 1\]"):
        frechet_loss(rate=1.5)
    with pytest.raises(ValueError, match="`rate` must be positive"):
        frechet_loss(rate=0.0)
    with pytest.raises(ValueError, match="`bank` must be at least 1"):
        frechet_loss(bank=0)
    fixed, x = frechet_loss(moments_of(Y)), jnp.zeros((4, 2), jnp.float32)
    with pytest.raises(ValueError, match="must have the features of `data_moments`, 3"):
        fixed.loss(KEY, (), x, None)
    with pytest.raises(
        UnusedPartError, match="`y` comes with `weights`, which `frechet_loss_to_fixed_moments` cannot use"
    ):
        fixed.loss(KEY, (), jnp.zeros((4, 3)), Batch(jnp.zeros((4, 3)), weights=jnp.ones(4)))
