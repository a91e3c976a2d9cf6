"""Recipes: what was made of the package's constructors is made again to the last bit, and nothing else is ever called."""

import json
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from igm_jax import Network
from igm_jax.distributions import dataset, gaussian_mixture, moons, normal, sphere
from igm_jax.generators import particles, pushforward
from igm_jax.networks import conv_generator, fourier, group_sort, lipschitz_critic, mlp, network
from igm_jax.recipes import MAX_BYTES, RecipeError, rebuilt, recipe_of
from igm_jax.records import recorded


@recorded
def of_my_own(dim):
    return normal(dim)


def through_json(value):
    """What a file brings back."""
    recipe = recipe_of(value, "value")
    assert recipe.missing == {}
    return rebuilt(json.loads(json.dumps(recipe.value, allow_nan=False)), recipe.arrays)


@pytest.mark.parametrize(
    "value",
    [
        pushforward(fourier(mlp(6, 3, width=8), 2, num_frequencies=2), normal(2)),
        pushforward(mlp(2, 3, width=8, activation=jax.nn.gelu, spectral_norm=True), sphere(2, 0.1)),
        pushforward(mlp(2, 2, width=4, activation=jnp.tanh), moons(1 / 3)),
        pushforward(conv_generator(4, (8, 8, 1), width=4), normal(4)),
        pushforward(mlp(1, 1, width=4, activation=group_sort), dataset([[0.1], [0.2]], "two")),
        particles(np.linspace(0, 1, 6).reshape(3, 2)),
        gaussian_mixture([[0.0, 1.0]], 0.3),
        lipschitz_critic(2, width=4),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value)),  # workers must agree on names
)
def test_what_is_rebuilt_is_equal(value):
    again = through_json(value)
    assert again == value
    assert again.made.constructor is value.made.constructor


def test_samples_of_the_rebuilt_are_the_same_to_the_last_bit(key):
    generator = pushforward(mlp(2, 3, width=8), sphere(2, 0.1))
    params = generator.init(key)
    np.testing.assert_array_equal(through_json(generator).sample(params, key, 9), generator.sample(params, key, 9))


def test_numbers_and_containers_keep_their_kind():
    value = [1, 1.5, True, None, "text", (1, (2,)), {"a": [math.inf, -math.inf]}, 0.1 + 0.2]
    again = through_json(value)
    assert again == value
    assert [type(one) for one in again] == [type(one) for one in value]
    assert math.isnan(through_json(math.nan))
    half = through_json(np.arange(3, dtype=np.float16))
    assert isinstance(half, np.ndarray)
    assert half.dtype == np.float16
    assert isinstance(through_json(jnp.ones(2)), jax.Array)
    assert through_json(jax.random.key(3, impl="rbg")) == jax.random.key(3, impl="rbg")


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        (lambda: pushforward(mlp(2, 2), lambda key, n: None), "value.base", "a function of your own"),
        (lambda: pushforward(mlp(2, 2), of_my_own(2)), "value.base", "test_recipes.of_my_own"),
        (lambda: network(lambda rngs: nnx.Linear(2, 2, rngs=rngs)), "value.build", "a function of your own"),
        (
            lambda: pushforward(Network(lambda key: 0, lambda p, x: x), normal(2)),
            "value.network",
            "put together by hand",
        ),
        (lambda: pushforward(mlp(2, 2, activation=lambda x: x), normal(2)), "value.network.activation", "of your own"),
        (lambda: [1, (object(),)], "value[1][0]", "an object of builtins.object"),
        (lambda: np.zeros(MAX_BYTES // 8 + 1), "value", "64 MiB"),
        (lambda: np.array([object()]), "value", "Python objects"),
        (lambda: jnp.zeros(2, jnp.bfloat16), "value", "is an array of bfloat16, which NumPy's files do not keep"),
        (lambda: jnp.zeros(2, jnp.float8_e4m3fn), "value", "is an array of float8_e4m3fn"),
    ],
)
def test_what_cannot_be_written_is_named(value, place, reason):
    recipe = recipe_of(value(), "value")
    assert list(recipe.missing) == [place]
    assert reason in recipe.missing[place]
    assert recipe.value is None


@pytest.mark.parametrize(
    "value",
    [
        {"made": "os:system", "arguments": {"command": "touch broken"}},
        {"made": "igm_jax.files:write_whole", "arguments": {"path": "broken", "content": ""}},
        {"made": "igm_jax.files:os.system", "arguments": {"command": "touch broken"}},
        {"made": "igm_jax.files:os", "arguments": {}},
        {"made": "igm_jax.networks.mlp:partial", "arguments": {}},
        {"made": "igm_jax.nowhere:mlp", "arguments": {}},
        {"made": "igm_jax.networks:mlp", "arguments": {"in_dim": 2, "out_dim": 2, "colour": "red"}},
        {"made": "igm_jax.networks:mlp", "arguments": {"in_dim": 0, "out_dim": 2}},
        {"made": "igm_jax.networks:mlp", "arguments": {"in_dim": 2, "out_dim": 2}, "more": 1},
        {"function": "jax.numpy:save"},
        {"function": "os:system"},
        {"array": "7", "of": "numpy"},
        {"float": "__import__('os')"},
        {"key": "0", "impl": "dice"},
        {},
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value)),  # workers must agree on names
)
def test_nothing_but_what_the_package_offers_is_called(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError):
        rebuilt({"tuple": [value]}, {"0": np.zeros(2)})
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_without_end_is_refused():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecipeError, match="nested too deeply"):
        rebuilt(value, {})
