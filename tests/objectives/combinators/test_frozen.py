import pickle
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, energy_distance, kernels, stateless, velocity
from igm_jax.base import Network
from igm_jax.batches import UnusedPartError
from igm_jax.generators import particles
from igm_jax.networks import mlp
from igm_jax.objectives import (
    bures,
    drifting,
    energy,
    frechet_loss,
    frozen,
    kde_drift,
    log_energy,
    mmd,
    moments_of,
    on_feature_groups,
    on_features,
    score_difference,
    sharp_drifting,
    sliced,
    weighted,
    with_bank,
)
from igm_jax.objectives.combinators import frozen as module
from igm_jax.training import training

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
X, Y = RNG.normal(size=(9, 2)), 0.7 + 0.6 * RNG.normal(size=(70, 2))
LAPLACE = kernels.laplace(1.0)


def squares(points):
    return jnp.concatenate([points, points**2], axis=1)


def both(points):
    return {"squares": squares(points), "first": points[:, :1]}


PARTS = [(0.5, energy()), (2.0, bures())]
OBJECTIVES = {
    "mmd": mmd(LAPLACE),
    "energy": energy(1.5),
    "log_energy": log_energy(0.5),
    "bures": bures(),
    "frechet_loss": frechet_loss(rate=0.1),
    "weighted": weighted(PARTS, ["near", "far"]),
    "on_features": on_features(mmd(LAPLACE), squares),
    "on_feature_groups": on_feature_groups(energy(), both, {"squares": 2.0, "first": 0.5}),
    "groups of their own": on_feature_groups(
        {"squares": bures(), "first": energy()}, both, {"squares": 2.0, "first": 0.5}
    ),
    "with_bank": with_bank(energy(), 4),
    "nested": weighted([(1.0, on_features(weighted(PARTS), squares)), (0.5, mmd(LAPLACE))]),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_is_the_objective_against_all_data(name, x64):
    objective, x, y = OBJECTIVES[name], jnp.asarray(X), jnp.asarray(Y)
    held = frozen(objective, Y)
    state, told = held.update(KEY, held.init(KEY, x), x, None)
    expected_state, expected_told = objective.update(KEY, objective.init(KEY, x), x, y)
    jax.tree.map(
        partial(np.testing.assert_allclose, rtol=1e-8, atol=1e-12), (state, told), (expected_state, expected_told)
    )
    look = lambda o, y: (o.loss(KEY, state, x, y), velocity(o, KEY, state, x, y), o.witness(state, x + 1, x, y))  # noqa: E731
    for got, expected in zip(look(held, None), look(objective, y), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10 if "bures" not in str(objective) else 1e-7, atol=1e-9)
    for got, other in zip(look(held, None), look(held, x[:1] * jnp.nan), strict=True):
        np.testing.assert_array_equal(got, other)  # the y of a step is not read


@pytest.mark.parametrize("name", ["mmd", "energy"])
def test_single_precision(name):
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    objective = OBJECTIVES[name]
    held = frozen(objective, y)
    np.testing.assert_allclose(held.loss(KEY, (), x, None), objective.loss(KEY, (), x, y), rtol=1e-6)
    got, expected = velocity(held, KEY, (), x, None), velocity(objective, KEY, (), x, y)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def test_weights_of_data_and_of_samples(x64):
    a, b = RNG.uniform(size=9), RNG.uniform(size=70)
    x = Batch(jnp.asarray(X), weights=jnp.asarray(a))
    for name in ("energy", "mmd", "bures", "weighted", "on_features"):
        objective = OBJECTIVES[name]
        held, y = frozen(objective, Y, weights=b), Batch(jnp.asarray(Y), weights=jnp.asarray(b))
        state = objective.init(KEY, x)
        np.testing.assert_allclose(held.loss(KEY, state, x, None), objective.loss(KEY, state, x, y), rtol=1e-9)


def test_features_of_all_data_are_computed_once_and_in_chunks(monkeypatch):
    seen = []

    def counted(points):
        jax.debug.callback(lambda rows: seen.append(len(rows)), points)
        return squares(points)

    x, y = np.float32(X), np.float32(Y)
    monkeypatch.setattr(module, "CHUNK", 32)
    held = frozen(on_features(energy(), counted), y)
    jax.effects_barrier()
    assert seen == [32, 32, 6]
    seen.clear()
    got = held.loss(KEY, held.init(KEY, jnp.asarray(x)), jnp.asarray(x), jnp.asarray(y))
    jax.effects_barrier()
    assert set(seen) == {9}  # of samples alone
    np.testing.assert_allclose(got, energy_distance(squares(x), squares(y)), rtol=1e-6)


def test_landmarks_are_reported_with_their_residual_and_drawn_by_the_seed(x64):
    features = on_feature_groups(mmd(LAPLACE), both, {"squares": 2.0, "first": 0.5}, shares=False)
    held, x = frozen(features, Y, landmarks=6), jnp.asarray(X)
    told = held.update(KEY, held.init(KEY, x), x, None)[1]
    assert set(told) == {"squares/residual", "first/residual"}
    exact = np.sqrt(mmd(LAPLACE).loss(KEY, (), squares(x) / 2, squares(jnp.asarray(Y)) / 2))
    alone = frozen(mmd(LAPLACE), squares(Y) / 2, landmarks=6)
    found = np.sqrt(alone.loss(KEY, (), squares(x) / 2, None))
    assert 0 < abs(found - exact) <= told["squares/residual"]
    np.testing.assert_allclose(alone.update(KEY, (), x, None)[1]["residual"], told["squares/residual"], rtol=1e-9)
    other = frozen(mmd(LAPLACE), squares(Y) / 2, landmarks=6, seed=1)
    assert other.loss(KEY, (), squares(x) / 2, None) != alone.loss(KEY, (), squares(x) / 2, None)


def test_a_run_needs_no_target_and_reaches_the_data():
    x, y = np.float32(X), np.float32(Y)
    for objective, inner in ((frozen(energy(), y), 0), (frozen(mmd(kernels.laplace(3.0)), y, landmarks=20), 1)):
        rate = 0.2 if inner == 0 else 1.0
        with jax.numpy_dtype_promotion("standard"):
            run = training(particles(x - 2), objective, optax.sgd(rate * 9), None, 9, inner_steps=inner)
            state, step = run.init(KEY), jax.jit(run.step)
            for key in jax.random.split(KEY, 200):
                state, told = step(key, state)
        assert ("residual" in told) == (inner == 1)
        assert energy_distance(state.params, y) < 0.1 * energy_distance(x - 2, y)


def test_what_is_frozen_is_pickled_and_equal_by_its_data():
    held = frozen(mmd(LAPLACE), Y.astype(np.float32), landmarks=5)
    assert pickle.loads(pickle.dumps(held)) == held
    assert held != frozen(mmd(LAPLACE), X.astype(np.float32), landmarks=5)
    data = Y.astype(np.float32)
    held = frozen(energy(), data)
    before = held.loss(KEY, (), jnp.asarray(X, jnp.float32), None)
    data += 1  # what is frozen does not change with its array
    assert held.loss(KEY, (), jnp.asarray(X, jnp.float32), None) == before


def test_a_network_whose_parameters_are_known_is_frozen_as_it_is(x64):
    params = NETWORK.init(jax.random.key(7))
    trained = Network(lambda key: params, NETWORK.apply)
    held, plain, x = frozen(on_features(energy(), trained), Y), on_features(energy(), trained), jnp.asarray(X)
    state = held.init(KEY, x)
    np.testing.assert_allclose(held.loss(KEY, state, x, None), plain.loss(KEY, state, x, jnp.asarray(Y)), rtol=1e-10)


FIELDS = {
    "score_difference": score_difference(0.5),
    "of a kernel": score_difference(LAPLACE),
    "kde_drift": kde_drift(0.5, "kl"),
    "sharp_drifting": sharp_drifting(LAPLACE),
    "drifting": drifting((0.5, 1.0)),
    "released": drifting(preset="released"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_attracted_to_all_data_or_to_landmarks(name, x64):
    objective, x, y = FIELDS[name], jnp.asarray(X), jnp.asarray(Y)
    exact = velocity(objective, KEY, (), x, y)
    np.testing.assert_allclose(velocity(frozen(objective, Y), KEY, (), x, None), exact, rtol=1e-9)
    held = frozen(objective, Y, landmarks=20)
    assert 0 < held.update(KEY, (), x, None)[1]["residual"] < 0.5
    assert velocity(held, KEY, (), x, None).shape == x.shape


NETWORK = mlp(2, 3, width=4, depth=1)
WRONG = {
    "another": (sliced(), {}, TypeError, r"must be made by one of `mmd`, `energy`.*but is `sliced\(\)`"),
    "a part": (weighted([(1.0, sliced())]), {}, TypeError, r"`with_bank` to be frozen, but is `sliced\(\)`"),
    "by hand": (stateless(lambda x, y: 0.0)._replace(), {}, TypeError, "but is one that was put together by hand"),
    "network": (on_features(energy(), NETWORK), {}, TypeError, r"but are a Network.*partial\(network.apply, params\)"),
    "landmarks of energy": (energy(), {"landmarks": 5}, ValueError, "must be None for `energy`, but is 5"),
    "landmarks of log": (log_energy(1.0), {"landmarks": 5}, ValueError, "must be None for `log_energy`, but is 5"),
    "landmarks of moments": (bures(), {"landmarks": 5}, ValueError, "must be None for what compares moments"),
    "distance": (mmd(kernels.distance()), {"landmarks": 5}, ValueError, "needs a positive definite kernel"),
    "a correction": (
        score_difference(1.0, corrected=True),
        {"landmarks": 5},
        ValueError,
        "lacks the bias of a minibatch that `corrected=True` would remove",
    ),
    "no landmarks": (mmd(LAPLACE), {"landmarks": 0}, ValueError, "`landmarks` must be at least 1"),
    "moments twice": (frechet_loss(moments_of(Y)), {}, ValueError, "must have no `data_moments` to be frozen"),
    "weights": (energy(), {"weights": -np.ones(70)}, ValueError, "`weights` must be non-negative"),
    "a missing map": (
        on_feature_groups(energy(), both, {"third": 1.0}),
        {},
        ValueError,
        "must give a map 'third', which `scales` names, but gives",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_frozen_is_explained(case):
    objective, options, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        frozen(objective, Y.astype(np.float32), **options)


def test_data_that_cannot_be_frozen_and_what_comes_with_y_are_explained():
    with pytest.raises(ValueError, match="`data` must hold finite numbers"):
        frozen(energy(), [[np.nan]])
    with pytest.raises(TypeError, match="must be known, but are being traced"):
        jax.jit(lambda y: frozen(energy(), y).loss(KEY, (), y, None))(jnp.ones((2, 1)))
    held, x = frozen(energy(), Y.astype(np.float32)), jnp.zeros((4, 3))
    with pytest.raises(ValueError, match="`x` and `data` must have the same number of features"):
        held.loss(KEY, (), x, None)
    with pytest.raises(
        UnusedPartError, match="`y` comes with `weights`, which `frozen`, whose data are fixed, cannot use"
    ):
        held.loss(KEY, (), x[:, :2], Batch(x, weights=jnp.ones(4)))
