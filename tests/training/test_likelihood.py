"""Maximum likelihood in the optimiser: the gradient that it says, beside any objective, in the one loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, Generator, stateless
from igm_jax.batches import UnusedPartError
from igm_jax.training import add_likelihood, train, training

pytestmark = pytest.mark.usefixtures("optax_types")


def log_normal(params, y):
    """Of N(mean, exp(2 log_std)), in one dimension."""
    z = (y[:, 0] - params["mean"]) * jnp.exp(-params["log_std"])
    return -0.5 * z**2 - params["log_std"] - 0.5 * jnp.log(2 * jnp.pi).astype(y.dtype)


def fixed(values):
    return lambda key, n: jnp.asarray(values)[:n]


def test_it_adds_the_gradient_of_the_mean_negative_log_density(x64):
    values = np.array([[1.0], [2.0], [6.0]])
    params = {"mean": jnp.array(0.5), "log_std": jnp.array(0.3)}
    term = add_likelihood(log_normal, fixed(values), 3, weight=2.0)
    before = jax.tree.map(jnp.ones_like, params)
    after, state = term.update(before, term.init(params), params)
    variance = np.exp(0.6)
    np.testing.assert_allclose(after["mean"], 1 - 2 * np.mean(values - 0.5) / variance, rtol=1e-12)
    np.testing.assert_allclose(after["log_std"], 1 + 2 * (1 - np.mean((values - 0.5) ** 2) / variance), rtol=1e-12)
    assert int(state.step) == 1


def test_in_the_loop_it_finds_the_maximum_likelihood_estimate():
    values = np.array([[1.0], [2.0], [6.0]], np.float32)

    def sample(params, key, n):
        return params["mean"] + jnp.exp(params["log_std"]) * jax.random.normal(key, (n, 1))

    generator = Generator(lambda key: {"mean": jnp.zeros(()), "log_std": jnp.zeros(())}, sample)
    optimizer = optax.chain(add_likelihood(log_normal, fixed(values), 3), optax.adam(0.05))
    run = training(generator, stateless(lambda x, y: 0 * jnp.sum(x)), optimizer, fixed(values), 3, average=0.0)
    params = train(run, jax.random.key(0), 500, progress=False).state.params
    assert float(params["mean"]) == pytest.approx(values.mean(), abs=1e-3)
    assert float(jnp.exp(params["log_std"])) == pytest.approx(values.std(), abs=1e-3)


def test_minibatches_differ_between_steps_and_between_runs_side_by_side():
    term = add_likelihood(lambda params, y: params * y[:, 0], lambda key, n: jax.random.normal(key, (n, 1)), 4)
    starts = jnp.array([1.0, 2.0])
    states = jax.vmap(term.init)(starts)
    first, states = jax.vmap(term.update)(jnp.zeros(2), states, starts)
    second, _ = jax.vmap(term.update)(jnp.zeros(2), states, starts)
    again, _ = jax.vmap(term.update)(jnp.zeros(2), jax.vmap(term.init)(starts), starts)
    assert len(set(np.concatenate([first, second]).tolist())) == 4
    np.testing.assert_array_equal(again, first)


def test_bad_parts_are_named():
    density, target = lambda params, y: y, lambda key, n: jnp.zeros((n, 2))
    with pytest.raises(
        TypeError, match="`log_density` must be a function, such as that of a `coupling_flow`, but is NoneType"
    ):
        add_likelihood(None, target, 4)
    with pytest.raises(ValueError, match="`weight` must be positive"):
        add_likelihood(density, target, 4, weight=0.0)
    term = add_likelihood(density, target, 4)
    with pytest.raises(ValueError, match="needs the parameters"):
        term.update(jnp.zeros(1), term.init(jnp.zeros(1)))
    with pytest.raises(ValueError, match=r"one number for each of 4 data, but gave shape \(4, 2\)"):
        term.update(jnp.zeros(1), term.init(jnp.zeros(1)), jnp.zeros(1))


def test_data_with_parts_that_a_density_does_not_read_are_refused():
    labelled = lambda key, n: Batch(jnp.zeros((n, 1)), condition=jnp.zeros((n, 1)))  # noqa: E731
    term = add_likelihood(lambda params, y: params * y[:, 0], labelled, 4)
    with pytest.raises(UnusedPartError, match=r"`condition`.*`add_likelihood`"):
        term.update(jnp.zeros(()), term.init(jnp.zeros(())), jnp.zeros(()))
    plain = add_likelihood(lambda params, y: params * y[:, 0], lambda key, n: Batch(jnp.ones((n, 1))), 4)
    assert float(plain.update(jnp.zeros(()), plain.init(jnp.zeros(())), jnp.zeros(()))[0]) == -1.0
