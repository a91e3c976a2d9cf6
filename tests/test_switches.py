"""Every objective under the switches of JAX for debugging: they change no number, and nothing leaks or is NaN on the way.

The one of every day shows that the test works; the others, whose time is the compiler's, run with ``make testall``.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from tests.conformance import ROWS
from tests.conformance.row import KEY
from tests.test_plain import SWITCHES


@pytest.fixture(autouse=True)
def standard_promotion():
    """Adam raises a Python float to an integer count, which strict promotion forbids."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def step(objective):
    """``(x, y) -> (loss, velocity)`` after one update of the objective's own state."""

    def numbers(x, y):
        state = objective.update(KEY, objective.init(KEY, x), x, y)[0]
        return objective.loss(KEY, state, x, y), velocity(objective, KEY, state, x, y)

    return numbers


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in ROWS])
def test_switches_of_jax_for_debugging_change_nothing(name):
    rng = np.random.default_rng(0)
    x, y = (jnp.asarray(place + scale * rng.normal(size=(8, 2)), float) for place, scale in ((0, 1), (1, 0.5)))
    numbers = step(ROWS[name].objective)
    expected = jax.jit(numbers)(x, y)
    for switch, context in SWITCHES.items():
        with context():
            found = numbers(x, y)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5, err_msg=switch)
