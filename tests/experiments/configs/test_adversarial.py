"""Adversarial: options of one name mean one thing."""

import jax
import numpy as np
import pytest

from experiments.configs import Critic, Space
from experiments.configs.adversarial import f_gan, gan, r3gan, relativistic_gan, wgan

SMALL = Critic(width=8, depth=2)


def loss(config):
    """The generator's loss under a critic that has learned for one step."""
    objective = config.build(Space(2, 2.0))
    keys = jax.random.split(jax.random.key(0), 5)
    x, y = jax.random.normal(keys[0], (8, 2)), 1.0 + jax.random.normal(keys[1], (8, 2))

    @jax.jit
    def learned(x, y):
        state, _ = objective.update(keys[3], objective.init(keys[2], x), x, y)
        return objective.loss(keys[4], state, x, y)

    with jax.numpy_dtype_promotion("standard"):
        return np.asarray(learned(x, y))


def test_an_alpha_takes_the_place_of_the_divergence():
    ours, other = (loss(f_gan(divergence, alpha=0.5, critic=SMALL)) for divergence in ("jensen_shannon", "kl"))
    assert ours == other != loss(f_gan(critic=SMALL))


def test_penalties_are_at_the_side_that_they_say():
    """R3GAN's r2 has a default of its own: with it at zero, another critic is learned."""
    assert r3gan().r2 == r3gan().r1 > gan().r2 == 0
    plain, at_data, at_samples = (loss(gan(r1=r1, r2=r2, critic=SMALL)) for r1, r2 in ((0, 0), (50, 0), (0, 50)))
    assert len({float(plain), float(at_data), float(at_samples)}) == 3


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (wgan(bound="clipped"), "`bound` must be one of"),
        (relativistic_gan(against="all"), "`against` must be one of"),
        (gan(critic=Critic(rate=0.0)), "`rate` must be positive"),
    ],
)
def test_a_choice_that_is_not_there_is_named(config, text):
    with pytest.raises(ValueError, match=text):
        config.build(Space(2, 1.0))


@pytest.mark.parametrize("kind", [gan, r3gan])
def test_penalties_fall_exponentially_over_the_updates_asked_for(kind):
    x, y = jax.random.normal(jax.random.key(0), (2, 8, 2))
    objective = kind(r1=50.0, r2=50.0, critic=SMALL, fade=0.01, over=2).build(Space(2, 1.0))
    state, shares = objective.init(jax.random.key(1), x), []
    with jax.numpy_dtype_promotion("standard"):
        for _ in range(4):
            state, info = objective.update(jax.random.key(2), state, x, y)
            shares.append(float(info["fade"]))
    np.testing.assert_allclose(shares, [1.0, 0.1, 0.01, 0.01], rtol=1e-5)
    steady = kind(critic=SMALL).build(Space(2, 1.0))
    assert type(steady.init(jax.random.key(1), x)) is type(state.state)  # nothing around it


def test_a_fade_that_is_none_is_refused():
    for options, message in (({"fade": 0.0, "over": 5}, "`fade` must be"), ({"over": -1}, "`over` must be")):
        with pytest.raises(ValueError, match=message):
            gan(critic=SMALL, **options).build(Space(2, 1.0))
