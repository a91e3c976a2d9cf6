import numpy as np
import pytest

from experiments.shared.points import distances, points
from igm_jax.evaluation import MEASURES

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 3)) + 1


def test_distances_are_those_of_their_formulas():
    found = distances(real=REAL, fake=FAKE, seed=0)

    def apart(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=-1)

    energy = 2 * apart(REAL, FAKE).mean() - apart(REAL, REAL).mean() - apart(FAKE, FAKE).mean()
    assert found["energy_distance"] == pytest.approx(energy, rel=1e-4)
    both = np.concatenate([REAL, FAKE])
    width = np.median(apart(both, both))
    k = np.exp(-(apart(both, both) ** 2) / (2 * width**2))
    n = len(REAL)
    within = (k[:n, :n].sum() - n + k[n:, n:].sum() - n) / (n * (n - 1))
    assert found["mmd2"] == pytest.approx(within - 2 * k[:n, n:].mean(), rel=2e-2)  # the median is that of random pairs
    assert found["mmd_fuse_p"] == pytest.approx(1e-3)


def test_points_have_all_numbers_and_those_of_training_data_where_there_are_some():
    known, trained = points(real=REAL, fake=FAKE, train=None, seed=0), points(real=REAL, fake=FAKE, train=FAKE, seed=0)
    assert set(trained) - set(known) == {"memorisation", "authenticity"}
    assert {"w2", "sliced_w2", "frechet", "energy_distance", "mmd2", "mmd_fuse_p", "n50"} <= set(known) <= set(MEASURES)
    assert trained["memorisation"] == 0
