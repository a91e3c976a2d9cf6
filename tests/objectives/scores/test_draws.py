import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives.scores.draws import check_several, enough, fairness_of, shares


def test_pairs_count_as_the_mixture_says():
    a = jnp.array([0.5, 0.3, 0.2])
    distinct = 1 - float(jnp.sum(a**2))
    for alpha, tau in ((1.0, 1.0), (0.0, 1.0), (0.4, 0.7)):
        expected = tau * (alpha / distinct + 1 - alpha)
        np.testing.assert_allclose(fairness_of(alpha, tau).pair_share(a), expected, rtol=1e-6)
        np.testing.assert_allclose(fairness_of(alpha, tau).own_share, tau * (1 - alpha))


def test_data_of_which_nothing_is_known_count_nothing():
    known = jnp.array([[True, False], [False, False], [False, True]])
    np.testing.assert_allclose(shares(known, 3, jnp.float32), [0.5, 0, 0.5])
    np.testing.assert_allclose(shares(jnp.zeros((2, 1), bool), 2, jnp.float32), 0)
    np.testing.assert_allclose(shares(None, 4, jnp.float32), 0.25)


def test_data_come_as_one_or_several():
    several = check_several(np.ones((2, 3, 4)), np.ones((2, 4)), None, 2)
    assert several.y.shape == (2, 1, 4)
    assert several.observed is None
    assert check_several(np.ones((2, 3, 4)), np.ones((2, 5, 4)), None, 2).y.shape == (2, 5, 4)


def test_too_few_draws_are_explained():
    with pytest.raises(ValueError, match=r"training\(..., draws=2\)"):
        enough(jnp.ones((1, 2)), 2)
    enough(jnp.ones((1, 2)), 1)
