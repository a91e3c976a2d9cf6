import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax.objectives.adversarial.constraints import lecam_penalty
from igm_jax.objectives.adversarial.wasserstein import wgan
from tests.objectives.adversarial.test_penalties import LINEAR


def test_costs_and_anchors_of_a_linear_critic(x64, key):
    """Three updates with a critic that stands still: each side is held to the other side's running average."""
    objective = wgan(LINEAR, optax.sgd(0.0), penalties=(lecam_penalty(0.2, decay=0.75),))
    rng, state, anchors = np.random.default_rng(0), None, np.zeros(2)
    update = jax.jit(objective.update)
    for _ in range(3):
        x, y = rng.normal(size=(4, 2)), 1 + rng.normal(size=(5, 2))
        state = objective.init(key, jnp.asarray(x)) if state is None else state
        real, fake = y @ [3.0, 4.0], x @ [3.0, 4.0]
        state, info = update(key, state, x, y)
        expected = 0.2 * (np.mean((real - anchors[1]) ** 2) + np.mean((fake - anchors[0]) ** 2))
        np.testing.assert_allclose(info["penalty"], expected, rtol=1e-12)
        anchors = 0.75 * anchors + 0.25 * np.array([real.mean(), fake.mean()])
        np.testing.assert_allclose(state.memory[0], anchors, rtol=1e-12)
    assert update._cache_size() == 1


def test_a_decay_is_a_share():
    for wrong in (1.0, -0.1):
        with pytest.raises(ValueError, match=r"`decay` must lie in \[0, 1\), but is"):
            lecam_penalty(decay=wrong)
