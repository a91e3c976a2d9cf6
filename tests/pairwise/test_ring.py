"""Sums around a ring of devices against those on one device: many devices of one process, and two processes."""

import inspect
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import AxisType

from igm_jax import kernels, mmd2_biased
from igm_jax.objectives import mmd2_ring, mmd_ring, mmd_witness_ring
from igm_jax.pairwise.ring import ring_of

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)


def started(devices, *arguments):
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        # Nearly all of the time goes into compiling small programs.
        "XLA_FLAGS": f"--xla_llvm_disable_expensive_passes=true --xla_force_host_platform_device_count={devices}",
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


def mesh_of(kind=AxisType.Auto):
    return jax.make_mesh((1,), ("data",), (kind,), devices=jax.devices()[:1])


def test_value_and_gradients():
    (found,) = results([started(8, "values")])
    assert set(found) == {"even", "uneven", "few", "two_axes", "single"}
    for name, differences in found.items():
        assert len(differences) == 5
        assert max(differences) < (2e-5 if name == "single" else 1e-12), (name, differences)


def test_witness_bandwidth_and_training():
    (found,) = results([started(4, "more")])
    assert found["witness"] < 1e-12
    assert found["bandwidth"] < 1e-12
    assert found["params"] < 1e-5


def test_the_program_sends_to_neighbours_and_gathers_nothing():
    (found,) = results([started(8, "program")])
    assert found == {"permutes": True, "gathers": False, "whole": False, "gradients_are_sharded": True}


def test_two_processes():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for found in results([started(2, "processes", port, rank) for rank in range(2)]):
        assert (found["devices"], found["local"]) == (4, 2)
        assert max(found["value"], found["gradient"]) < 1e-12, found


def test_one_device_is_a_ring_too():
    got = mmd2_ring(X, Y, kernels.gaussian(1.0), mesh=mesh_of())
    np.testing.assert_allclose(got, mmd2_biased(X, Y, kernels.gaussian(1.0)), rtol=1e-5)


@pytest.mark.parametrize(
    "make", [mmd_ring, lambda kernel, mesh, axis="data": mmd2_ring(X, Y, kernel, mesh=mesh, axis=axis)]
)
def test_errors(make):
    kernel = kernels.gaussian(1.0)
    with pytest.raises(ValueError, match=r"`axis` must be one of data, but is 'date'; did you mean 'data'\?"):
        make(kernel, mesh_of(), "date")
    with pytest.raises(ValueError, match=r"must have axes of type Auto, but has .*Explicit.*make one with"):
        make(kernel, mesh_of(AxisType.Explicit))
    with pytest.raises(ValueError, match=r"function of the distance.*but is linear\(\); choose another, or take"):
        make(kernels.linear(), mesh_of())


@pytest.mark.parametrize("mesh", [8, mesh_of().abstract_mesh])
def test_errors_of_types(mesh):
    # Unwrapped: in tests a check of types comes before ours.
    with pytest.raises(TypeError, match=r"(?s)`mesh` must be a `jax.sharding.Mesh`.*; make one with `jax.make_mesh"):
        inspect.unwrap(ring_of)(mesh, "data")


def test_errors_of_samples_and_weights():
    ring = {"kernel": kernels.gaussian(1.0), "mesh": mesh_of()}
    with pytest.raises(ValueError, match=r"same number of features"):
        mmd2_ring(X, Y[:, :1], **ring)
    with pytest.raises(ValueError, match=r"`x_weights` must have shape \(5,\)"):
        mmd2_ring(X, Y, x_weights=np.ones(4, np.float32), **ring)
    with pytest.raises(ValueError, match=r"`y` must hold finite numbers"):
        mmd2_ring(X, Y * np.float32("nan"), **ring)
    with pytest.raises(NotImplementedError, match=r"in the points alone"):
        jax.grad(lambda x: mmd_witness_ring(X, x, Y, **ring).sum())(X)
