import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.objectives import banked_drifting, drifting, drifting_field, guidance_weight, guided_drifting
from tests import reference

RNG = np.random.default_rng(0)
X, Y, Z = 0.3 * RNG.normal(size=(9, 2)), 0.5 + 0.3 * RNG.normal(size=(12, 2)), 0.4 * RNG.normal(size=(5, 2))
KEY = jax.random.key(0)


def weighted_reference(x, negatives, y, weights, temperature):
    """The paper's toy algorithm, where each negative stands for as many as it weighs."""
    n, targets = len(x), np.concatenate([x, negatives, y])
    kernel = np.exp(-np.sqrt(reference.squared_distances(x, targets)) / temperature)
    kernel[:, :n] *= 1 - np.eye(n)
    counts = np.concatenate([np.ones(n), weights, np.ones(len(y))])
    affinity = counts * kernel / np.sqrt((kernel @ counts)[:, None] * kernel.sum(0, keepdims=True))
    repel, attract = affinity[:, : -len(y)], affinity[:, -len(y) :]
    pulled, pushed = attract @ y, repel @ targets[: -len(y)]
    return pulled * repel.sum(1, keepdims=True) - pushed * attract.sum(1, keepdims=True)


def test_weighted_negatives_are_those_of_the_formula(x64):
    weights = np.array([0.3, 2.0, 1.0, 0.5, 1.7])
    got = drifting_field(X, Y, 0.3, negatives=Z, negative_weights=weights).field
    np.testing.assert_allclose(got, weighted_reference(X, Z, Y, weights, 0.3), rtol=1e-9)
    without = drifting_field(X, Y, 0.3).field
    assert np.abs(got - without).max() > 0.01
    removed = drifting_field(X, Y, 0.3, negatives=Z, negative_weights=1e-30 * weights).field
    np.testing.assert_allclose(removed, without, rtol=1e-9)


def test_released_force_with_repeated_negatives_is_that_of_the_formula(x64):
    twice = drifting_field(X, Y, 0.3, preset="released", negatives=np.concatenate([Z, Z]))
    distance = np.sqrt(reference.squared_distances(X, np.concatenate([X, Z, Z, Y])))
    scaled = distance / distance.mean()
    scaled[:, :9] += 100 * np.eye(9)
    kernel = np.exp(-scaled / 0.3)
    affinity = np.maximum(kernel / np.sqrt(kernel.sum(1, keepdims=True) * kernel.sum(0, keepdims=True)), 1e-3)
    repel, attract = affinity[:, :19], affinity[:, 19:]
    raw = attract @ Y * repel.sum(1, keepdims=True) - repel @ np.concatenate([X, Z, Z]) * attract.sum(1, keepdims=True)
    expected = raw / np.sqrt(np.mean(raw**2)) * distance.mean() / np.sqrt(2)
    np.testing.assert_allclose(twice.field, expected, rtol=1e-8)


def test_guided_drifting_is_the_field_with_weighted_unconditional_negatives(x64):
    unconditional = lambda key, n: 0.4 * jax.random.normal(key, (n, 2))  # noqa: E731
    objective = guided_drifting(unconditional, 3.0, 0.3, number=5)
    draws, x, y = unconditional(KEY, 5), jnp.asarray(X), jnp.asarray(Y)
    weights = np.full(5, (3.0 - 1) * 8 / 5)
    np.testing.assert_allclose(guidance_weight(3.0, 9, 5), weights[0])
    assert guidance_weight(3.0, 1, 5) == 2 / 5
    expected = weighted_reference(X, np.asarray(draws), Y, weights, 0.3)
    np.testing.assert_allclose(velocity(objective, KEY, (), x, y), expected, rtol=1e-9)
    _, info = objective.update(KEY, (), x, y)
    np.testing.assert_allclose(info["drift"], np.sqrt(np.mean(expected**2)), rtol=1e-9)


def test_guidance_of_strength_one_is_none(x64):
    x, y = jnp.asarray(X), jnp.asarray(Y)
    got = velocity(guided_drifting(lambda key, n: x[:n], 1.0, 0.3), KEY, (), x, y)
    np.testing.assert_allclose(got, velocity(drifting(0.3), KEY, (), x, y), rtol=1e-12)


def test_a_bank_holds_the_newest_samples_and_repels_with_them(x64):
    objective, y = banked_drifting(14, 0.3, weight=0.5), jnp.asarray(Y)
    first, second, third = (jnp.asarray(X) + shift for shift in (0.0, 0.2, -0.3))
    state = objective.init(KEY, first)
    np.testing.assert_array_equal(state.samples, np.concatenate([first, first[:5]]))
    for x in (second, third):
        state, _ = objective.update(KEY, state, x, y)
    kept = np.concatenate([third, second[:5]])
    np.testing.assert_array_equal(state.samples, kept)
    expected = weighted_reference(X, kept, Y, np.full(14, 0.5), 0.3)
    np.testing.assert_allclose(velocity(objective, KEY, state, first, y), expected, rtol=1e-9)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match=r"`strength` must be at least 1, which is no guidance, but is 0\.5"):
        guided_drifting(lambda key, n: None, 0.5)
    with pytest.raises(TypeError):
        guided_drifting(Z, 2.0)
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        banked_drifting(0)
    with pytest.raises(ValueError, match="`negatives` and `y` must have the same number of features"):
        drifting_field(X, Y, 0.3, negatives=Z[:, :1])
    with pytest.raises(ValueError, match="`negative_weights` must have shape \\(5,\\)"):
        drifting_field(X, Y, 0.3, negatives=Z, negative_weights=np.ones(4))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["paper", "released"])
def test_far_negatives_do_not_overflow(preset):
    x, y = np.float32(X), np.float32(Y)
    field = jax.jit(lambda far: drifting_field(x, y, 0.3, preset=preset, negatives=far).field)
    far, farther = field(np.full((2, 2), 1e12, np.float32)), field(np.full((2, 2), 1e25, np.float32))
    if preset == "paper":
        np.testing.assert_allclose(farther, drifting_field(x, y, 0.3).field, rtol=1e-4, atol=1e-5)
    else:  # whose field is measured in mean distances
        np.testing.assert_allclose(farther / np.float32(1e13), far, rtol=1e-3, atol=1e-5 * np.abs(far).max())
