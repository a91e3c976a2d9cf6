"""Bandwidths of the pooled samples: quantiles that are known."""

import numpy as np
import pytest

from igm_jax.evaluation import mmd_permutation_test
from igm_jax.evaluation.two_sample import bandwidths
from tests.evaluation.two_sample.samples import QUICK, normal


def test_median_bandwidth_counts_the_zeros_of_the_diagonal():
    real, fake = normal(0, 5), normal(1, 4)
    z = np.concatenate([real, fake])
    distances = np.linalg.norm(z[:, None] - z[None], axis=-1)[np.triu_indices(9)]
    found = mmd_permutation_test(real=real, fake=fake, **QUICK).bandwidth
    assert found == pytest.approx(np.median(distances), rel=1e-5)


def test_the_distances_are_those_of_all_pairs_with_the_diagonal():
    z = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]], np.float32)
    rng = np.random.default_rng(0)
    for of, expected in (
        (bandwidths.euclidean, [0, 5, 1, 0, np.sqrt(18), 0]),
        (bandwidths.manhattan, [0, 7, 1, 0, 6, 0]),
    ):
        np.testing.assert_allclose(bandwidths.pooled_distances(of, z, rng), expected, rtol=1e-6)


def test_of_more_samples_than_the_most_a_random_part_is_taken(monkeypatch):
    monkeypatch.setattr(bandwidths, "MAX_SAMPLES", 3)
    z = np.arange(10, dtype=np.float32)[:, None]
    found = bandwidths.pooled_distances(bandwidths.euclidean, z, np.random.default_rng(0))
    assert found.shape == (6,)
    assert np.count_nonzero(found) == 3


def test_a_median_of_zero_gives_way_to_the_median_above_zero():
    assert bandwidths.median(np.array([1.0, 2.0, 4.0])) == 2
    assert bandwidths.median(np.array([0.0, 0.0, 0.0, 1.0, 5.0])) == 3
    assert bandwidths.median(np.zeros(4)) == 1


def test_the_grid_goes_from_half_of_the_lower_to_twice_the_upper_quantile():
    np.testing.assert_allclose(bandwidths.grid(np.arange(1.0, 101.0), 3), [3, (3 + 192) / 2, 192])
    # Zeros count as the median of the others, here 2.
    np.testing.assert_allclose(bandwidths.grid(np.array([0.0, 0, 0, 2]), 2), [1, 4])
