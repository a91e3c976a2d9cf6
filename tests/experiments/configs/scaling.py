"""One setting serves data of any scale: options are in median distances, so that velocities scale as their units."""

import jax
import numpy as np

from experiments.configs import OBJECTIVES, Space
from igm_jax import velocity


def assert_grows(name: str, power: int) -> None:
    """Where all lengths double, the velocity of an objective grows by a power of two.

    Args:
        name: of the objective.
        power: of a length that the velocity's unit is.
    """
    keys = jax.random.split(jax.random.key(0), 4)
    x, y = jax.random.normal(keys[0], (12, 2)), 1.0 + jax.random.normal(keys[1], (12, 2))

    def velocities(scale):
        objective = OBJECTIVES[name]().build(Space(2, scale))
        state = objective.init(keys[2], scale * x)
        return np.asarray(velocity(objective, keys[3], state, scale * x, scale * y))

    once, twice = velocities(1.0), velocities(2.0)
    assert np.abs(once).max() > 1e-5
    np.testing.assert_allclose(twice, 2.0**power * once, rtol=1e-3, atol=1e-3 * np.abs(twice).max())
