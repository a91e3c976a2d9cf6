import numpy as np
import pytest

from igm_jax.reporting.forecasts import curve_panels, fan_panels, rank_panels

RNG = np.random.default_rng(0)


def test_fans_are_quantiles_of_draws():
    places, draws = np.array([1.0, 0.0, 2.0]), RNG.normal(size=(3, 200))
    figure = fan_panels(places, {"mine": draws}, truth=np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1).T)
    axis = figure.axes[0]
    median = axis.lines[0]
    np.testing.assert_array_equal(median.get_xdata(), [0, 1, 2])
    np.testing.assert_allclose(median.get_ydata(), np.median(draws, axis=1)[[1, 0, 2]])
    wide = axis.collections[0].get_paths()[0].vertices
    assert np.isclose(wide[:, 1], np.quantile(draws[1], 0.05)).any()
    assert len(axis.lines) == 1 + 5  # the truth's are dashed


def test_every_model_has_a_panel_and_shapes_are_explained():
    figure = fan_panels(np.arange(2.0), {name: np.zeros((2, 5)) for name in "abcd"}, trained=(0.0, 1.0), ylabel="y")
    assert [axis.get_title(loc="left") for axis in figure.axes if axis.get_visible()] == list("abcd")
    with pytest.raises(ValueError, match="one row for each of 2 places"):
        fan_panels(np.arange(2.0), {"a": np.zeros((3, 5))})


def test_ranks_are_shown_over_their_mean():
    axis = rank_panels({"hollow": [30, 10, 20]}).axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axis.patches[:3]], [1.5, 0.5, 1.0])


def test_points_of_a_curve_are_named():
    figure = curve_panels({"recall": [(0.9, 0.5, "1"), (0.6, 0.8, "2")], "variety": [(1.0, 0.5, "1")]})
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2"]
    assert figure.axes[1].get_xlabel() == "variety"
