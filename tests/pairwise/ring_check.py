"""Run by test_ring.py in processes of their own, since the number of devices is fixed at a process's start.

``python -m tests.pairwise.ring_check NAME [PORT RANK]`` prints what it measured as one line of JSON.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from igm_jax import checks, kernels, mmd2_biased
from igm_jax.generators import particles
from igm_jax.objectives import mmd, mmd2_ring, mmd_ring, mmd_witness, mmd_witness_ring
from igm_jax.training import advance, training

jax.config.update("jax_numpy_rank_promotion", "raise")
ALL = (0, 1, 2, 3)


def mesh_of(*shape):
    devices = jax.devices()[: np.prod(shape)]
    return jax.make_mesh(shape, ("data", "model")[: len(shape)], (AxisType.Auto,) * len(shape), devices=devices)


def inputs(n, m, d, dtype=np.float64):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(n, d)), 0.3 + rng.normal(size=(m, d)), rng.uniform(1, 2, n), rng.uniform(1, 2, m)
    return tuple(array.astype(dtype) for array in arrays)


def with_gradients(value, argnums=ALL):
    return jax.jit(jax.value_and_grad(lambda x, y, a, b: value(x, y, x_weights=a, y_weights=b), argnums=argnums))


def differences(kernel, mesh, arrays):
    """Of the value and of each gradient, relative to the largest entry."""
    got = with_gradients(lambda x, y, **weights: mmd2_ring(x, y, kernel, mesh=mesh, **weights))(*arrays)
    expected = with_gradients(lambda x, y, **weights: mmd2_biased(x, y, kernel, **weights))(*arrays)
    return [
        float(np.abs(np.asarray(one) - np.asarray(other)).max() / np.abs(other).max())
        for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True)
    ]


def check_values():
    cases = {
        "even": (kernels.gaussian(1.3), mesh_of(8), inputs(64, 128, 2)),
        "uneven": (kernels.distance(), mesh_of(8), inputs(61, 131, 17)),
        "few": (kernels.laplace(0.7), mesh_of(3), inputs(2, 7, 1)),
        "two_axes": (kernels.gaussian(0.5) + kernels.gaussian(1.0), mesh_of(4, 2), inputs(33, 40, 3)),
    }
    with jax.enable_x64(True):
        found = {name: differences(*case) for name, case in cases.items()}
    return found | {"single": differences(kernels.distance(), mesh_of(8), inputs(301, 200, 3, np.float32))}


def check_more():
    """The witness and its slope, the derivative in a bandwidth, and a few training steps."""
    mesh = mesh_of(4)
    found = {}
    with jax.enable_x64(True):
        x, y, *_ = inputs(30, 41, 2)
        kernel, points = kernels.inverse_multiquadric(1.1), x[:5] + 1

        def slope(witness, **options):
            return jax.grad(lambda points: jnp.sum(jnp.sin(witness(points, x, y, kernel, **options))))(points)

        found["witness"] = gap(slope(mmd_witness_ring, mesh=mesh), slope(mmd_witness))
        bandwidth = [
            jax.jit(jax.grad(lambda width, value=value: value(kernels.laplace(width))))(jnp.asarray(0.8))
            for value in (lambda kernel: mmd2_ring(x, y, kernel, mesh=mesh), lambda kernel: mmd2_biased(x, y, kernel))
        ]
        found["bandwidth"] = gap(*bandwidth)
    sharding = NamedSharding(mesh, PartitionSpec("data"))
    trained = []
    for objective, start in ((mmd_ring(kernels.distance(), mesh), sharding), (mmd(kernels.distance()), None)):
        samples = jax.device_put(jnp.asarray(inputs(32, 1, 2, np.float32)[0]), start)
        run = training(particles(samples), objective, optax.sgd(1.0), lambda key, n: jax.random.normal(key, (n, 2)), 32)
        step, state = jax.jit(lambda state, run=run: advance(run, state)[0]), run.init(jax.random.key(0))
        for _ in range(3):
            state = step(state)
        trained.append(jax.tree.leaves(state.params))
    found["params"] = max(gap(*leaves) for leaves in zip(*trained, strict=True))
    return found


def gap(one, other):
    return float(np.abs(np.asarray(one) - np.asarray(other)).max() / np.abs(other).max())


def check_program():
    """What the compiled program sends, and whether it anywhere holds as many rows as there are samples."""
    mesh = mesh_of(8)
    sharding = NamedSharding(mesh, PartitionSpec("data"))

    def compiled(n):
        shape = jax.ShapeDtypeStruct((n, 3), jnp.float32, sharding=sharding)
        step = jax.value_and_grad(lambda x, y: mmd2_ring(x, y, kernels.gaussian(1.0), mesh=mesh), argnums=(0, 1))
        return jax.jit(step).lower(shape, shape).compile()

    program = compiled(4096)
    text = program.as_text()
    return {
        "permutes": "collective-permute" in text,
        "gathers": "all-gather" in text or "all-to-all" in text,
        "whole": "[4096" in text,  # an array of all samples, in whatever order
        "gradients_are_sharded": all(s.spec == sharding.spec for s in program.output_shardings[1]),
    }


def check_processes(port, rank):
    """Two processes with two devices each; every one holds its half of the samples alone."""
    jax.distributed.initialize(
        f"127.0.0.1:{port}", 2, int(rank), initialization_timeout=40, heartbeat_timeout_seconds=20,
        shutdown_timeout_seconds=20,
    )  # fmt: skip
    mesh, kernel = mesh_of(4), kernels.gaussian(1.0)
    sharding = NamedSharding(mesh, PartitionSpec("data"))
    with jax.enable_x64(True):
        arrays = inputs(48, 32, 3)
        local = [array[len(array) // 2 * int(rank) :][: len(array) // 2] for array in arrays]
        spread = [jax.make_array_from_process_local_data(sharding, part) for part in local]
        value, gradients = with_gradients(lambda x, y, **w: mmd2_ring(x, y, kernel, mesh=mesh, **w))(*spread)
        expected, slopes = with_gradients(lambda x, y, **w: mmd2_biased(x, y, kernel, **w))(*arrays)
        found = {"value": gap(value, expected), "devices": jax.device_count(), "local": jax.local_device_count()}
        found["gradient"] = 0.0
        for gradient, slope in zip(gradients, slopes, strict=True):
            for shard in gradient.addressable_shards:
                found["gradient"] = max(found["gradient"], gap(shard.data, np.asarray(slope)[shard.index]))
        checks.pair(*spread[:2])  # values that live elsewhere cannot be checked, which is no error
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[f"check_{sys.argv[1]}"](*sys.argv[2:])))
