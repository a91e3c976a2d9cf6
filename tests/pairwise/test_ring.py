"""Sums around a ring of devices against those on one device: many devices of one process, and two processes."""

import inspect
import json
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest

from igm_jax import kernels, mmd2_biased
from igm_jax.objectives import ksd2_biased, mmd2_estimate, nystrom_mmd2
from igm_jax.pairwise.backend import over, using
from igm_jax.pairwise.ring import ring_of
from tests.pairwise.devices import mesh_of_one

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)


def started(devices, *arguments):
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "tests.pairwise.ring_check", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def results(processes, timeout=150):
    """What each has printed; nothing is left running, whatever happens."""
    try:
        outputs = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


@pytest.mark.slow
def test_value_and_gradients():
    (found,) = results([started(8, "values")])
    assert set(found) == {"even", "uneven", "few", "two_axes", "any", "unbiased", "single"}
    for name, differences in found.items():
        assert len(differences) == 5
        assert max(differences) < (2e-5 if name == "single" else 1e-12), (name, differences)


@pytest.mark.slow
def test_witness_bandwidth_and_training():
    (found,) = results([started(4, "more")])
    assert found["witness"] < 1e-12
    assert found["bandwidth"] < 1e-12
    assert found["params"] < 1e-5


@pytest.mark.slow
def test_the_program_sends_to_neighbours_and_gathers_nothing():
    (found,) = results([started(8, "program")])
    assert found == {"permutes": True, "gathers": False, "whole": False, "kept": False, "gradients_are_sharded": True}


@pytest.mark.slow
def test_two_processes():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for found in results([started(2, "processes", port, rank) for rank in range(2)]):
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
