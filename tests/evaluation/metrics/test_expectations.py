"""What density and coverage are on average: against simulation, with ties and without."""

import numpy as np
import pytest

from igm_jax.evaluation import density_coverage, expected_density_coverage, expected_density_coverage_of_atoms


def simulated(draw, n, m, k, repeats=200):
    rng = np.random.default_rng(0)
    found = np.array([density_coverage(real=draw(rng, n), fake=draw(rng, m), k=k) for _ in range(repeats)])
    return found.mean(0), found.std(0, ddof=1) / np.sqrt(repeats)


def test_a_law_without_ties():
    mean, error = simulated(lambda rng, n: rng.exponential(size=(n, 1)), 12, 7, 3)
    assert np.all(np.abs(mean - expected_density_coverage(12, 7, 3)) < 4 * error)
    assert np.all(error < 0.03)


def test_by_hand():
    # Coverage is missed only if all m fake samples come after the k-th of n - 1 others in every order.
    assert expected_density_coverage(3, 2, 1).coverage == pytest.approx(1 - 2 / 4)
    assert expected_density_coverage(4, 1, 2) == pytest.approx((1.0, 1 - (3 * 2) / (4 * 3)))


@pytest.mark.parametrize("k", [1, 3])
def test_atoms_with_equal_distances_and_without(k):
    atoms = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])  # 0 is as far from 1 as from 2
    p = np.array([0.4, 0.3, 0.2, 0.1])
    mean, error = simulated(lambda rng, n: atoms[rng.choice(4, size=n, p=p)], 9, 4, k)
    found = expected_density_coverage_of_atoms(atoms, 10 * p, 9, 4, k)
    assert np.all(np.abs(mean - found) < 4 * error)
    assert found.density > 1.05, "ties count in full"


def test_many_atoms_are_a_law_without_ties():
    atoms = np.random.default_rng(0).normal(size=(800, 3))
    found = expected_density_coverage_of_atoms(atoms, np.ones(800), 8, 6, 2)
    assert found == pytest.approx(expected_density_coverage(8, 6, 2), rel=0.04)


def test_one_atom():
    assert expected_density_coverage_of_atoms([[3.0, 1.0]], [2.0], 20, 1, 4) == (5.0, 1.0)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="`k` must be less than `n`"):
        expected_density_coverage(5, 5, 5)
    with pytest.raises(ValueError, match="`probabilities` must be 1 positive numbers"):
        expected_density_coverage_of_atoms([[0.0]], [0.0], 5, 5, 2)
