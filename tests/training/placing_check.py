"""Run by test_placing.py in processes of their own, each with so many virtual devices; each prints one line of JSON.

``python -m tests.training.placing_check model``, ``saved DIRECTORY`` or ``resumed DIRECTORY``
"""

import json
import sys

import jax
import numpy as np
import optax
from jax.sharding import AxisType

from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import energy, gan
from igm_jax.sources import source
from igm_jax.training import train, training
from tests.training.mesh_check import batches, difference

STEPS = 6


def mesh_of(*shape):
    return jax.make_mesh(shape, ("data", "model")[: len(shape)], (AxisType.Auto,) * len(shape))


def run_of(objective, mesh=None, data=None, inner_steps=1):
    generator = pushforward(mlp(3, 2, width=16, depth=1), normal(3))
    target = data or (lambda key, n: 1 + normal(2)(key, n))
    optimizer = optax.adam(1e-2)
    return training(generator, objective, optimizer, target, 64, num_data=64, inner_steps=inner_steps, mesh=mesh)


def of_critic(mesh=None):
    return run_of(gan(mlp_critic(2, width=16, depth=1), optax.adam(1e-2)), mesh)


def from_host(mesh=None):
    return run_of(energy(), mesh, source(batches), inner_steps=0)


def trained(run, steps=STEPS, directory=None, key=None):
    key = jax.random.key(0) if key is None else key
    return train(run, key, steps, directory=directory, chunk=3, progress=False, log_every=1)


def held(tree):
    """Of each matrix or vector the share of it that one device holds."""
    return [leaf.addressable_shards[0].data.size / leaf.size for leaf in jax.tree.leaves(tree) if leaf.ndim]


def check_model():
    """Parameters cut in two, with the optimiser's moments, the average and the critic; and seeds side by side."""
    mesh, found = mesh_of(4, 2), {}
    spread = trained(of_critic(mesh))
    found["critic"] = difference(spread, trained(of_critic()))
    found["params"], found["average"] = held(spread.state.params), held(spread.state.average)
    found["moments"], found["learned"] = held(spread.state.optimizer_state), held(spread.state.objective_state)
    found["kernel"] = difference(trained(from_host(mesh)), trained(from_host()))
    seeds = jax.random.split(jax.random.key(1), 3)
    side_by_side = trained(of_critic(mesh), key=seeds)
    found["seeds"] = difference(side_by_side, trained(of_critic(), key=seeds))
    found["params of seeds"] = held(side_by_side.state.params)
    return found


def check_saved(directory):
    """Half of a run on eight devices, parameters cut in two."""
    for name, run in (("critic", of_critic), ("kernel", from_host)):
        trained(run(mesh_of(4, 2)), STEPS // 2, f"{directory}/{name}")
    return {"devices": jax.device_count()}


def check_resumed(directory):
    """The other half on other devices, against all of it on one."""
    devices = jax.device_count()
    mesh, found = None if devices == 1 else mesh_of(devices), {"devices": devices}
    for name, run in (("critic", of_critic), ("kernel", from_host)):
        one, other = trained(run(mesh), STEPS, f"{directory}/{name}"), trained(run())
        found[name] = difference(one, other)
        found[f"{name}: rows"] = [row["step"] for row in one.rows]
        leaf = jax.tree.leaves(one.state.params)[0]
        found[f"{name}: on"] = len(leaf.sharding.device_set)
        found[f"{name}: moved"] = float(
            np.abs(np.asarray(leaf) - jax.tree.leaves(trained(run(), 3).state.params)[0]).max()
        )
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[f"check_{sys.argv[1]}"](*sys.argv[2:])))
