import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax.distributions import dataset, normal
from igm_jax.features import fit_encoder
from igm_jax.generators import pushforward
from igm_jax.kernels import gaussian
from igm_jax.networks import mlp
from igm_jax.objectives import mmd, on_feature_groups
from igm_jax.training import advance, training
from tests.features.small import SHAPE, classifier, images


def test_the_mean_distance_of_two_data_in_each_scaled_map_is_one():
    encoder, x = classifier(), images()[0][:60]
    maps, above = jax.jit(encoder.maps)(x), np.triu_indices(60, 1)
    for name, scale in encoder.scales.items():
        scaled = np.asarray(maps[name], np.float64) / scale
        distances = np.sqrt(np.square(scaled[:, None] - scaled[None]).sum(-1))[above]
        np.testing.assert_allclose(distances.mean(), 1, rtol=1e-4)
        np.testing.assert_allclose(np.median(distances), encoder.distances[name].median / scale, rtol=1e-4)


def test_the_network_holds_the_parameters_whatever_the_key_and_gives_the_maps():
    encoder, x = classifier(), jnp.asarray(images()[0][:3])
    params = encoder.network.init(jax.random.key(5))
    assert "classes/kernel" not in params
    expected = jax.jit(encoder.maps)(x)
    for name, got in jax.jit(encoder.network.apply)(params, x).items():
        np.testing.assert_allclose(got, expected[name], rtol=1e-6)
    assert encoder.network == classifier().network


@pytest.mark.slow
def test_seeds_train_side_by_side_and_each_as_if_alone():
    encoder, x = classifier(), images()[0]
    objective = on_feature_groups(mmd(gaussian(0.5)), encoder.network, encoder.scales)
    generator = pushforward(mlp(2, 64, width=8, depth=1), normal(2))
    with jax.numpy_dtype_promotion("standard"):
        run = training(generator, objective, optax.adam(1e-2), dataset(x), 8)
        keys = jax.random.split(jax.random.key(0), 2)
        states, infos = jax.jit(jax.vmap(lambda key: advance(run, run.init(key))))(keys)
        alone, info = jax.jit(lambda key: advance(run, run.init(key)))(keys[1])
    np.testing.assert_allclose(infos["loss"][1], info["loss"], rtol=1e-4)
    np.testing.assert_allclose(sum(infos[f"share/{name}"] for name in encoder.scales), 1, rtol=1e-5)
    for got, expected in zip(jax.tree.leaves(states.params), jax.tree.leaves(alone.params), strict=True):
        np.testing.assert_allclose(got[1], expected, atol=1e-3)
    for name, value in states.objective_state.params.items():
        np.testing.assert_array_equal(value[0], encoder.parameters[name])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": None}, "a classifier needs `labels` of at least two classes"),
        ({"labels": np.zeros(80, np.int32)}, "at least two classes, but there is one; train an autoencoder"),
        ({"images": np.ones((80, 64))}, "`images` must differ, but all 80 are alike"),
        ({"labels": np.arange(80) % 2 * 3}, "from 0 to 1"),
        ({"image_shape": (9, 8, 1)}, r"must be at least two flat images \(n, 72\)"),
        ({"images": np.full((80, 64), np.nan)}, "finite"),
        ({"held_out": (np.zeros((2, 9)), np.zeros(2, np.int32))}, "`held_out` must be at least two flat images"),
        ({"seed": -1}, "`seed` must be at least 0"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(given, message, monkeypatch):
    monkeypatch.setattr("igm_jax.features.encoder.fitted", lambda *given: pytest.fail("trained"))
    x, y = images()
    usual = {"kind": "classifier", "images": x, "image_shape": SHAPE, "labels": y}
    with pytest.raises((ValueError, TypeError), match=message):
        fit_encoder(**(usual | given))
