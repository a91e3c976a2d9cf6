from functools import partial

import jax
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import sinkhorn_divergence, velocity
from igm_jax.objectives import two_batch_sinkhorn, two_batch_sinkhorn_divergence
from tests import reference
from tests.reference import barycentres

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 2)), 0.5 + RNG.normal(size=(8, 2))


def expected(x, y, epsilon):
    (x1, x2), (y1, y2) = ((s[: (len(s) + 1) // 2], s[len(s) // 2 :]) for s in (x, y))
    across = np.mean([reference.entropic(a, b, epsilon) for a in (x1, x2) for b in (y1, y2)])
    return across - reference.entropic(x1, x2, epsilon) / 2 - reference.entropic(y1, y2, epsilon) / 2


@pytest.mark.parametrize("m", [8, 5])
def test_it_is_the_mean_of_four_transports_less_two_halves(m, x64):
    got = two_batch_sinkhorn_divergence(X, Y[:m], 0.5, tolerance=1e-10)
    np.testing.assert_allclose(got, expected(X, Y[:m], 0.5), rtol=1e-8)


@pytest.mark.slow
def test_its_mean_is_zero_where_laws_are_equal_and_that_of_the_plain_divergence_is_not(x64):
    draws = jax.random.normal(jax.random.key(0), (300, 2, 8, 2))

    def both(pair):
        return two_batch_sinkhorn_divergence(*pair, 0.3, tolerance=1e-6), sinkhorn_divergence(
            *pair, 0.3, tolerance=1e-6
        )

    values = np.array(jax.jit(lambda draws: jax.lax.map(both, draws))(draws))
    means, errors = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(300)
    assert abs(means[0]) < 4 * errors[0]
    assert means[1] > 20 * errors[1]
    assert abs(means[0]) < 0.2 * means[1]


def test_gradient_by_finite_differences(x64):
    check_grads(
        jax.jit(lambda x, y: two_batch_sinkhorn_divergence(x, y, 0.5, tolerance=1e-11)),
        (X, Y),
        order=1,
        modes=["rev"],
        rtol=1e-5,
    )


def test_velocity_is_twice_the_difference_of_barycentres_of_the_plans_to_data_and_to_the_other_half(x64):
    objective = two_batch_sinkhorn(0.5, tolerance=1e-11, max_iterations=1000)
    key = jax.random.key(0)
    order = jax.random.permutation(key, 8)
    field = jax.jit(partial(velocity, objective, key, ()))(X, Y)[order]
    first, other = np.split(X[order], 2)
    towards = (barycentres(first, Y[:4], 0.5) + barycentres(first, Y[4:], 0.5)) / 2
    np.testing.assert_allclose(field[:4], 2 * (towards - barycentres(first, other, 0.5)), rtol=1e-6)


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        two_batch_sinkhorn(0.0)
    with pytest.raises(ValueError, match="`tolerance` must be positive"):
        two_batch_sinkhorn_divergence(X, Y, tolerance=-1.0)
