import jax
import numpy as np
import pytest
from scipy.spatial import KDTree

from igm_jax.objectives.fields.neighbour_kl import neighbour_kl
from tests.objectives.two_normals import KL, P, Q


@pytest.mark.parametrize("k", [1, 4])
def test_it_is_the_formula(x64, k):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), 0.5 + rng.normal(size=(20, 3))
    to_samples = KDTree(x).query(y, [k])[0][:, 0]
    to_data = KDTree(y).query(y, [k + 1])[0][:, 0]
    expected = 3 * np.mean(np.log(to_samples / to_data)) + np.log(30 / 19)
    np.testing.assert_allclose(neighbour_kl(x, y, k), expected, rtol=1e-12)
    np.testing.assert_allclose(neighbour_kl(7 * x, 7 * y, k), expected, rtol=1e-10)


def test_closed_form_of_two_normal_laws(x64):
    rng = np.random.default_rng(0)
    draws = [(Q.rvs((1000, 1), random_state=rng), P.rvs((1000, 1), random_state=rng)) for _ in range(4)]
    found = np.array([neighbour_kl(x, y, 5) for x, y in draws])
    assert abs(found.mean() - KL) < 3 * found.std(ddof=1) / 2
    assert found.std(ddof=1) < 0.1


def test_too_few_for_so_many_neighbours():
    with pytest.raises(ValueError, match="`y` must hold at least 4 samples"):
        neighbour_kl(np.ones((5, 1)), np.ones((3, 1)), 3)
    with pytest.raises(ValueError, match="`x` must hold at least 3 samples"):
        jax.eval_shape(lambda x: neighbour_kl(x, np.ones((5, 1)), 3), np.ones((2, 1)))
