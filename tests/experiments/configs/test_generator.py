"""The generator and its optimiser."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.configs import Adam, Pushforward, Space


@pytest.mark.parametrize("config", [Pushforward(width=8), Pushforward(width=8, frequencies=0), Pushforward(latent=3)])
@pytest.mark.parametrize("space", [Space(2, 1.0), Space(48, 1.0, (4, 4, 3))])
def test_samples_have_the_shape_of_the_data(config, space):
    generator = config.build(space)
    params = jax.eval_shape(generator.init, jax.random.key(0))
    samples = jax.eval_shape(lambda params: generator.sample(params, jax.random.key(1), 5), params)
    assert samples.shape == (5, space.dim)


def steps(optimizer, number):
    """Updates of one parameter whose gradient is two."""
    state, found = optimizer.init(jnp.zeros(())), []
    with jax.numpy_dtype_promotion("standard"):
        for _ in range(number):
            update, state = optimizer.update(jnp.asarray(2.0), state)
            found.append(float(update))
    return np.array(found)


def test_adam_steps_by_its_rate_and_a_cosine_brings_it_to_zero():
    """A gradient that stays is divided by its own size; the cosine is ``(1 + cos π t/T)/2``."""
    np.testing.assert_allclose(steps(Adam(rate=0.1).build(), 5), -0.1, rtol=1e-5)
    expected = -0.1 * (1 + np.cos(np.pi * np.arange(5) / 4)) / 2
    np.testing.assert_allclose(steps(Adam(rate=0.1).build(4), 5), expected, atol=1e-6)


def test_clipped_gradients_leave_a_step_of_adam_as_it_is():
    """Adam does not see the size of a gradient that is always clipped alike."""
    np.testing.assert_allclose(steps(Adam(rate=0.1, clip=0.5).build(), 3), steps(Adam(rate=0.1).build(), 3), rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "text"),
    [(Adam(rate=None), "give one, e.g. `--optimizer.rate"), (Adam(rate=-1.0), "`rate`"), (Adam(clip=0.0), "`clip`")],
)
def test_a_wrong_rate_is_refused(config, text):
    with pytest.raises(ValueError, match=text):
        config.build()
