from functools import partial
from inspect import unwrap as bare  # what users call, without the tests' own check of types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import NoWitnessError, energy_distance, velocity
from igm_jax.kernels import gaussian
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import (
    drifting,
    energy,
    gan,
    mmd,
    on_features,
    score_difference,
    score_difference_field,
    sliced,
    weighted,
    with_bank,
)
from tests.objectives.combinators import samples
from tests.objectives.optimisers import adam

KEY = jax.random.key(3)

draws = partial(samples.draws, n=6, m=7, spread=1.0)


def all_of(objective, state, x, y):
    """Loss, velocity and witness in one compilation."""

    def parts(state, x, y):
        return (
            objective.loss(KEY, state, x, y),
            velocity(objective, KEY, state, x, y),
            objective.witness(state, x + 0.5, x, y),
        )

    return jax.jit(parts)(state, x, y)


def assert_same(got, expected):
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_identity_features_no_bank_and_a_sum_of_one_are_the_objective_itself(x64):
    (x, y), plain = draws(), sliced(8)  # which draws its directions at init, so that a state must pass unchanged, too
    state = plain.init(KEY, x)
    expected = all_of(plain, state, x, y)
    for wrapped in (on_features(plain, lambda points: points), with_bank(plain, 0)):
        whole = wrapped.init(KEY, x)
        assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), whole.state, state))
        assert_same(all_of(wrapped, whole, x, y), expected)
    one = weighted([(1.0, plain)])
    assert_same(all_of(one, (state,), x, y), expected)


def test_velocity_on_features_is_pulled_back_by_the_jacobian(x64):
    x, y = draws()
    slopes = jnp.asarray([[1.0, 0.3, -0.4], [0.2, -1.0, 0.7]])

    def features(points):
        return jnp.sin(points @ slopes)

    fields = score_difference_field(features(x), features(y), 0.7)
    jacobians = np.cos(x @ slopes)[:, None, :] * np.asarray(slopes)[None]  # ∂φ_k/∂x_j of each sample
    objective = on_features(score_difference(0.7), features)
    got = velocity(objective, KEY, objective.init(KEY, x), x, y)
    np.testing.assert_allclose(got, np.einsum("njk,nk->nj", jacobians, fields), rtol=1e-10)


@pytest.mark.slow
def test_a_feature_network_is_drawn_at_init_and_never_changes():
    x, y = draws()
    network = mlp(2, 3, width=8, depth=1)
    critic = mlp_critic(3, width=8, depth=1)
    objective = on_features(gan(critic, adam(1e-2)), network)
    start = objective.init(KEY, x)
    state, info = jax.jit(objective.update)(KEY, start, x, y)
    jax.tree.map(np.testing.assert_array_equal, state.params, start.params)
    assert any(bool((a != b).any()) for a, b in zip(*map(jax.tree.leaves, (state.state, start.state)), strict=True))
    assert set(info) == {"critic_loss", "critic_gap", "penalty"}
    fixed = on_features(energy(), network)
    params = fixed.init(KEY, x).params
    expected = energy_distance(network.apply(params, x), network.apply(params, y))
    np.testing.assert_allclose(fixed.loss(KEY, fixed.init(KEY, x), x, y), expected, rtol=1e-6)


def test_velocity_and_witness_of_a_weighted_sum_are_the_weighted_sums(x64):
    x, y = draws()
    parts = [(0.3, energy()), (-2.0, sliced(8)), (1.5, mmd(gaussian(1.0)))]
    objective = weighted(parts)
    state = objective.init(KEY, x)
    each = [(w, all_of(part, inner, x, y)) for (w, part), inner in zip(parts, state, strict=True)]
    assert_same(all_of(objective, state, x, y), [sum(w * values[k] for w, values in each) for k in range(3)])


@pytest.mark.slow
def test_infos_are_prefixed_and_parts_have_keys_of_their_own():
    x, y = draws()
    two = [(1.0, gan(mlp_critic(2, width=4, depth=1), optax.sgd(0.1)))] * 2
    objective = weighted(two, names=("a", "b"))
    state = objective.init(KEY, x)
    first, second = (jax.tree.leaves(inner.params) for inner in state)
    assert any(bool((a != b).any()) for a, b in zip(first, second, strict=True))
    state, info = objective.update(KEY, state, x, y)
    assert set(info) == {f"{part}/{name}" for part in "ab" for name in ("critic_loss", "critic_gap", "penalty")}
    _, info = weighted(two).update(KEY, state, x, y)
    assert "1/critic_loss" in info


def test_a_sum_has_no_witness_where_a_part_has_none():
    x, y = draws()
    with pytest.raises(NoWitnessError, match="doubly normalised"):
        weighted([(1.0, energy()), (1.0, drifting(0.5))]).witness(((), ()), x, x, y)


@pytest.mark.slow
def test_samples_move_as_beside_the_banks_samples(x64):
    (x, y), plain = draws(), drifting(0.5)
    objective = with_bank(plain, 4)
    state = objective.init(KEY, x)
    np.testing.assert_array_equal(state.bank, x[:4])
    moved, _ = objective.update(KEY, state, x + 10, y)
    state, _ = objective.update(KEY, moved, x[:3] + 20, y)
    np.testing.assert_array_equal(state.bank, np.concatenate([x[:3] + 20, x[:1] + 10]))
    whole = jnp.concatenate([x, state.bank])
    np.testing.assert_allclose(
        jax.jit(partial(velocity, objective))(KEY, state, x, y), velocity(plain, KEY, (), whole, y)[:6], rtol=1e-10
    )
    np.testing.assert_allclose(objective.loss(KEY, state, x, y), plain.loss(KEY, (), whole, y), rtol=1e-12)


def test_a_bank_larger_than_the_batch_starts_with_repetitions():
    x, _ = draws(n=2)
    np.testing.assert_array_equal(with_bank(energy(), 5).init(KEY, x).bank, x[np.array([0, 1, 0, 1, 0])])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: bare(on_features)(energy, lambda x: x), TypeError, "call its constructor"),
        (lambda: bare(on_features)(energy(), 3), TypeError, "function from"),
        (lambda: on_features(energy(), jnp.sum).init(KEY, jnp.ones((2, 2))), ValueError, "one row a sample"),
        (lambda: weighted([]), ValueError, "at least one pair"),
        (lambda: bare(weighted)([energy()]), TypeError, "pairs"),
        (lambda: weighted([(np.nan, energy())]), ValueError, "finite"),
        (lambda: weighted([(1.0, energy())] * 2, names=("a", "a")), ValueError, "all different"),
        (lambda: with_bank(energy(), -1), ValueError, "at least 0"),
    ],
)
def test_what_cannot_be_is_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()
