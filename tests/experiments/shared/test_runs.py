"""Groups of runs: kept whole, and of use for their own settings alone; fields are velocities of the objective."""

import json

import jax.numpy as jnp
import numpy as np

from experiments.configs import OBJECTIVES, Adam, Problem, Pushforward, Space
from experiments.shared import runs
from experiments.shared.tasks import Task
from igm_jax import from_velocity, stateless
from igm_jax.distributions import moons


def test_a_kept_group_comes_back_and_one_of_other_settings_does_not(tmp_path):
    arrays = {"steps": np.arange(3), "frames": np.zeros((3, 4, 2))}
    group = runs.Group({"a": 1}, [{"w2": 0.5}], {"seconds": 1.0}, {"commit": "x"}, "", arrays)
    task, store = Task("ring-energy", 0, lambda: group, {"a": 1}), runs.Groups(tmp_path / "groups")
    assert store.kept(task) is None
    store.keep(task, group)
    back = store.kept(task)
    assert back._replace(arrays={}) == group._replace(arrays={})
    np.testing.assert_array_equal(back.arrays["frames"], arrays["frames"])
    assert json.dumps(back.config)
    assert store.kept(task._replace(config={"a": 2})) is None
    path = tmp_path / "groups" / "ring-energy.npz"
    path.write_bytes(path.read_bytes()[:50])
    assert store.kept(task) is None  # damaged: it has to be done again


def test_a_kept_group_is_of_no_use_for_other_data(tmp_path):
    budget = runs.Budget(Pushforward(), Adam(rate=1e-3), 10, 8, 0.9, 1, 50)
    judge = runs.Judges(np.zeros((2, 2)), lambda **samples: {}, lambda fake: {})
    problem, store = Problem("mine", moons(), moons(), Space(2, 1.0)), runs.Groups(tmp_path)

    def task(fingerprint):
        return runs.training_task(
            "file-mine-energy",
            "energy",
            OBJECTIVES["energy"](),
            problem._replace(fingerprint=fingerprint),
            budget,
            judge,
        )

    store.keep(task("first"), runs.Group(task("first").config, [], {}, {}, "", {"steps": np.arange(2)}))
    assert store.kept(task("first")) is not None
    assert store.kept(task("second")) is None
    assert "data" not in task(None).config


def test_the_field_is_minus_the_gradient_of_the_witness():
    x, data = np.zeros((4, 2), np.float32), np.array([[0, 0], [1, 1], [0.5, 0.2]], np.float32)
    objective = stateless(lambda x, y: jnp.sum(x**2), lambda points, x, y: jnp.sum(points**2, axis=1))
    found = runs.field(objective, (), x, data)
    np.testing.assert_allclose(found["field/velocities"], -2 * found["field/points"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["field/heights"], np.sum(found["field/points"] ** 2, axis=1), rtol=1e-5)


def test_a_field_without_a_witness_is_what_one_more_sample_would_feel():
    x, data = np.zeros((4, 2), np.float32), np.array([[0, 0], [1, 1], [0.5, 0.2]], np.float32)
    found = runs.field(from_velocity(lambda x, y: 3 * x), (), x, data)
    np.testing.assert_allclose(found["field/velocities"], 3 * found["field/points"], rtol=1e-5, atol=1e-6)
    assert "field/heights" not in found


def test_a_kept_group_is_of_no_use_under_other_judges(tmp_path):
    problem, store = Problem("mine", moons(), moons(), Space(2, 1.0)), runs.Groups(tmp_path)

    def task(told):
        judge = runs.Judges(np.zeros((2, 2)), lambda **samples: {}, lambda fake: {}, told=told)
        budget = runs.Budget(Pushforward(), Adam(rate=1e-3), 10, 8, 0.9, 1, 50)
        return runs.training_task("mine-energy", "energy", OBJECTIVES["energy"](), problem, budget, judge)

    store.keep(task({"judges": ["a"]}), runs.Group(task({"judges": ["a"]}).config, [], {}, {}, "", {}))
    assert store.kept(task({"judges": ["a"]})) is not None
    assert store.kept(task({"judges": ["b"]})) is None
    assert store.kept(task({})) is None
