import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, velocity
from igm_jax.objectives import (
    Guided,
    conditional_field,
    drifting_field,
    guidance_weight,
    guided_conditions,
    guided_field,
)

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
LABELS = jnp.array([0, 1, 0, 1, 0, 1, 0, 0])
X, Y = jnp.asarray(RNG.normal(size=(8, 2))), jnp.asarray(RNG.normal(size=(8, 2)) + 1)


def field(x, y, **options):
    return drifting_field(x, y, 0.5, **options).field


def test_without_guidance_it_is_the_field_class_by_class():
    guided = velocity(guided_field(field, 2), KEY, (), Batch(X, Guided(LABELS, jnp.ones(8))), Batch(Y, LABELS))
    plain = velocity(conditional_field(field, 2, least=2), KEY, (), Batch(X, LABELS), Batch(Y, LABELS))
    np.testing.assert_allclose(guided, plain, rtol=1e-5, atol=1e-6)


def test_each_class_has_its_strength_and_all_data_repel():
    strength = jnp.where(LABELS == 0, 2.5, 1.2)
    found = velocity(guided_field(field, 2), KEY, (), Batch(X, Guided(LABELS, strength)), Batch(Y, LABELS))
    for number, alpha in ((0, 2.5), (1, 1.2)):
        own = np.asarray(LABELS) == number
        weight = guidance_weight(alpha, int(own.sum()), 8)
        options = {"negatives": Y, "negative_weights": jnp.full(8, weight)}
        np.testing.assert_allclose(found[own], field(X[own], Y[own], **options), rtol=1e-4, atol=1e-6)


def test_conditions_come_in_turn_with_strengths_within_their_range():
    guided = guided_conditions(3, 4.0)(KEY, 9)
    np.testing.assert_array_equal(guided.label, np.arange(9) % 3)
    np.testing.assert_array_equal(guided.strength[:3], guided.strength[3:6])
    many = jax.vmap(lambda key: guided_conditions(3, 4.0)(key, 3).strength)(jax.random.split(KEY, 500)).ravel()
    assert 1 <= float(many.min()) < 1.1
    assert 3.8 < float(many.max()) <= 4
    assert abs(float(jnp.log(many).mean()) - np.log(2)) < 0.06


def test_what_is_missing_is_explained():
    objective = guided_field(field, 2)
    with pytest.raises(TypeError, match="drawn under `Guided"):
        objective.loss(KEY, (), Batch(X, LABELS), Batch(Y, LABELS))
    with pytest.raises(TypeError, match="come with its classes"):
        objective.loss(KEY, (), Batch(X, Guided(LABELS, jnp.ones(8))), Y)
    for strength in (0.2, np.nan):
        with pytest.raises(ValueError, match="at least 1"):
            objective.loss(KEY, (), Batch(X, Guided(LABELS, jnp.full(8, strength))), Batch(Y, LABELS))
    with pytest.raises(ValueError, match="at least 1"):
        guided_conditions(3, 0.5)
