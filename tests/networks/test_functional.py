import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from igm_jax.networks import network, parameter_count


class Shift(nnx.Module):
    def __init__(self, by):
        self.by = nnx.Param(by)

    def __call__(self, x):
        return jnp.tanh(x + self.by[...][None])


class Stack(nnx.Module):
    """A module with a list inside, which NNX names by integers, and more than ten items, which sort otherwise as text."""

    def __init__(self, rngs: nnx.Rngs):
        self.layers = nnx.List([Shift(by) for by in jax.random.normal(rngs.params(), (11, 3))])
        self.last = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(2 * x)
        return self.last(x)


STACK = network(Stack)
INIT, APPLY = jax.jit(STACK.init), jax.jit(STACK.apply)
X = jax.random.normal(jax.random.key(7), (5, 3))


def test_equals_the_module_itself(key):
    itself = jax.jit(lambda key: Stack(nnx.Rngs(key))(X))(key)
    np.testing.assert_allclose(APPLY(INIT(key), X), itself, rtol=1e-5, atol=1e-6)


def test_parameters_are_plain_dicts_named_by_strings(key):
    def names(tree):
        assert type(tree) is dict or isinstance(tree, jax.Array)
        return [name for key, part in tree.items() for name in [key, *names(part)]] if type(tree) is dict else []

    params = INIT(key)
    assert {type(name) for name in names(params)} == {str}
    assert set(params["layers"]) == {str(i) for i in range(11)}


def test_init_vmaps_over_keys_and_apply_over_parameters(key):
    keys = jax.random.split(key, 3)
    together = jax.jit(jax.vmap(STACK.init))(keys)
    outputs = jax.jit(jax.vmap(STACK.apply, (0, None)))(together, X)
    for i in range(3):
        alone = INIT(keys[i])
        jax.tree.map(lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-6), together, alone)
        np.testing.assert_allclose(outputs[i], APPLY(alone, X), rtol=1e-5, atol=1e-6)


def test_init_is_a_function_of_the_key_alone(key):
    first, second, other = INIT(key), INIT(key), INIT(jax.random.key(1))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), first, second))
    assert not bool((first["last"]["kernel"] == other["last"]["kernel"]).all())


def test_gradient_is_that_of_finite_differences(x64, key):
    net = network(lambda rngs: nnx.Linear(3, 2, param_dtype=jnp.float64, rngs=rngs))
    params, x = net.init(key), X.astype(jnp.float64)

    def loss(params):
        return jnp.sum(jnp.sin(net.apply(params, x)))

    direction = jax.tree.map(lambda p: jnp.cos(jnp.arange(p.size, dtype=p.dtype)).reshape(p.shape), params)

    @jax.jit
    def slopes(h):
        exact = sum(jax.tree.leaves(jax.tree.map(lambda g, d: jnp.sum(g * d), jax.grad(loss)(params), direction)))
        ahead, behind = (jax.tree.map(lambda p, d, h=h: p + h * d, params, direction) for h in (h, -h))
        return exact, (loss(ahead) - loss(behind)) / (2 * h)

    np.testing.assert_allclose(*slopes(1e-5), rtol=1e-8)


def test_a_step_is_traced_once(key):
    traces = []

    @jax.jit
    def step(params):
        traces.append(1)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, jax.grad(lambda p: STACK.apply(p, X).sum())(params))

    params = INIT(key)
    for _ in range(3):
        params = step(params)
    assert len(traces) == 1


def test_layers_that_keep_state_are_refused_by_their_path_and_class():
    with pytest.raises(TypeError, match=r"but it \(BatchNorm\) also keeps state: mean; use .*nnx.LayerNorm"):
        network(lambda rngs: nnx.BatchNorm(2, rngs=rngs))
    with pytest.raises(
        TypeError, match=r"but its layer 'layers\.1' \(Dropout\) also keeps state: rngs.*no nnx.Dropout"
    ):
        network(lambda rngs: nnx.Sequential(nnx.Linear(2, 2, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)))


def test_a_module_that_is_there_gives_its_parameters_whatever_the_key(key):
    module = Stack(nnx.Rngs(0))
    net = network(module)
    params = net.init(key)
    np.testing.assert_allclose(net.apply(params, X), module(X), rtol=1e-5, atol=1e-6)
    module.last.bias[...] += 1.0  # trained on afterwards
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), net.init(jax.random.key(5)), params))


def test_what_is_not_a_builder_of_a_module_is_refused():
    with pytest.raises(TypeError, match="must return a callable flax NNX module, but returned str"):
        network(lambda rngs: "linear")  # pyrefly: ignore
    with pytest.raises(TypeError):
        network("mlp")  # pyrefly: ignore


def test_parameters_of_another_network_are_refused(key):
    other = network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
    with pytest.raises(ValueError, match="must be parameters of this network"):
        STACK.apply(other.init(key), X)


def test_parameters_are_counted_in_arrays_and_in_their_shapes(key):
    net = network(lambda rngs: nnx.Linear(3, 5, rngs=rngs))
    assert parameter_count(net.init(key)) == parameter_count(jax.eval_shape(net.init, key)) == 20
    assert parameter_count(jax.eval_shape(jax.vmap(net.init), jax.random.split(key, 3))) == 60
    assert parameter_count({"a": np.ones((2, 0)), "b": [1.0]}) == 1
