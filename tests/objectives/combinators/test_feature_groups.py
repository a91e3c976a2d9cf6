from functools import partial
from inspect import unwrap as bare  # what users call, without the tests' own check of types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, Network, NoWitnessError, from_velocity, velocity
from igm_jax.kernels import gaussian
from igm_jax.networks import mlp_critic
from igm_jax.objectives import FeatureGroupsState, drifting, energy, gan, mmd, on_feature_groups, on_features, sinkhorn
from tests.objectives.combinators import samples
from tests.objectives.optimisers import adam

KEY = jax.random.key(3)
SCALES = {"bent": 0.5, "first": 3.0}
SLOPES = np.array([[1.0, 0.3, -0.4], [0.2, -1.0, 0.7]])

draws = partial(samples.draws, n=6, m=7, spread=1.0)


def maps(points):
    return {"first": points[:, :1], "bent": jnp.sin(points @ jnp.asarray(SLOPES, points.dtype)), "unused": points}


@pytest.mark.parametrize(
    "objective",
    [
        energy(),
        pytest.param(drifting(0.5), marks=pytest.mark.slow),
        pytest.param(sinkhorn(0.5), marks=pytest.mark.slow),
    ],
    ids=["energy", "drifting", "sinkhorn"],
)
def test_loss_and_velocity_are_means_of_those_on_each_scaled_map(objective, x64):
    x, y = draws()
    whole = on_feature_groups(objective, maps, SCALES)
    alone = {
        name: on_features(objective, lambda points, name=name: maps(points)[name] / SCALES[name]) for name in SCALES
    }
    state, keys = whole.init(KEY, x), list(jax.random.split(KEY, 2))

    @jax.jit
    def both(x):
        each = [
            (one.loss(key, one.init(KEY, x), x, y), velocity(one, key, one.init(KEY, x), x, y))
            for key, one in zip(keys, alone.values(), strict=True)
        ]
        return (whole.loss(KEY, state, x, y), velocity(whole, KEY, state, x, y)), each

    got, each = both(x)
    for k in range(2):
        np.testing.assert_allclose(got[k], sum(one[k] for one in each) / 2, rtol=1e-10)


def test_the_witness_is_the_mean_and_is_missing_where_a_part_has_none(x64):
    x, y = draws()
    whole = on_feature_groups({"first": energy(), "bent": mmd(gaussian(1.0))}, maps, SCALES)
    seen = {name: [maps(some)[name] / SCALES[name] for some in (x + 0.5, x, y)] for name in SCALES}
    expected = (mmd(gaussian(1.0)).witness((), *seen["bent"]) + energy().witness((), *seen["first"])) / 2
    np.testing.assert_allclose(whole.witness(whole.init(KEY, x), x + 0.5, x, y), expected, rtol=1e-12)
    without = on_feature_groups({"first": energy(), "bent": drifting(0.5)}, maps, SCALES)
    with pytest.raises(NoWitnessError, match="doubly normalised"):
        without.witness(without.init(KEY, x), x, x, y)


def test_shares_are_of_the_speeds_in_the_scaled_maps_and_sum_to_one(x64):
    x, y = draws()
    objective = on_feature_groups(energy(), maps, SCALES)
    _, info = objective.update(KEY, objective.init(KEY, x), x, y)
    speeds = [
        np.sqrt(np.mean(np.sum(np.square(velocity(energy(), KEY, (), maps(x)[name] / s, maps(y)[name] / s)), axis=1)))
        for name, s in SCALES.items()
    ]
    np.testing.assert_allclose([info["share/bent"], info["share/first"]], np.array(speeds) / sum(speeds), rtol=1e-12)
    assert len(info) == 2
    assert on_feature_groups(energy(), maps, SCALES, shares=False).update(KEY, objective.init(KEY, x), x, y)[1] == {}
    still = on_feature_groups(mmd(gaussian(1.0)), lambda p: {"zero": 0 * p, "none": 0 * p}, {"zero": 1.0, "none": 1.0})
    assert set(map(float, still.update(KEY, still.init(KEY, x), x, y)[1].values())) == {0.5}


def test_shares_of_speeds_that_are_no_numbers_are_none_either():
    kinds = {"first": energy(), "broken": from_velocity(lambda x, y: jnp.nan * x)}
    broken = on_feature_groups(kinds, lambda p: {"first": p, "broken": p}, {"first": 1.0, "broken": 1.0})
    x, y = draws()
    info = jax.jit(lambda x: broken.update(KEY, FeatureGroupsState((), {"first": (), "broken": ()}), x, y)[1])(x)
    assert np.isnan(list(info.values())).all()


def test_each_map_has_a_critic_of_its_own_and_the_parameters_stay(x64):
    x, y = draws()
    network = Network(lambda key: {"slopes": jnp.asarray(SLOPES)}, lambda params, p: {"bent": p @ params["slopes"]})
    both = {"bent": gan(mlp_critic(3, width=4, depth=1), adam(1e-2))}
    objective = on_feature_groups(both, network, {"bent": 2.0})
    start = objective.init(KEY, x)
    state, info = jax.jit(objective.update)(KEY, start, x, y)
    np.testing.assert_array_equal(state.params["slopes"], SLOPES)
    changed = jax.tree.map(lambda a, b: bool((a != b).any()), state.states["bent"], start.states["bent"])
    assert any(jax.tree.leaves(changed))
    assert set(info) == {"bent/critic_loss", "bent/critic_gap", "bent/penalty", "share/bent"}


def test_the_features_of_a_batch_are_computed_once_for_all_maps():
    (x, y), seen = draws(), []

    def counted(points):
        seen.append(len(points))
        return maps(points)

    objective = on_feature_groups(energy(), counted, SCALES)
    state = objective.init(KEY, x)
    seen.clear()
    jax.eval_shape(partial(velocity, objective), KEY, state, x, y)
    assert seen == [6, 7]


def test_weights_go_through_to_each_map(x64):
    x, y = draws()
    objective, counts = on_feature_groups(energy(), maps, SCALES), np.array([1.0, 2, 1, 1, 3, 1])
    got = objective.loss(KEY, objective.init(KEY, x), Batch(x, weights=counts), y)
    expected = objective.loss(KEY, objective.init(KEY, x), jnp.repeat(x, counts.astype(int), axis=0), y)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: bare(on_feature_groups)(energy, maps, SCALES), TypeError, "call its constructor"),
        (lambda: bare(on_feature_groups)(energy(), 3, SCALES), TypeError, "function from"),
        (lambda: bare(on_feature_groups)(energy(), maps, [1.0]), TypeError, "must be a mapping"),
        (lambda: on_feature_groups(energy(), maps, {}), ValueError, "at least one map"),
        (lambda: on_feature_groups(energy(), maps, {"first": 0.0}), ValueError, r"`scales\['first'\]` must be"),
        (lambda: on_feature_groups({"first": energy()}, maps, SCALES), ValueError, "one objective for each map"),
        (
            lambda: on_feature_groups(energy(), maps, {"last": 1.0}).init(KEY, jnp.ones((2, 2))),
            ValueError,
            r"must give a map 'last', .* but gives \['bent', 'first', 'unused'\]",
        ),
        (
            lambda: on_feature_groups(energy(), lambda p: p, {"a": 1.0}).init(KEY, jnp.ones((2, 2))),
            ValueError,
            "must give a map 'a'",
        ),
    ],
)
def test_what_cannot_be_is_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()
