"""Run by test_conformance_mesh.py in a process with 8 virtual devices: rows of the table over a mesh against one device.

``python -m tests.conformance.mesh_check NAME...`` prints one line of JSON: of every row the gaps of value and velocity.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from igm_jax import velocity
from igm_jax.pairwise.backend import over
from tests.conformance import ROWS
from tests.conformance.row import KEY


def samples(n: int = 16, m: int = 24) -> tuple[jax.Array, jax.Array]:
    draws = np.random.default_rng(3)
    return jnp.asarray(draws.normal(size=(n, 2))), jnp.asarray(1 + 0.5 * draws.normal(size=(m, 2)))


def seen(objective, x, y):
    """Value and velocity after an update from the beginning, compiled as one program."""

    def of(state, x, y):
        state, _ = objective.update(KEY, state, x, y)
        return objective.loss(KEY, state, x, y), velocity(objective, KEY, state, x, y)

    return jax.jit(of)(objective.init(KEY, x), x, y)


def gap(one, other) -> float:
    """The largest difference, relative to the largest number."""
    one, other = np.asarray(one), np.asarray(other)
    return float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-3))


def compared(objective, mesh) -> list[float]:
    x, y = samples()
    expected = seen(objective, x, y)
    spread = NamedSharding(mesh, PartitionSpec("data"))
    with over(mesh):
        got = seen(objective, *jax.device_put((x, y), spread))
    return [gap(*pair) for pair in zip(got, expected, strict=True)]


def main(names: list[str]) -> int:
    mesh = jax.make_mesh((8,), ("data",), (AxisType.Auto,))
    with jax.enable_x64(True):
        found = {name: compared(ROWS[name].objective, mesh) for name in names}
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
