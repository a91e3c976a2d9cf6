"""Run by test_parts.py in a process of its own, with 8 virtual devices: what a mesh changes, as one line of JSON.

``python -m tests.training.mesh_check critic kernel field``
"""

import json
import sys
import tempfile

import jax
import numpy as np
import optax
from jax.sharding import AxisType

from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import drifting, energy, gan
from igm_jax.sources import source
from igm_jax.training import Run, train, training

STEPS = 6


def batches():
    draws = np.random.default_rng(0)
    while True:
        yield 1 + draws.normal(size=(64, 2)).astype(np.float32)


OBJECTIVES = {
    "critic": gan(mlp_critic(2, width=16, depth=1), optax.sgd(0.1)),
    "kernel": energy(),
    "field": drifting(0.5),
}


def run_of(name: str, mesh=None) -> Run:
    """Of the kernel, with data from the host, and samples made in chunks."""
    generator = pushforward(mlp(3, 2, width=16, depth=1), normal(3))
    if name == "kernel":
        return training(generator, energy(), optax.sgd(0.1), source(batches), 128, inner_steps=0, chunk=32, mesh=mesh)
    data = lambda key, n: 1 + normal(2)(key, n)  # noqa: E731
    return training(generator, OBJECTIVES[name], optax.sgd(0.1), data, 128, mesh=mesh, num_data=64)


def trained(run: Run, steps: int = STEPS, directory=None):
    return train(run, jax.random.key(0), steps, directory=directory, chunk=3, progress=False, log_every=1)


def difference(one, other) -> float:
    """The largest, relative to the largest number of each array."""
    pairs = zip(jax.tree.leaves(one.state[:5]), jax.tree.leaves(other.state[:5]), strict=True)
    arrays = [(np.asarray(a), np.asarray(b)) for a, b in pairs]
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)) for a, b in arrays)


def main() -> int:
    """Whether each run comes to the same state over 8 devices, and how it lies there."""
    mesh = jax.make_mesh((8,), ("data",), (AxisType.Auto,))
    found = {}
    for name in sys.argv[1:]:
        spread = trained(run_of(name, mesh))
        found[name] = difference(spread, trained(run_of(name)))
        leaf = jax.tree.leaves(spread.state.params)[0]
        found[f"{name}: devices"] = len(leaf.sharding.device_set)
        if name == "kernel":
            with tempfile.TemporaryDirectory() as folder:
                trained(run_of(name, mesh), STEPS // 2, folder)
                again = trained(run_of(name, mesh), STEPS, folder)
            same = zip(jax.tree.leaves(again.state[:5]), jax.tree.leaves(spread.state[:5]), strict=True)
            found["resumed"] = all(np.array_equal(a, b) for a, b in same)
        if name == "field":
            text = jax.jit(run_of(name, mesh).step).lower(jax.random.key(0), spread.state).compile().as_text()
            found["rows of one device"] = "f32[16,2]" in text
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
