"""Generators of texts: one symbol at each place, with the derivative of the probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import straight_through, token_generator


def test_straight_through_rounds_and_has_the_derivative_of_what_it_rounds(x64):
    logits, w = np.random.default_rng(0).normal(size=(2, 4, 5))

    def hard(logits):
        return jnp.sum(w * straight_through(jax.nn.softmax(logits)))

    def soft(logits):
        return jnp.sum(w * jax.nn.softmax(logits))

    np.testing.assert_array_equal(straight_through(jnp.asarray(logits)), np.eye(5)[logits.argmax(1)])
    np.testing.assert_allclose(jax.grad(hard)(logits), jax.grad(soft)(logits), rtol=1e-12)


@pytest.mark.parametrize("hard", [True, False])
def test_a_generator_gives_a_distribution_at_each_place(hard, key):
    net = token_generator(4, 6, 5, width=8, hard=hard)
    places = net.apply(net.init(key), jax.random.normal(key, (3, 4))).reshape(3, 6, 5)
    np.testing.assert_allclose(places.sum(2), 1, rtol=1e-6)
    assert (places.max(2) == 1).all() == hard


def test_hard_and_soft_networks_spell_alike(key):
    hard, soft = (token_generator(4, 6, 5, width=8, hard=hard) for hard in (True, False))
    z, params = jax.random.normal(key, (3, 4)), hard.init(key)
    both = [net.apply(params, z).reshape(3, 6, 5).argmax(2) for net in (hard, soft)]
    np.testing.assert_array_equal(*both)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="`symbols` must be at least 1"):
        token_generator(4, 6, 0)


def test_what_is_no_number_stays_none():
    assert np.isnan(straight_through(jnp.array([np.nan, 1.0, 0.0]))).any()
