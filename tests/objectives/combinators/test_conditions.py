"""Objectives under conditions: within each, and of pairs of a sample and its condition."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, energy_distance, kernels, velocity
from igm_jax.batches import UnusedPartError
from igm_jax.distributions import dataset, normal
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import mlp, mlp_critic, one_hot, projection_critic
from igm_jax.objectives import (
    additive_noise,
    augmented,
    conditional,
    drifting,
    energy,
    energy_score,
    energy_scoring,
    gan,
    joint,
    kernel_score,
    kernel_scoring,
    mmd,
    mmd_block,
    on_features,
    per_condition,
    r1_penalty,
)
from igm_jax.training import train, training

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
X, Y = jnp.asarray(RNG.normal(size=(3, 4, 2)), jnp.float32), jnp.asarray(RNG.normal(size=(3, 2)), jnp.float32)


def test_the_mean_over_conditions_of_what_each_has_alone():
    objective = per_condition(energy())
    loss = objective.loss(KEY, (), Batch(X), Batch(Y))
    assert float(loss) == pytest.approx(
        np.mean([energy_distance(x, y[None]) for x, y in zip(X, Y, strict=True)]), rel=1e-5
    )
    v = velocity(objective, KEY, (), Batch(X), Y)
    alone = np.stack([velocity(energy(), KEY, (), x, y[None]) for x, y in zip(X, Y, strict=True)])
    np.testing.assert_allclose(v, alone, rtol=1e-4, atol=1e-6)


def test_a_condition_whose_data_count_nothing_is_passed_over():
    weights = jnp.ones((3, 4)).at[1].set(0)
    y = Batch(X + 1, weights=weights)
    loss, v = (
        per_condition(energy()).loss(KEY, (), Batch(X), y),
        velocity(per_condition(energy()), KEY, (), Batch(X), y),
    )
    alone = [energy_distance(X[i], X[i] + 1) for i in (0, 2)]
    np.testing.assert_allclose(loss, np.sum(alone) / 3, rtol=1e-5)
    assert np.isfinite(v).all()
    np.testing.assert_array_equal(v[1], 0)


def test_scores_as_objectives_are_the_mean_scores():
    scores = per_condition(energy_scoring()).loss(KEY, (), Batch(X), Y)
    np.testing.assert_allclose(scores, np.mean(energy_score(X, Y)), rtol=1e-5)
    kernel = kernels.gaussian(0.7)
    scores = per_condition(kernel_scoring(kernel)).loss(KEY, (), Batch(X), Y)
    np.testing.assert_allclose(scores, np.mean(kernel_score(X, Y, kernel)), rtol=1e-5)
    with pytest.raises(ValueError, match="at least 2 of them"):
        energy_scoring().loss(KEY, (), X[0, :1], Y)


def test_what_an_update_reports_is_a_mean():
    x, y = Batch(X), Batch(X + 1)
    _, info = per_condition(drifting(0.5)).update(KEY, (), x, y)
    alone = [drifting(0.5).update(KEY, (), a, a + 1)[1]["drift"] for a in X]
    np.testing.assert_allclose(info["drift"], np.mean(alone), rtol=1e-5)


def test_each_condition_draws_with_a_key_of_its_own():
    same = Batch(jnp.broadcast_to(X[:1], X.shape))
    objective = per_condition(mmd_block(kernels.gaussian(1.0), 2))
    values = [objective.loss(jax.random.key(i), (), same, Batch(same.values + 1)) for i in range(2)]
    assert values[0] != values[1]


@pytest.mark.parametrize(
    ("objective", "x", "y", "error", "message"),
    [
        (per_condition(energy()), X[0], Y, TypeError, r"`x` must be a `Batch` with values \(b, k, d\)"),
        (
            per_condition(energy()),
            Batch(X),
            Y[:2],
            ValueError,
            "as many groups, one for each condition, but have 3 and 2",
        ),
        (per_condition(energy()), Batch(X), Batch(Y, weights=jnp.ones(3)), UnusedPartError, "where `x` has none"),
        (
            per_condition(kernel_scoring(kernels.polynomial())),
            Batch(X),
            Batch(Y, observed=jnp.ones(Y.shape, bool)),
            UnusedPartError,
            "which is no function of the distance",
        ),
        (
            per_condition(energy()),
            Batch(X, jnp.arange(3)),
            Batch(Y, jnp.array([0, 2, 1])),
            ValueError,
            "the conditions of `x` and `y` differ",
        ),
        (per_condition(energy()), Batch(X, jnp.arange(3)), Y, TypeError, "`x` comes with conditions and `y` without"),
        (
            per_condition(energy()),
            Batch(X, weights=jnp.ones((3, 4))),
            Batch(Y, weights=jnp.array([1.0, 0, 1])),
            ValueError,
            "must be in proportion",
        ),
        (joint(energy()), X[0], Y, TypeError, "`x` must come with its condition"),
        (joint(energy()), Batch(X, jnp.arange(3)), Y, TypeError, "`y` must come with its condition"),
        (
            joint(energy(), lambda c: c[None]),
            Batch(X, jnp.arange(3)),
            Batch(Y, jnp.arange(3)),
            ValueError,
            "must become rows",
        ),
        (
            joint(energy()),
            Batch(X, jnp.arange(3), None, jnp.ones(X.shape, bool)),
            Batch(Y, jnp.arange(3)),
            UnusedPartError,
            "`x` comes with `observed`, which `joint` cannot use",
        ),
    ],
)
def test_what_cannot_be_is_explained(objective, x, y, error, message):
    with pytest.raises(error, match=message):
        objective.loss(KEY, (), x, y)


def test_labels_keep_their_digits_and_what_is_no_class_is_loud():
    labels = jnp.array([0, 1, 2])
    x, y = Batch(Y.astype(jnp.bfloat16), labels + 990), Batch(Y.astype(jnp.bfloat16), labels[::-1] + 990)
    near = joint(energy()).loss(KEY, (), x._replace(condition=labels), y._replace(condition=labels[::-1]))
    np.testing.assert_allclose(joint(energy()).loss(KEY, (), x, y), near, rtol=1e-3)
    with pytest.raises(ValueError, match=r"labels of `x` beyond 2\*\*24"):
        joint(energy()).loss(KEY, (), x._replace(condition=labels + 2**25), y)
    for objective in (joint(energy(), one_hot(2)), conditional(energy_distance, 2)):
        loss = jax.jit(lambda x, y, o=objective: o.loss(KEY, (), x, y))
        assert jnp.isnan(loss(Batch(Y, labels), Batch(Y, labels % 2)))
        assert jnp.isnan(loss(Batch(Y, labels % 2), Batch(Y, labels - 1)))


def test_objectives_that_learn_are_told_the_other_way():
    learns = per_condition(gan(mlp_critic(2, width=8, depth=1), optax.sgd(0.1)))
    with pytest.raises(ValueError, match=r"`per_condition` takes objectives that learn nothing.*take `joint"):
        learns.init(KEY, Batch(X))


def test_features_of_draws_stay_under_their_conditions():
    first = on_features(per_condition(energy()), lambda points: points[:, :1])
    got = first.loss(KEY, first.init(KEY, Batch(X)), Batch(X), Batch(Y[:, None]))
    np.testing.assert_allclose(got, per_condition(energy()).loss(KEY, (), Batch(X[..., :1]), Y[:, :1]), rtol=1e-6)


def test_pairs_are_rows_of_a_sample_and_its_condition():
    labels = jnp.array([1, 0, 1])
    x, y = Batch(X, labels), Batch(Y, labels)
    rows = jnp.concatenate([X.reshape(-1, 2), jnp.repeat(labels, 4)[:, None].astype(float)], axis=1)
    data = jnp.concatenate([Y, labels[:, None].astype(float)], axis=1)
    kernel = kernels.labelled(kernels.gaussian(1.0))
    np.testing.assert_allclose(joint(mmd(kernel)).loss(KEY, (), x, y), mmd(kernel).loss(KEY, (), rows, data), rtol=1e-6)
    v = velocity(joint(mmd(kernel)), KEY, (), x, y)
    np.testing.assert_allclose(
        v.reshape(-1, 2), velocity(mmd(kernel), KEY, (), rows, data)[:, :2], rtol=1e-4, atol=1e-7
    )
    coded = joint(energy(), one_hot(2)).loss(KEY, (), x, y)
    pairs = ((rows[:, :2], jnp.repeat(labels, 4)), (Y, labels))
    codes = [jnp.concatenate([a, jax.nn.one_hot(c, 2)], axis=1) for a, c in pairs]
    np.testing.assert_allclose(coded, energy().loss(KEY, (), *codes), rtol=1e-6)


def test_a_penalty_of_the_gradient_sees_that_in_the_sample_alone():
    """With a trunk that gives nothing, the critic depends on the class alone, and R1 is zero."""
    nothing = mlp(2, 4, width=8, depth=1)
    critic = projection_critic(nothing, 4, 2)
    params = critic.init(KEY)
    params = {**params, "trunk": jax.tree.map(jnp.zeros_like, params["trunk"])}
    rows = jnp.concatenate([Y, jax.nn.one_hot(jnp.array([0, 1, 1]), 2)], axis=1)
    slope = jax.grad(lambda rows: jnp.sum(critic.apply(params, rows)))(rows)
    np.testing.assert_array_equal(slope, 0)


@pytest.mark.slow
def test_a_class_conditional_gan_finds_its_classes():
    """With a projection critic, R1 and noise on both sides; labels pass the noise by."""
    centres, labels = np.array([[0.0, 0.0], [3.0, -1.0], [-2.0, 2.0]]), np.arange(600) % 3
    data = dataset(centres[labels] + 0.3 * np.random.default_rng(0).normal(size=(600, 2)), condition=labels)
    generator = conditional_pushforward(mlp(4 + 3, 2, width=32), normal(4), one_hot(3))
    critic = projection_critic(mlp(2, 32, width=32), 32, 3)
    adam = optax.adam(2e-3, b1=0.0)
    objective = augmented(joint(gan(critic, adam, penalties=(r1_penalty(0.1),)), one_hot(3)), additive_noise(0.1))
    with jax.numpy_dtype_promotion("standard"):
        trained = train(training(generator, objective, adam, data, 128), KEY, 1500, progress=False)
    means = generator.sample(trained.state.average, KEY, jnp.arange(3), 500).mean(1)
    np.testing.assert_allclose(means, centres, atol=0.3)


@pytest.mark.parametrize("objective", [conditional(energy_distance, 2), joint(energy())], ids=["conditional", "joint"])
def test_unequal_weights_of_rows_are_repetitions(objective, x64):
    x, y = jnp.asarray(RNG.normal(size=(4, 2))), jnp.asarray(RNG.normal(size=(5, 2)))
    c, d, counts = np.array([0, 1, 0, 1]), np.array([1, 0, 0, 1, 1]), np.array([1, 3, 2, 1])
    data, twice = Batch(y, jnp.asarray(d)), np.repeat(np.arange(4), counts)
    got = objective.loss(KEY, (), Batch(x, jnp.asarray(c), jnp.asarray(counts, float)), data)
    expected = objective.loss(KEY, (), Batch(x[twice], jnp.asarray(c[twice])), data)
    np.testing.assert_allclose(got, expected, rtol=1e-10)
