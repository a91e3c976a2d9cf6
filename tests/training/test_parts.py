"""What a step draws: as many data as asked for, samples under conditions, in chunks, over a mesh; what does not fit is told."""

import json
import pickle
from functools import partial
from inspect import unwrap  # to what users call, without the tests' own check of types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, stateless
from igm_jax.batches import UnusedPartError
from igm_jax.distributions import dataset, gaussian_mixture, normal
from igm_jax.generators import conditional_pushforward, particles, pushforward
from igm_jax.kernels import gaussian
from igm_jax.networks import mlp, mlp_critic, one_hot
from igm_jax.objectives import energy, energy_scoring, gan, joint, per_condition, svgd
from igm_jax.sources import source
from igm_jax.training import train, training
from igm_jax.training.parts import Given, drawn, is_source, whole_spec
from igm_jax.training.step import parts_of
from tests.pairwise.devices import mesh_of_one
from tests.training import toys
from tests.virtual import printed

pytestmark = pytest.mark.usefixtures("optax_types")
SGD = optax.sgd(0.1)
GENERATOR = pushforward(mlp(3, 2, width=8, depth=1), normal(3))
UNDER = conditional_pushforward(mlp(3 + 2, 2, width=8, depth=1), normal(3), one_hot(2))
LABELLED = dataset(np.arange(12.0).reshape(6, 2), condition=np.array([0, 1, 0, 1, 1, 0]))


def stepped(run, key):
    return jax.jit(lambda key: run.step(key, run.init(key)))(key)


def test_samples_and_data_of_different_number(key):
    """Seen by an objective that reports how many of each it got."""
    sizes = stateless(lambda x, y: jnp.sum(x) * 0 + len(x) + 1000 * len(y))
    _, info = stepped(training(GENERATOR, sizes, SGD, normal(2), 8, num_data=5), key)
    assert float(info["loss"]) == 8 + 5000


def test_draws_are_made_under_the_conditions_of_the_data(key):
    """Of b conditions k draws each, in the order of the data, weighted as these."""

    def seen(x, y, *, x_condition, y_condition, x_weights, y_weights):
        same = jnp.all(x_condition.reshape(4, 3) == y_condition[:, None])
        weights = jnp.abs(x_weights.reshape(4, 3) - y_weights[:, None] / 3).max()
        return jnp.sum(x) * 0 + len(x) + 100 * same + 1000 * (weights < 1e-6)

    data = dataset(np.zeros((6, 2)), condition=np.array([0, 1, 0, 1, 1, 0]), weights=np.arange(1.0, 7))
    _, info = stepped(training(UNDER, stateless(seen), SGD, data, 4, draws=3), key)
    assert float(info["loss"]) == 12 + 100 + 1000


def test_conditions_of_their_own(key):
    """Unpaired translation: a cost between samples and what they were made of, which no datum knows."""

    def cost(x, y, *, x_condition):
        return jnp.mean((x - x_condition) ** 2) + 0 * jnp.sum(y)

    generator = conditional_pushforward(mlp(1 + 2, 2, width=8, depth=1), normal(1))
    run = training(generator, stateless(cost), SGD, normal(2), 6, num_data=5, conditions=normal(2))
    state, info = stepped(run, key)
    assert np.isfinite(info["loss"])
    assert int(state.step) == 1


@pytest.mark.parametrize(
    "target", [normal(2), gaussian_mixture(np.zeros((1, 2)), 1.0), dataset(np.arange(64.0).reshape(32, 2))]
)
def test_conditions_of_their_own_are_drawn_beside_the_data(target, key):
    """Not from the keys that a target makes of its own: the correlation over many rows is that of chance."""

    def correlation(x, y, *, x_condition):
        a, b = (rows - rows.mean(0, keepdims=True) for rows in (x_condition, y))
        both = jnp.abs((a.T @ b) / jnp.sqrt(jnp.sum(a**2, 0)[:, None] * jnp.sum(b**2, 0)[None])).max()
        return 0 * jnp.sum(x) + both

    generator = conditional_pushforward(mlp(1 + 2, 2, width=8, depth=1), normal(1))
    _, info = stepped(training(generator, stateless(correlation), SGD, target, 2000, conditions=normal(2)), key)
    assert info["loss"] < 0.12


def test_rows_that_count_nothing_are_never_drawn(key):
    data = dataset(np.arange(20.0).reshape(10, 2), condition=np.arange(10), weights=np.eye(10)[3])
    drawn_rows = data(key, 50)
    np.testing.assert_array_equal(drawn_rows.condition, 3)
    np.testing.assert_array_equal(drawn_rows.weights, 1)


def test_several_data_under_a_condition(key):
    """With weights (b, m): a condition counts what its data do together."""

    def target(key, n):
        return Batch(jnp.zeros((n, 5, 2)), jnp.arange(n) % 2, jnp.ones((n, 5)) * (1 + jnp.arange(n)[:, None]))

    _, info = stepped(training(UNDER, per_condition(energy()), SGD, target, 4, draws=3), key)
    assert np.isfinite(info["loss"])


def test_a_run_over_a_mesh_is_pickled_without_its_devices(key):
    run = training(GENERATOR, energy(), SGD, normal(2), 8, mesh=mesh_of_one())
    assert parts_of(pickle.loads(pickle.dumps(run))).mesh is None


def test_chunks_are_what_stands_side_by_side(key, x64):
    """A chunk has a key of its own; sample, loss and gradient are those of the chunks side by side."""
    run = training(GENERATOR, energy(), SGD, normal(2), 12, chunk=4)
    parts, params = parts_of(run), GENERATOR.init(key)
    beside = lambda params: jnp.concatenate([GENERATOR.sample(params, k, 4) for k in jax.random.split(key, 3)])  # noqa: E731
    y = normal(2)(jax.random.key(5), 9)

    def loss(sample, params):
        return energy().loss(key, (), sample(params), y)

    got = jax.jit(jax.value_and_grad(partial(loss, lambda params: drawn(parts, params, key, None))))(params)
    expected = jax.jit(jax.value_and_grad(partial(loss, beside)))(params)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_chunks_of_conditions(key):
    whole = training(UNDER, per_condition(energy_scoring()), SGD, LABELLED, 4, draws=3, chunk=2)
    state, info = stepped(whole, key)
    assert np.isfinite(info["loss"])
    parts, params = parts_of(whole), state.params
    c = jnp.array([0, 1, 1, 0])
    beside = [UNDER.sample(params, k, c[i : i + 2], 3) for k, i in zip(jax.random.split(key), (0, 2), strict=True)]
    got = drawn(parts, params, key, Given(c))
    np.testing.assert_allclose(got, jnp.concatenate(beside), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_chunk_holds_the_memory_of_a_chunk(key):
    """Hidden layers are wide: all at once, they are most of what a step holds."""
    generator = pushforward(mlp(4, 2, width=512, depth=2), normal(4))

    def scratch(chunk):
        run = training(generator, energy(), SGD, normal(2), 4096, num_data=64, chunk=chunk)
        state = jax.eval_shape(run.init, key)
        return jax.jit(run.step).lower(key, state).compile().memory_analysis().temp_size_in_bytes

    assert scratch(256) < 0.4 * scratch(None)


def test_no_target_for_objectives_that_read_no_data(key):
    run = training(particles(np.ones((5, 2))), svgd(lambda p: -p, gaussian(1.0)), SGD, None, 5)
    state, _ = stepped(run, key)
    assert np.abs(state.params).max() < 0.99  # they start at one, and the density draws them to zero
    with pytest.raises(TypeError, match="`target=None` is for objectives that read no data"):
        training(particles(np.ones((5, 2))), energy(), SGD, None, 5).init(key)


def test_a_mesh_of_one_device_changes_roundings_alone(key):
    runs = [training(GENERATOR, energy(), SGD, normal(2), 8, mesh=mesh) for mesh in (None, mesh_of_one())]
    states = [train(run, key, 3, progress=False).state for run in runs]
    for one, other in zip(jax.tree.leaves(states[0].params), jax.tree.leaves(states[1].params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_run_over_a_mesh_is_the_same_run(tmp_path, key):
    """It may be begun on one device and go on over several: a mesh is no part of what a run is."""
    train(training(GENERATOR, energy(), SGD, normal(2), 8), key, 2, directory=tmp_path, progress=False)
    train(
        training(GENERATOR, energy(), SGD, normal(2), 8, mesh=mesh_of_one()), key, 4, directory=tmp_path, progress=False
    )
    told = json.loads((tmp_path / "config.json").read_text())["config"]
    assert not {"mesh", "num_data", "draws", "conditions", "chunk"} & set(
        told["init"]["holds"]["0"] if "init" in told else told
    )


@pytest.mark.parametrize(
    "name", [pytest.param("critic", marks=pytest.mark.slow), "kernel", pytest.param("field", marks=pytest.mark.slow)]
)
def test_eight_devices_come_to_the_state_of_one(name):
    (found,) = printed(["tests.training.mesh_check", name], devices=8)
    assert found[name] < 2e-5, found
    assert found[f"{name}: devices"] == 8
    assert found.get("resumed", name != "kernel")
    assert found.get("rows of one device", name != "field")


def test_processes_read_their_shares(monkeypatch):
    """Of two, each half of a batch; without a mesh there is nowhere to put the halves together."""
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    half = source([np.ones((4, 2), np.float32)])
    assert whole_spec(half).values.shape == (8, 2)
    assert parts_of(training(GENERATOR, energy(), SGD, half, 4, mesh=mesh_of_one())).num_data == 8
    with pytest.raises(ValueError, match="must be spread over a `mesh`"):
        training(GENERATOR, energy(), SGD, half, 4)


WRONG = {
    "draws of a plain one": (
        lambda: training(GENERATOR, energy(), SGD, normal(2), 8, draws=2),
        "for a `ConditionalGenerator`",
    ),
    "chunk": (
        lambda: training(GENERATOR, energy(), SGD, normal(2), 8, chunk=3),
        "`chunk` must divide `batch_size` = 8",
    ),
    "conditions": (
        lambda: unwrap(training)(UNDER, energy(), SGD, LABELLED, 8, conditions=3),
        "`conditions` must be a function",
    ),
    "no condition": (
        lambda: training(UNDER, energy(), SGD, normal(2), 8).init(jax.random.key(0)),
        "needs conditions, but the target gives none",
    ),
    "other numbers": (
        lambda: training(UNDER, energy(), SGD, LABELLED, 8, num_data=4).init(jax.random.key(0)),
        "`num_data` must be `batch_size` = 8",
    ),
    "features": (
        lambda: training(UNDER, joint(energy()), SGD, dataset(np.ones((3, 5)), condition=np.arange(3) % 2), 8).init(
            jax.random.key(0)
        ),
        "same number of features",
    ),
    "data of the source": (
        lambda: training(GENERATOR, energy(), SGD, source([np.ones((4, 2), np.float32)]), 8, num_data=5),
        "`num_data` is 5, but the source gives 4",
    ),
    "draws of other conditions": (
        lambda: training(
            UNDER, per_condition(energy_scoring()), SGD, LABELLED, 8, conditions=lambda key, n: jnp.zeros(n, int)
        ),
        "`per_condition` compares draws with the data of the same condition",
    ),
    "no target": (
        lambda: training(UNDER, joint(energy()), SGD, None, 8).init(jax.random.key(0)),
        "needs conditions, but the target gives none",
    ),
    "no function": (lambda: unwrap(training)(GENERATOR, energy(), SGD, 3, 8), "of an iterator `igm_jax.sources.source"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_told_before_any_work(case):
    make, message = WRONG[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize(
    ("objective", "part"),
    [(energy(), "condition"), (gan(mlp_critic(2, width=8, depth=1), SGD), "condition")],
    ids=["energy", "gan"],
)
def test_a_part_that_the_objective_cannot_use_is_refused_with_its_name(objective, part):
    with pytest.raises(UnusedPartError, match=f"comes with `{part}`"):
        training(GENERATOR, objective, SGD, LABELLED, 6).init(jax.random.key(0))


def test_a_step_without_its_data_says_what_is_missing(key):
    run = training(GENERATOR, energy(), SGD, source([np.ones((4, 2), np.float32)]), 4)
    assert is_source(parts_of(run).target)
    with pytest.raises(TypeError, match="`data` must be passed to the step of a run with a source"):
        run.step(key, run.init(key))
    plain = toys.still_run()
    with pytest.raises(TypeError, match="and to no other"):
        plain.step(key, plain.init(key), Batch(jnp.ones((2, 4, 2))))
