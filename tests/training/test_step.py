"""One step: which minibatches it draws, what it reports."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Generator, Objective, from_velocity, stateless, velocity
from igm_jax.generators import particles
from igm_jax.lifts import no_witness
from igm_jax.objectives import energy
from igm_jax.training import advance, training
from tests.training import toys


def sgd_run(**options):
    """Under strict types, which optax's sgd can bear."""
    return training(toys.generator, toys.moments, optax.sgd(0.1), toys.target, 16, **options)


def start(run, key):
    return jax.jit(run.init)(key)


def steps(run, key, length):
    """The state after some steps, and the stacked measures."""
    return jax.jit(lambda key: jax.lax.scan(lambda state, _: advance(run, state), run.init(key), length=length))(key)


def test_sgd_on_particles_is_the_explicit_flow(key, x64):
    """x ← x + η v, since sgd with the rate η n moves along -η n ∂loss/∂x."""
    x, y = jax.random.normal(key, (2, 12, 2))
    rate = 0.05
    run = training(particles(x), toys.moments, optax.sgd(rate * len(x)), lambda key, n: y, len(x))
    state, step = start(run, key), jax.jit(lambda state: advance(run, state))
    for _ in range(3):
        state, info = step(state)
        field = velocity(toys.moments, key, (), x, y)
        x = x + rate * field
        np.testing.assert_allclose(state.params, x, rtol=1e-12)
        np.testing.assert_allclose(info["velocity"], jnp.sqrt(jnp.mean(jnp.sum(field**2, axis=1))), rtol=1e-12)


def test_loss_falls_at_the_rate_of_the_squared_velocity(key, x64):
    """d loss / dt = -mean ‖v‖² along the flow dx/dt = v."""
    x, y = jax.random.normal(key, (2, 12, 2))
    rate = 1e-6
    run = training(particles(x), toys.moments, optax.sgd(rate * len(x)), lambda key, n: y, len(x))
    _, infos = steps(run, key, 2)
    (first, second), (speed, _) = infos["loss"], infos["velocity"]
    np.testing.assert_allclose((second - first) / rate, -(speed**2), rtol=1e-4)


def test_the_pulled_back_gradient_is_that_of_the_composition(key, x64):
    """One sgd step equals θ - η ∂/∂θ loss(g_θ(z), y), differentiated in one piece."""
    z, y = jax.random.normal(key, (2, 16, 2))
    fixed = Generator(toys.generator.init, lambda params, key, n: jnp.tanh(z @ params["in"]) @ params["out"])
    run = training(fixed, toys.moments, optax.sgd(0.1), lambda key, n: y, 16)
    state = start(run, key)
    after, _ = jax.jit(run.step)(key, state)
    gradient = jax.grad(lambda params: toys.moments.loss(key, (), fixed.sample(params, key, 16), y))(state.params)
    for name, value in after.params.items():
        np.testing.assert_allclose(value, state.params[name] - 0.1 * gradient[name], rtol=1e-12)


def test_inner_steps_see_fresh_minibatches(key):
    """A scan over inner steps draws samples, data and objective keys anew each time, other than the generator's own."""
    drawn = []

    def collect(value):
        drawn.append(float(value))

    def update(key, state, x, y):
        for value in (x[0, 0], y[0, 0], jax.random.uniform(key)):
            jax.debug.callback(collect, value)
        return state + 1, {"count": state}

    def loss(key, state, x, y):
        for value in (x[0, 0], y[0, 0]):
            jax.debug.callback(collect, value)
        return jnp.mean(jnp.square(x - y))

    counter = Objective(lambda key, x: jnp.zeros(()), update, loss, no_witness("a toy"))
    run = training(toys.generator, counter, optax.sgd(0.0), toys.target, 4, inner_steps=3)
    state, info = steps(run, key, 2)
    jax.effects_barrier()
    assert len(set(drawn)) == len(drawn) == 2 * (3 * 3 + 2)
    assert state.objective_state == 6
    assert info["count"][-1] == 5, "the info is that of the last inner step"


def test_data_order_does_not_depend_on_the_objective(key):
    """Two objectives, with one and with three inner steps, move the generator on the same data and the same noise."""
    batches = []

    def spy(x, y):
        jax.debug.callback(lambda x, y: batches.append((np.asarray(x), np.asarray(y))), x, y)
        return jnp.mean(jnp.square(x.mean(0) - y.mean(0)))

    for inner_steps in (0, 1, 3):
        steps(training(toys.generator, stateless(spy), optax.sgd(0.0), toys.target, 4, inner_steps=inner_steps), key, 1)
        jax.effects_barrier()
    for x, y in batches[1:]:
        np.testing.assert_array_equal(x, batches[0][0])
        np.testing.assert_array_equal(y, batches[0][1])


def test_what_the_objective_reports_reaches_the_info(key):
    """For a normalised field the loss is constant; its size before normalisation is what moves."""
    field = lambda x, y: (y.mean(0) - x.mean(0))[None, :] / jnp.linalg.norm(y.mean(0) - x.mean(0)) + 0 * x  # noqa: E731
    objective = from_velocity(field, measure=lambda x, y: {"drift": jnp.linalg.norm(y.mean(0) - x.mean(0))})
    run = training(particles(jnp.zeros((8, 2))), objective, optax.sgd(0.8), lambda key, n: jnp.ones((n, 2)), 8)
    _, infos = steps(run, key, 3)
    np.testing.assert_allclose(infos["loss"], 0.5, rtol=1e-6)
    np.testing.assert_allclose(infos["velocity"], 1.0, rtol=1e-6)
    assert np.all(np.diff(infos["drift"]) < -0.05)
    assert sorted(infos) == ["drift", "loss", "velocity"]


def test_jit_scan_and_vmap_agree_with_plain_steps(key, optax_types):
    run = toys.critic_run(inner_steps=2)
    keys = jax.random.split(key, 3)

    def scanned(key):
        return jax.lax.scan(lambda state, _: advance(run, state), run.init(key), length=3)

    alone, (many, infos) = jax.jit(scanned), jax.jit(jax.vmap(scanned))(keys)
    for i in range(3):
        one, info = alone(keys[i])
        np.testing.assert_allclose(many.params["in"][i], one.params["in"], rtol=1e-5)
        np.testing.assert_allclose(many.objective_state.weights[i], one.objective_state.weights, rtol=1e-5)
        np.testing.assert_allclose(infos["critic_gap"][i], info["critic_gap"], rtol=1e-4)
    state, step = start(run, keys[2]), jax.jit(run.step)
    for _ in range(3):
        state, _ = step(jax.random.fold_in(state.key, state.step), state)
    np.testing.assert_allclose(state.params["in"], one.params["in"], rtol=1e-5)


def test_no_compilation_on_the_second_call(key, optax_types):
    run = toys.critic_run()
    step = jax.jit(lambda state: advance(run, state))
    state, _ = step(jax.jit(run.init)(key))
    step(state)
    assert step._cache_size() == 1


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.lbfgs(),
        optax.adamw(1e-1),
        optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(patience=1)),
        optax.polyak_sgd(),
    ],
    ids=["lbfgs", "adamw", "plateau", "polyak"],
)
def test_optimisers_that_need_parameters_or_values(key, optimizer, optax_types):
    x = jnp.arange(8.0).reshape(4, 2)
    _, infos = steps(training(particles(x), toys.moments, optimizer, lambda key, n: -x, len(x)), key, 20)
    assert infos["loss"][-1] < 0.9 * infos["loss"][0]


def test_double_precision_stays_double(key, x64, optax_types):
    state, info = steps(toys.critic_run(), key, 1)
    floats = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert {leaf.dtype for leaf in floats} == {jnp.dtype("float64")}
    assert info["loss"].dtype == jnp.float64


def test_no_inner_steps_for_an_objective_that_learns(key):
    jax.eval_shape(toys.still_run(inner_steps=0).init, key)
    with pytest.raises(ValueError, match=r"inner_steps.*at least 1 for an objective that learns"):
        jax.eval_shape(toys.critic_run(inner_steps=0).init, key)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1, but is 0"),
        ({"inner_steps": -1}, ValueError, "`inner_steps` must be at least 0, but is -1"),
        ({"average": 1.0}, ValueError, r"`average` must be a decay in \[0, 1\)"),
    ],
)
def test_bad_numbers_are_refused(change, error, text):
    options = {"batch_size": 4, **change}
    with pytest.raises(error, match=text):
        training(toys.generator, toys.moments, optax.sgd(0.1), toys.target, **options)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (lambda key, n: jnp.zeros((n, 3)), r"same number of features, but give shapes \(4, 2\) and \(4, 3\)"),
        (lambda key, n: jnp.zeros((n,)), r"the target must give \(4, d\) floats, but gives float32 of shape \(4,\)"),
        (lambda key, n: jnp.zeros((n, 2), int), r"the target must give \(4, d\) floats, but gives int32"),
        (lambda key, n: jnp.zeros((5, 2)), r"the target must give \(4, d\) floats"),
    ],
)
def test_samples_that_do_not_fit_are_refused(key, target, text):
    with pytest.raises(ValueError, match=text):
        jax.eval_shape(training(toys.generator, toys.moments, optax.sgd(0.1), target, 4).init, key)


def test_a_report_may_not_hide_the_loss(key):
    clash = toys.critic._replace(update=lambda key, state, x, y: (state, {"loss": jnp.zeros(())}))
    run = training(toys.generator, clash, optax.sgd(0.1), toys.target, 4)
    with pytest.raises(ValueError, match=r"must not report \['loss'\].*rename it, e.g. 'critic_loss'"):
        jax.eval_shape(lambda key: advance(run, run.init(key)), key)


def test_a_lifted_objective_is_called_by_what_was_lifted():
    def gap(x, y):
        return jnp.mean((x.mean(0) - y.mean(0)) ** 2)

    def name(objective):
        run = training(particles(jnp.ones((4, 2))), objective, optax.sgd(1.0), lambda key, n: jnp.ones((n, 2)), 4)
        return run.name

    assert name(stateless(gap)) == "gap"
    assert name(stateless(lambda x, y: gap(x, y))) == "stateless"
    assert name(energy()) == "energy"
