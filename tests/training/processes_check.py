"""Run by test_placing.py in two processes, which are one machine of four devices; each prints one line of JSON.

``python -m tests.training.processes_check NAME PORT RANK``, or the name alone for one process of one device
"""

import json
import sys

import jax
import numpy as np
import optax
from jax.sharding import AxisType

from igm_jax import kernels
from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import drifting, energy_scoring, gan, mmd, sinkhorn, sliced
from igm_jax.sources import source
from igm_jax.training import train, training

STEPS, ROWS = 3, 32
DATA = 1 + np.random.default_rng(0).normal(size=(16, ROWS, 2)).astype(np.float32)

OBJECTIVES = {
    "mmd": mmd(kernels.gaussian(1.0)),
    "sinkhorn": sinkhorn(0.1),
    "gan": gan(mlp_critic(2, width=8, depth=1), optax.sgd(0.1)),
    "drifting": drifting(0.5),
    "sliced": sliced(16),
    "energy_scoring": energy_scoring(),
}


def shares(shard):
    """What a process reads: its rows of every batch."""
    rank, count = shard
    yield from DATA[:, rank * ROWS // count :][:, : ROWS // count]


def trained(name, mesh=None):
    """Parameters and losses of some steps, to which each process brings its share of the data."""
    objective = OBJECTIVES[name]
    generator = pushforward(mlp(3, 2, width=8, depth=1), normal(3))
    run = training(generator, objective, optax.adam(1e-2), source(shares), ROWS, mesh=mesh)
    done = train(run, jax.random.key(0), STEPS, chunk=2, log_every=1, progress=False)
    return [np.asarray(leaf).ravel().tolist() for leaf in jax.tree.leaves(done.state.params)], done.rows


def main(name, port=None, rank=None) -> int:
    mesh = None
    if port is not None:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(
            f"127.0.0.1:{port}", 2, int(rank), initialization_timeout=60, heartbeat_timeout_seconds=60,
            shutdown_timeout_seconds=60,
        )  # fmt: skip
        mesh = jax.make_mesh((jax.device_count(),), ("data",), (AxisType.Auto,))
    found = {"devices": jax.device_count(), "local": jax.local_device_count(), "processes": jax.process_count()}
    params, rows = trained(name, mesh)
    print(json.dumps(found | {"params": params, "losses": [row["loss"] for row in rows]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
