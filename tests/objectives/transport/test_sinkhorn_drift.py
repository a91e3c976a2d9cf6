import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from igm_jax import velocity
from igm_jax.objectives import sinkhorn, sinkhorn_drift, sinkhorn_drift_field
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(7, 2)), 0.5 + RNG.normal(size=(9, 2))
EPSILON = 1.5


def test_one_sided_is_the_difference_of_soft_barycentres(x64):
    def barycentre(x, y, weights):
        return softmax(np.log(weights) - reference.squared_distances(x, y) / EPSILON, axis=1) @ y

    a, b = RNG.uniform(1, 2, size=7), RNG.uniform(1, 2, size=9)
    got = sinkhorn_drift_field(X, Y, EPSILON, two_sided=False, x_weights=a, y_weights=b)
    np.testing.assert_allclose(got, barycentre(X, Y, b) - barycentre(X, X, a), rtol=1e-10, atol=1e-13)


def test_two_sided_is_the_difference_of_barycentres_of_plans_that_meet_both_marginals(x64):
    got = sinkhorn_drift_field(X, Y, EPSILON, tolerance=1e-11)
    expected = reference.barycentres(X, Y, EPSILON) - reference.barycentres(X, X, EPSILON)
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)


def test_two_sided_is_half_of_the_velocity_of_the_sinkhorn_divergence(x64):
    options = {"tolerance": 1e-11, "max_iterations": 1000}
    fields = [
        velocity(kind(EPSILON, **options), jax.random.key(0), (), jnp.asarray(X), jnp.asarray(Y))
        for kind in (sinkhorn_drift, sinkhorn)
    ]
    np.testing.assert_allclose(2 * fields[0], fields[1], rtol=1e-7, atol=1e-10)


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn_drift(-1.0)
    with pytest.raises(ValueError, match="`max_iterations` must be at least 1"):
        sinkhorn_drift(1.0, max_iterations=0)
