import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, kernels, mmd2_biased, velocity
from igm_jax.objectives import drifting, score_difference, score_difference_field
from igm_jax.objectives.fields.fixed_data import MOST, compressed, field_to_fixed, of_temperatures

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
X, Y = RNG.normal(size=(9, 2)), 0.7 + 0.6 * RNG.normal(size=(300, 2))
B = RNG.uniform(size=300)
KERNEL = kernels.gaussian(0.5)


@pytest.mark.parametrize("weights", [None, B])
def test_as_many_landmarks_as_data_are_the_data(weights, x64):
    found = compressed(KERNEL, Y[:20], None if weights is None else weights[:20], 20, KEY)
    share = np.full(20, 1 / 20) if weights is None else weights[:20] / weights[:20].sum()
    order = [int(np.flatnonzero((Y[:20] == place).all(1))[0]) for place in found.places]
    np.testing.assert_allclose(found.weights, share[order], rtol=1e-3, atol=1e-5)
    assert found.residual < 1e-5


def test_weights_are_not_negative_and_the_residual_is_the_mmd(x64):
    found = compressed(KERNEL, Y, B, 25, KEY)
    assert found.places.shape == (25, 2)
    assert (found.weights >= 0).all()
    np.testing.assert_allclose(found.weights.sum(), 1, rtol=1e-12)
    apart = mmd2_biased(found.places, Y, KERNEL, x_weights=found.weights, y_weights=B)
    np.testing.assert_allclose(found.residual, jnp.sqrt(apart), rtol=1e-9)
    equal = mmd2_biased(found.places, Y, KERNEL, y_weights=B)
    assert found.residual < 0.5 * jnp.sqrt(equal)


def test_no_other_weights_are_nearer(x64):
    found = compressed(KERNEL, Y, None, 12, KEY)

    def apart(weights):
        return mmd2_biased(found.places, Y, KERNEL, x_weights=weights)

    # The squared distance is convex, so it is enough that no step towards a single landmark comes nearer.
    least = apart(found.weights)
    for one in np.eye(12):
        assert apart(0.999 * found.weights + 0.001 * one) > least - 1e-8


def test_a_field_towards_landmarks_is_nearly_that_towards_all_data(x64):
    exact = score_difference_field(X, Y, 0.5)
    found = compressed(KERNEL, Y, None, 40, KEY)
    near = score_difference_field(X, found.places, 0.5, y_weights=found.weights)
    some = score_difference_field(X, found.places, 0.5)
    inside = np.linalg.norm(X - 0.7, axis=1) < 1.5  # where there are data
    error = [np.abs(one - exact)[inside].max() for one in (near, some)]
    assert error[0] < 0.25 * error[1]


def test_the_objective_meets_fixed_data_and_reports(x64):
    x, data = jnp.asarray(X), Batch(jnp.asarray(Y), weights=jnp.asarray(B))
    for objective in (score_difference(0.5), drifting(0.5)):
        held = field_to_fixed(objective, Y, B, {"residual": jnp.ones(())})
        np.testing.assert_allclose(velocity(held, KEY, (), x, None), velocity(objective, KEY, (), x, data), rtol=1e-9)
        info = held.update(KEY, (), x, None)[1]
        assert set(info) == {"residual", *objective.update(KEY, (), x, data)[1]}
    points = jnp.asarray(Y[:3])
    held, plain = field_to_fixed(score_difference(0.5), Y, None), score_difference(0.5)
    np.testing.assert_allclose(
        held.witness((), points, x, None), plain.witness((), points, x, jnp.asarray(Y)), rtol=1e-9
    )


def test_the_kernel_of_drifting_is_a_sum_over_its_temperatures(x64):
    a, b = jnp.zeros((1, 2)), jnp.array([[3.0, 4.0]])
    np.testing.assert_allclose(of_temperatures((1.0, 2.0), "paper", Y)(a, b), np.exp(-5.0) + np.exp(-2.5), rtol=1e-12)
    # Two data at distance 3: their mean distance, with themselves, is 1.5.
    two = np.array([[0.0, 0.0], [0.0, 3.0]])
    np.testing.assert_allclose(of_temperatures((1.0,), "released", two)(a, b), np.exp(-5 / 1.5), rtol=1e-12)
    strayed, counted = np.array([[1e5, 0.0], *two]), np.array([0.0, 2.0, 2.0])
    np.testing.assert_allclose(of_temperatures((1.0,), "released", strayed, counted)(a, b), np.exp(-5 / 1.5), rtol=1e-9)


def test_wrong_landmarks_are_explained():
    with pytest.raises(ValueError, match=f"at most {MOST} for a field"):
        compressed(KERNEL, np.zeros((MOST + 1, 2), np.float32), None, MOST + 1, KEY)
    assert len(compressed(KERNEL, Y[:5].astype(np.float32), None, MOST + 1, KEY).places) == 5
    with pytest.raises(ValueError, match="needs a positive definite kernel"):
        compressed(kernels.distance(), Y.astype(np.float32), None, 5, KEY)
