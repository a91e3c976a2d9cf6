"""Modules of flax linen and Equinox: the same numbers, plain parameters, and layers with state refused by name."""

import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from igm_jax.descriptions import described
from igm_jax.networks import from_equinox, from_linen
from tests.training import toys

X = jax.random.normal(jax.random.key(7), (5, 3))


class Normed(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        return nn.BatchNorm(use_running_average=not train)(nn.Dense(3)(x))


class Noisy(nn.Module):
    """Draws itself, after a layer that is innocent."""

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        return x + jax.random.normal(self.make_rng("noise"), x.shape)


class Dropped(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        return nn.Dropout(0.5, deterministic=not train)(nn.Dense(3)(x))


LINEN = nn.Sequential([nn.Dense(4), nn.tanh, nn.Dense(2)])


def build(key):
    return eqx.nn.MLP(3, 2, 4, 1, key=key)


@pytest.fixture(autouse=True)
def relaxed():
    # Linen's and Equinox's own layers promote ranks.
    with jax.numpy_rank_promotion("allow"):
        yield


def test_linen_gives_the_module_itself(key):
    net = from_linen(LINEN, X)
    params = net.init(key)
    np.testing.assert_array_equal(net.apply(params, X), LINEN.apply(LINEN.init({"params": key}, X), X))
    shapes = from_linen(LINEN, jax.ShapeDtypeStruct((1, 3), jnp.float32))
    assert toys.same(shapes.init(key), params)
    assert from_linen(nn.Sequential([nn.tanh]), X).init(key) == {}
    assert from_linen(nn.Dense(2), [[0.0, 0.0, 0.0]]).init(key)["kernel"].shape == (3, 2)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            Normed(),
            r"its layer 'BatchNorm_0' \(BatchNorm\) keeps state, the collection \"batch_stats\"; use .*LayerNorm",
        ),
        (nn.Sequential([nn.Dense(2), Normed()]), r"its layer 'layers_1.BatchNorm_0' \(BatchNorm\) keeps state"),
        (Dropped(), r"its layer 'Dropout_0' \(Dropout\) draws at random"),
        (Noisy(), r"but it \(Noisy\) draws at random"),
        (nn.BatchNorm(use_running_average=False), r"but it \(BatchNorm\) keeps state"),
    ],
)
def test_layers_of_linen_with_state_are_refused_by_name(module, words):
    with pytest.raises(TypeError, match=words):
        from_linen(module, X)


def test_options_of_a_linen_module_reach_it(key):
    net = from_linen(Dropped(), X, train=False)
    params = net.init(key)["Dense_0"]
    np.testing.assert_allclose(
        net.apply({"Dense_0": params}, X), X @ params["kernel"] + params["bias"][None], rtol=1e-6
    )


def test_equinox_gives_the_module_itself_a_sample_at_a_time(key):
    net, module = from_equinox(build), build(key)
    params = net.init(key)
    np.testing.assert_array_equal(net.apply(params, X), jax.vmap(module)(X))
    there = from_equinox(module)
    assert toys.same(there.init(jax.random.key(9)), params)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(params))
    assert set(params["layers"]) == {"0", "1"}


def test_equinox_vmaps_over_keys_and_parameters_and_differentiates(key):
    net = from_equinox(build)
    many = jax.jit(jax.vmap(net.init))(jax.random.split(key, 3))
    assert jax.jit(jax.vmap(net.apply, (0, None)))(many, X).shape == (3, 5, 2)
    slope = jax.grad(lambda params: jnp.sum(net.apply(params, X)))(net.init(key))
    np.testing.assert_allclose(slope["layers"]["1"]["bias"], [5, 5], rtol=1e-6)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (eqx.nn.BatchNorm(3, axis_name="batch", mode="ema"), r"but it \(BatchNorm\) keeps state; use .*GroupNorm"),
        (
            eqx.nn.Sequential([eqx.nn.Identity(), eqx.nn.Dropout(0.5)]),
            r"'layers.1' \(Dropout\) draws.*inference_mode\(module\)",
        ),
        (eqx.nn.Lambda(jnp.tanh), None),
        (eqx.nn.Sequential([eqx.nn.Dropout(0.5, inference=True)]), None),
    ],
)
def test_layers_of_equinox_with_state_are_refused_by_name(module, words, key):
    if words is None:
        net = from_equinox(module)
        assert net.apply(net.init(key), X).shape == X.shape
    else:
        with pytest.raises(TypeError, match=words):
            from_equinox(module)


class Shifted(eqx.Module):
    by: jax.Array

    def __call__(self, x):
        return x + self.by


def test_arrays_that_are_no_parameters_and_what_is_no_module_are_refused():
    with pytest.raises(TypeError, match=r"'by' \(array of int32\) is no parameter; make it a static field"):
        from_equinox(Shifted(jnp.arange(3)))
    with pytest.raises(TypeError, match=r"must give a callable Equinox module.*but gave int"):
        from_equinox(lambda key: 3)  # pyrefly: ignore
    with pytest.raises(ValueError, match=r"but have no 'layers\.0\.weight'; make them with its own `init`"):
        from_equinox(build).apply({}, X)


def test_they_are_recorded_described_and_pickled(key):
    linen, equinox = from_linen(LINEN, X), from_equinox(build)
    for net in (linen, equinox):
        again = pickle.loads(pickle.dumps(net))
        np.testing.assert_array_equal(again.apply(again.init(key), X), net.apply(net.init(key), X))
    assert linen == from_linen(LINEN, X)
    assert from_equinox(build) == equinox
    assert described(equinox).unverified == ["build"]
    assert described(linen).unverified == []
