"""One setting serves data of any scale: options are in median distances, so that losses and velocities scale as their units."""

import jax
import numpy as np
import pytest

from experiments.configs import OBJECTIVES, Space
from igm_jax import velocity

# How the velocity grows where all lengths double: by two where it is a length; a kernel's loss has no unit, so that its
# gradient is one over a length; transport's loss is a squared length.
GROWTH = {
    "mmd": 0.5,
    "mmd-flow": 0.5,
    "mmd-nystrom": 0.5,
    "log-energy": 0.5,
    "energy": 1.0,
    "sinkhorn": 2.0,
    "unbalanced-sinkhorn": 2.0,
    "sliced": 2.0,
    "bures": 2.0,
    "score-difference": 2.0,
    "drifting": 2.0,
    "banked-drifting": 2.0,
}


@pytest.mark.parametrize("name", GROWTH)
def test_velocities_scale_with_the_data(name):
    keys = jax.random.split(jax.random.key(0), 4)
    x, y = jax.random.normal(keys[0], (12, 2)), 1.0 + jax.random.normal(keys[1], (12, 2))

    def field(scale):
        objective = OBJECTIVES[name]().build(Space(2, scale))
        state = objective.init(keys[2], scale * x)
        return np.asarray(velocity(objective, keys[3], state, scale * x, scale * y))

    once, twice = field(1.0), field(2.0)
    assert np.abs(once).max() > 1e-3
    np.testing.assert_allclose(twice, GROWTH[name] * once, rtol=1e-3, atol=1e-3 * np.abs(twice).max())
