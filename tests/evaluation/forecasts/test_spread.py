import numpy as np
import pytest

from igm_jax.evaluation import mean_crps, mean_energy_score, spread_skill

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [2, 5, 30])
def test_the_ratio_is_one_where_data_are_one_more_draw(k):
    found = spread_skill(real=RNG.normal(size=(20000, 1)), draws=RNG.normal(size=(20000, k, 1)))
    assert abs(found.ratio[0] - 1) < 0.03
    half = spread_skill(real=RNG.normal(size=(20000, 1)), draws=0.5 * RNG.normal(size=(20000, k, 1)))
    assert half.ratio[0] < 0.7


def test_scores_are_means_of_those_of_the_conditions(monkeypatch):
    real, draws = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 6, 3))
    apart = np.linalg.norm(draws[:, :, None] - draws[:, None], axis=-1).sum((1, 2)) / 30
    scores = np.linalg.norm(draws - real[:, None], axis=-1).mean(1) - apart / 2
    found = mean_energy_score(real=real, draws=draws)
    np.testing.assert_allclose(found, (scores.mean(), scores.std(ddof=1) / np.sqrt(30)), rtol=1e-10)
    monkeypatch.setattr("igm_jax.evaluation.forecasts.spread.AT_ONCE", 100)  # some conditions at a time
    np.testing.assert_allclose(mean_energy_score(real=real, draws=draws), found, rtol=1e-12)
    margins = [mean_energy_score(real=real[:, i : i + 1], draws=draws[..., i : i + 1]).value for i in range(3)]
    np.testing.assert_allclose(mean_crps(real=real, draws=draws).value, np.mean(margins), rtol=1e-10)


def test_a_sure_and_right_forecast_has_no_error():
    sure = spread_skill(real=np.ones((4, 1)), draws=np.ones((4, 3, 1)))
    assert np.isnan(sure.ratio[0])
    around = spread_skill(real=np.zeros((4, 1)), draws=np.tile([[-1.0], [0.0], [1.0]], (4, 1, 1)))
    assert np.isinf(around.ratio[0])
