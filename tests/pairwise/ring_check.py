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

from igm_jax import checks, kernels, mmd2_biased, mmd2_unbiased
from igm_jax.generators import particles
from igm_jax.objectives import mmd, mmd_witness
from igm_jax.pairwise.backend import over
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


def differences(kernel, mesh, arrays, divergence=mmd2_biased):
    """Of the value and of each gradient, relative to the largest entry."""
    step = with_gradients(lambda x, y, **weights: divergence(x, y, kernel, **weights))
    expected = step(*arrays)
    with over(mesh):
        got = step(*arrays)
    return [gap(one, other) for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True)]


def check_values():
    cases = {
        "even": (kernels.gaussian(1.3), mesh_of(8), inputs(64, 128, 2)),
        "uneven": (kernels.distance(), mesh_of(8), inputs(61, 131, 17)),
        "few": (kernels.laplace(0.7), mesh_of(3), inputs(2, 7, 1)),
        "two_axes": (kernels.gaussian(0.5) + kernels.gaussian(1.0), mesh_of(4, 2), inputs(33, 40, 3)),
        "any": (kernels.gaussian(1.3) + kernels.linear(), mesh_of(8), inputs(13, 131, 3)),
        "unbiased": (kernels.gaussian(1.3), mesh_of(4), inputs(30, 41, 2), mmd2_unbiased),
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

        def slopes(points, x, y):
            return jax.grad(lambda *three: jnp.sum(jnp.sin(mmd_witness(*three, kernel))), (0, 1, 2))(points, x, y)

        def slope(width):
            return jax.jit(jax.grad(lambda width: mmd2_biased(x, y, kernels.laplace(width))))(width)

        with over(mesh):
            witness, bandwidth = slopes(points, x, y), slope(jnp.asarray(0.8))
        found["witness"] = max(gap(*pair) for pair in zip(witness, slopes(points, x, y), strict=True))
        found["bandwidth"] = gap(bandwidth, slope(jnp.asarray(0.8)))
    with over(mesh):
        around = trained(NamedSharding(mesh, PartitionSpec("data")))
    found["params"] = max(gap(*leaves) for leaves in zip(around, trained(None), strict=True))
    return found


def trained(sharding):
    """The particles after a few steps."""
    samples = jax.device_put(jnp.asarray(inputs(32, 1, 2, np.float32)[0]), sharding)
    target = lambda key, n: jax.random.normal(key, (n, 2))  # noqa: E731
    run = training(particles(samples), mmd(kernels.distance()), optax.sgd(1.0), target, 32)
    step, state = jax.jit(lambda state: advance(run, state)[0]), run.init(jax.random.key(0))
    for _ in range(3):
        state = step(state)
    return jax.tree.leaves(state.params)


def gap(one, other):
    return float(np.abs(np.asarray(one) - np.asarray(other)).max() / np.abs(other).max())


def check_program():
    """What the compiled program sends, and whether it anywhere holds as many rows as there are samples."""
    mesh = mesh_of(8)
    sharding = NamedSharding(mesh, PartitionSpec("data"))

    shape = jax.ShapeDtypeStruct((4096, 3), jnp.float32, sharding=sharding)

    def compiled(argnums):
        step = jax.grad(lambda x, y, width: mmd2_biased(x, y, kernels.gaussian(width)), argnums=argnums)
        with over(mesh):
            return jax.jit(step).lower(shape, shape, jnp.float32(1)).compile()

    program = compiled((0, 1))
    text, in_width = program.as_text(), compiled(2).as_text()
    return {
        "permutes": "collective-permute" in text,
        "gathers": "all-gather" in text or "all-to-all" in text,
        "whole": "[4096" in text + in_width,  # an array of all samples, in whatever order
        "kept": "[8,512" in text + in_width,  # all guests of a device
        "gradients_are_sharded": all(s.spec == sharding.spec for s in program.output_shardings),
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
        step = with_gradients(lambda x, y, **weights: mmd2_biased(x, y, kernel, **weights))
        with over(mesh):
            value, gradients = step(*spread)
        expected, slopes = step(*arrays)
        found = {"value": gap(value, expected), "devices": jax.device_count(), "local": jax.local_device_count()}
        found["gradient"] = 0.0
        for gradient, slope in zip(gradients, slopes, strict=True):
            for shard in gradient.addressable_shards:
                found["gradient"] = max(found["gradient"], gap(shard.data, np.asarray(slope)[shard.index]))
        checks.pair(*spread[:2])  # values that live elsewhere cannot be checked, which is no error
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[f"check_{sys.argv[1]}"](*sys.argv[2:])))
