"""The scores of the library that people compare with, as numbers; skipped where it is not installed."""

import numpy as np
import pytest

from igm_jax.objectives import crps, energy_score

library = pytest.importorskip("scoringrules")
RNG = np.random.default_rng(0)
DRAWS, DATA = RNG.normal(size=(20, 7, 3)), RNG.normal(size=(20, 3))


@pytest.mark.parametrize(("estimator", "alpha"), [("fair", 1.0), ("nrg", 0.0)])
def test_energy_scores(estimator, alpha, x64):
    expected = library.es_ensemble(DATA, DRAWS, estimator=estimator)
    np.testing.assert_allclose(energy_score(DRAWS, DATA, alpha=alpha), expected, rtol=1e-12)


@pytest.mark.parametrize(("estimator", "alpha"), [("fair", 1.0), ("pwm", 1.0), ("nrg", 0.0)])
def test_crps(estimator, alpha, x64):
    expected = library.crps_ensemble(DATA, np.moveaxis(DRAWS, 1, 2), estimator=estimator).sum(axis=1)
    np.testing.assert_allclose(crps(DRAWS, DATA, weights=np.ones(3), alpha=alpha), expected, rtol=1e-12)
