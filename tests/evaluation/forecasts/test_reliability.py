import numpy as np
import pytest

from igm_jax.evaluation import event_reliability

RNG = np.random.default_rng(0)


def test_what_is_said_so_often_comes_so_often():
    chance = RNG.random(20000)
    real = (RNG.random(20000) < chance)[:, None].astype(float)
    draws = (RNG.random((20000, 50)) < chance[:, None])[..., None].astype(float)
    found = event_reliability(real=real, draws=draws, threshold=0.5)
    assert found.counts.sum() == 20000
    np.testing.assert_allclose(found.observed[1:-1], found.forecast[1:-1], atol=0.05)
    np.testing.assert_allclose(found.brier, np.mean((draws[..., 0].mean(1) - real[:, 0]) ** 2), rtol=1e-12)


def test_bad_features_are_explained():
    with pytest.raises(ValueError, match="finite number, but is nan"):
        event_reliability(real=np.ones((5, 1)), draws=np.ones((5, 2, 1)), threshold=np.nan)
    with pytest.raises(ValueError, match="one of 0 to 0"):
        event_reliability(real=np.ones((5, 1)), draws=np.ones((5, 2, 1)), threshold=0.0, feature=1)
