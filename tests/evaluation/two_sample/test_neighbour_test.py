"""The test of nearest neighbours: its statistic where it can be counted."""

import numpy as np
import pytest

from igm_jax.evaluation import nearest_neighbour_test


def test_the_statistic_is_the_share_of_neighbours_of_the_own_kind():
    # On a line the nearest of 0, 1, 10 and of 2.5, 11, 30 are 1, 0, 11 and 1, 10, 11: own kinds for 0, 1 and 30 alone.
    real, fake = np.array([[0.0], [1.0], [10.0]]), np.array([[2.5], [11.0], [30.0]])
    found = nearest_neighbour_test(real=real, fake=fake, k=1, num_permutations=9)
    assert found.statistic == pytest.approx(3 / 6)


def test_of_all_others_as_many_are_of_the_own_kind_as_there_are():
    real, fake = np.random.default_rng(0).normal(size=(2, 4, 2))
    found = nearest_neighbour_test(real=real, fake=fake, k=100, num_permutations=9)
    assert found.statistic == pytest.approx(3 / 7)
    assert found.p_value == 1
