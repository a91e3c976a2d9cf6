"""Where parameters lie on a mesh, that it changes roundings alone, and that a run goes on over other devices."""

import jax
import numpy as np
import optax
import pytest
from jax.sharding import AbstractMesh, PartitionSpec

from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.networks import mlp
from igm_jax.objectives import energy
from igm_jax.training import train, training
from igm_jax.training.placing import put, settled, shardings_of, spec_of, spread
from tests.pairwise.devices import mesh_of_one
from tests.training.processes_check import OBJECTIVES
from tests.virtual import free_port, printed

pytestmark = pytest.mark.usefixtures("optax_types")
has_gloo = pytest.mark.skipif(
    not hasattr(jax._src.lib._jax, "make_gloo_tcp_collectives"), reason="this jaxlib has no gloo, by which CPUs talk"
)
TWO, ONE = AbstractMesh((4, 2), ("data", "model")), AbstractMesh((4,), ("data",))


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((3, 16), (None, "model")),
        ((16, 3), ("model",)),
        ((6, 6), (None, "model")),
        ((4, 9, 6), (None, None, "model")),
        ((3, 3, 8, 5), (None, None, "model")),
        ((16,), ("model",)),
        ((3, 5), ()),
        ((), ()),
        ((0, 3), ()),
    ],
)
def test_the_largest_dimension_that_can_be_cut_is(shape, spec):
    assert spec_of(TWO, shape) == PartitionSpec(*spec)
    assert spec_of(ONE, shape) == PartitionSpec()
    assert spec_of(AbstractMesh((4, 1), ("data", "model")), shape) == PartitionSpec()


def test_seeds_side_by_side_lie_on_the_same_devices():
    state = {"w": jax.ShapeDtypeStruct((4, 3, 6), np.float32), "step": jax.ShapeDtypeStruct((4,), np.int32)}
    specs = {name: sharding.spec for name, sharding in shardings_of(TWO, state, seeds=True).items()}
    assert specs == {"w": PartitionSpec(None, None, "model"), "step": PartitionSpec(None)}
    assert shardings_of(TWO, state)["w"].spec == PartitionSpec(None, None, "model")
    assert shardings_of(TWO, state)["step"].spec == PartitionSpec("model")


def test_without_a_mesh_all_stays_as_it_is_and_over_one_the_numbers_do():
    tree = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float32)}
    assert all(place(None, tree) is tree for place in (spread, settled, put))
    jax.tree.map(np.testing.assert_array_equal, put(mesh_of_one(), tree), tree)
    for place in (spread, settled):
        jax.tree.map(np.testing.assert_array_equal, jax.jit(lambda t, place=place: place(mesh_of_one(), t))(tree), tree)


def test_a_second_axis_of_one_device_changes_nothing(key):
    generator = pushforward(mlp(3, 2, width=8, depth=1), normal(3))
    mesh = jax.make_mesh((1, 1), ("data", "model"), (jax.sharding.AxisType.Auto,) * 2, devices=jax.devices()[:1])
    runs = [training(generator, energy(), optax.adam(0.1), normal(2), 8, mesh=one) for one in (mesh_of_one(), mesh)]
    states = [train(run, key, 3, progress=False).state for run in runs]
    jax.tree.map(np.testing.assert_array_equal, states[0].params, states[1].params)


@pytest.mark.slow
def test_parameters_are_cut_along_a_second_axis_and_the_run_is_that_of_one_device():
    (found,) = printed(["tests.training.placing_check", "model"], devices=8)
    assert max(found["critic"], found["kernel"], found["seeds"]) < 5e-5, found
    for name in ("params", "average", "params of seeds", "moments"):
        assert set(found[name]) == {0.5}, (name, found)
    # The critic's last bias is one number, which all devices hold, as its moments.
    assert sorted(found["learned"]) == [0.5] * 9 + [1.0] * 3


def test_a_run_of_eight_devices_goes_on_over_two(tmp_path):
    goes_on(tmp_path, 2)


@pytest.mark.slow
def test_a_run_of_eight_devices_goes_on_over_one(tmp_path):
    goes_on(tmp_path, 1)


def goes_on(directory, devices):
    """As if it had been on one device all the time: its rows, and its state up to rounding."""
    assert printed(["tests.training.placing_check", "saved", str(directory)], devices=8) == [{"devices": 8}]
    (found,) = printed(["tests.training.placing_check", "resumed", str(directory)], devices=devices)
    assert found["devices"] == devices
    for name in ("critic", "kernel"):
        assert found[name] < 5e-5, found
        assert found[f"{name}: rows"] == [1, 2, 3, 4, 5, 6]
        assert found[f"{name}: on"] == devices
        assert found[f"{name}: moved"] > 1e-3, "steps that move nothing show nothing"


def of_processes(name):
    """Two processes of two devices, each with its half of the data, against one process of one device."""
    port = free_port()
    commands = [["tests.training.processes_check", name, port, rank] for rank in "01"]
    (alone,) = printed(["tests.training.processes_check", name], devices=1)
    assert (alone["devices"], alone["processes"]) == (1, 1)
    for found in printed(*commands, devices=2):
        assert (found["devices"], found["local"], found["processes"]) == (4, 2, 2)
        np.testing.assert_allclose(found["losses"], alone["losses"], rtol=1e-4, atol=1e-6)
        for one, other in zip(found["params"], alone["params"], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
        assert len(set(found["losses"])) == 3, "data that are the same at every step would not show whose they are"


@has_gloo
@pytest.mark.parametrize(
    "name", [one if one == "sliced" else pytest.param(one, marks=pytest.mark.slow) for one in OBJECTIVES]
)
def test_two_processes_that_read_their_shares_come_to_the_state_of_one(name):
    of_processes(name)
