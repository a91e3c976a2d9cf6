import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import Batch, velocity
from igm_jax.objectives import crps, crps_scoring, energy_score, per_condition

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [2, 5, 40, 90])
def test_is_the_energy_score_of_every_feature_by_itself(k, x64):
    draws, y, weights = RNG.normal(size=(3, k, 4)), RNG.normal(size=(3, 2, 4)), np.array([1.0, 0.0, 2.0, 0.5])
    for alpha, temperature in ((1.0, 1.0), (0.0, 1.0), (0.9, 0.8)):
        options = {"alpha": alpha, "temperature": temperature}
        parts = [weights[i] * energy_score(draws[..., i : i + 1], y[..., i : i + 1], **options) for i in range(4)]
        np.testing.assert_allclose(crps(draws, y, weights=weights, **options), sum(parts), rtol=1e-10)
        np.testing.assert_allclose(4 * crps(draws, y), crps(draws, y, weights=np.ones(4)), rtol=1e-12)


@pytest.mark.parametrize("k", [3, 9, 90])
def test_slopes_are_those_of_finite_differences(k, x64):
    draws, y = RNG.normal(size=(2, k, 2)), RNG.normal(size=(2, 2))
    check_grads(jax.jit(lambda x, y: jnp.sum(crps(x, y, alpha=0.3))), (draws, y), order=1, modes=["rev"], rtol=1e-5)


def test_missing_features_add_nothing(x64):
    draws, y = RNG.normal(size=(2, 5, 3)), RNG.normal(size=(2, 3))
    known = np.array([[True, False, True], [False, False, False]])
    found = crps(draws, np.where(known, y, np.nan), observed=known, weights=np.ones(3))
    each = [energy_score(draws[..., i : i + 1], y[..., i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(found, [each[0][0] + each[2][0], 0], rtol=1e-12)


def test_several_data_of_which_each_misses_something(x64):
    draws, y = RNG.normal(size=(1, 5, 2)), RNG.normal(size=(1, 3, 2))
    known = np.array([[[True, True], [False, True], [True, False]]])
    parts = [energy_score(draws[..., i : i + 1], y[:, known[0, :, i], i : i + 1])[0] for i in range(2)]
    np.testing.assert_allclose(crps(draws, y, observed=known, weights=np.ones(2)), [sum(parts)], rtol=1e-12)


def test_the_objective_is_the_function_and_its_field_that_of_its_margins(x64):
    draws, y = jnp.asarray(RNG.normal(size=(4, 6, 3))), jnp.asarray(RNG.normal(size=(4, 3)))
    objective = per_condition(crps_scoring(np.ones(3)))
    np.testing.assert_allclose(
        objective.loss(jax.random.key(0), (), Batch(draws), y), jnp.mean(crps(draws, y, weights=np.ones(3))), rtol=1e-12
    )
    field = velocity(objective, jax.random.key(0), (), Batch(draws), y)
    signs = np.sign(y[:, None] - draws) + np.sign(draws[:, :, None] - draws[:, None]).sum(2) / 5
    np.testing.assert_allclose(field, signs, atol=1e-12)


def test_draws_that_coincide_stay_where_they_are():
    field = jax.grad(lambda draws: jnp.sum(crps(draws, np.ones((1, 2)))))(jnp.ones((1, 7, 2)))
    np.testing.assert_array_equal(field, 0)


def test_weights_are_checked():
    with pytest.raises(ValueError, match="one a feature"):
        crps(np.ones((1, 2, 3)), np.ones((1, 3)), weights=np.ones(2))
    with pytest.raises(ValueError, match="must not be negative"):
        crps(np.ones((1, 2, 3)), np.ones((1, 3)), weights=[1.0, -1.0, 0.0])
