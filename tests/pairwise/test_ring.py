"""Sums around a ring of devices against those on one device: many devices of one process, and two processes."""

import inspect
from functools import partial

import jax
import numpy as np
import pytest

from igm_jax import kernels, mmd2_biased
from igm_jax.objectives import ksd2_biased, mmd2_estimate, nystrom_mmd2
from igm_jax.pairwise.backend import over, using
from igm_jax.pairwise.ring import ring_of
from tests.pairwise.devices import mesh_of_one
from tests.virtual import free_port, printed

X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)


@pytest.mark.slow
def test_value_and_gradients():
    (found,) = printed(["tests.pairwise.ring_check", "values"], devices=8)
    assert set(found) == {"even", "uneven", "few", "two_axes", "any", "unbiased", "single"}
    for name, differences in found.items():
        assert len(differences) == 5
        assert max(differences) < (2e-5 if name == "single" else 1e-12), (name, differences)


@pytest.mark.slow
def test_witness_bandwidth_and_training():
    (found,) = printed(["tests.pairwise.ring_check", "more"], devices=4)
    assert found["witness"] < 1e-12
    assert found["bandwidth"] < 1e-12
    assert found["params"] < 1e-5


@pytest.mark.slow
def test_the_program_sends_to_neighbours_and_gathers_nothing():
    (found,) = printed(["tests.pairwise.ring_check", "program"], devices=8)
    assert found == {"permutes": True, "gathers": False, "whole": False, "kept": False, "gradients_are_sharded": True}


@pytest.mark.slow
def test_two_processes():
    port = free_port()
    commands = [["tests.pairwise.ring_check", "processes", port, rank] for rank in "01"]
    for found in printed(*commands, devices=2):
        assert (found["devices"], found["local"]) == (4, 2)
        assert max(found["value"], found["gradient"]) < 1e-12, found


@pytest.mark.parametrize("way", [pytest.param("xla", marks=pytest.mark.slow), "interpret"])
def test_one_device_is_a_ring_too(way):
    step = jax.value_and_grad(lambda x: mmd2_biased(x, Y, kernels.gaussian(1.0)))
    expected = step(X)
    with over(mesh_of_one()), using(way):
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7), step(X), expected)


@pytest.mark.slow
def test_what_has_no_sums_around_a_ring_computes_as_ever():
    functions = (
        lambda: mmd2_estimate(X, Y, kernels.gaussian(1.0)),
        lambda: mmd2_estimate(X, Y, kernels.polynomial()),
        lambda: ksd2_biased(X, np.negative, kernels.gaussian(1.0)),
        lambda: nystrom_mmd2(jax.random.key(0), X, Y, kernels.gaussian(1.0), num_landmarks=3),
    )
    expected = [function() for function in functions]
    with over(mesh_of_one()):
        found = [function() for function in functions]
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6), found, expected)


@pytest.mark.parametrize("mesh", [8, mesh_of_one().abstract_mesh])
def test_errors_of_types(mesh):
    # Unwrapped: in tests a check of types comes before ours.
    with pytest.raises(TypeError, match=r"(?s)`mesh` must be a `jax.sharding.Mesh`.*; make one with `jax.make_mesh"):
        inspect.unwrap(ring_of)(mesh, "data")
