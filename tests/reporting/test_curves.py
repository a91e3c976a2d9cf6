"""Curves of training: means in the band of the seeds, scales, labels that do not overlap."""

import numpy as np
import pytest

from igm_jax.reporting.canvas import png
from igm_jax.reporting.curves import Curves, spread, training_curves


def test_curves_show_the_mean_in_the_band_of_the_seeds():
    values = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 8.0]])
    figure = training_curves({"energy": Curves(np.arange(3), {"w2": values})}, {"w2": "W2"}, floors={"w2": 0.5})
    (axis,) = figure.axes
    np.testing.assert_allclose(axis.lines[0].get_ydata(), values.mean(0))
    band = axis.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1.0, 8.0)
    np.testing.assert_allclose(axis.lines[1].get_ydata(), 0.5)
    assert [text.get_text() for text in axis.texts] == ["real data", "energy"]
    assert axis.get_yscale() == "linear"


def test_a_wide_positive_measure_has_a_logarithmic_scale():
    figure = training_curves({"energy": Curves(np.arange(3), {"w2": [[1e-3, 1.0, 10.0]], "v": [[-1.0, 1.0, 100.0]]})})
    assert [axis.get_yscale() for axis in figure.axes] == ["log", "linear"]


def test_labels_are_spread_as_little_as_possible():
    rng = np.random.default_rng(1)
    places = np.sort(rng.uniform(size=8))
    moved = np.array(spread(places.tolist(), 0.1))
    assert (np.diff(moved) >= 0.1 - 1e-12).all()
    np.testing.assert_allclose(moved.mean(), places.mean())  # least squares keeps the mean
    inside = np.array(spread(places.tolist(), 0.1, (0.0, 1.0)))
    assert (np.diff(inside) >= 0.1 - 1e-12).all()
    assert inside.min() >= 0
    assert inside.max() <= 1
    assert spread([0.2, 0.9], 0.1) == [0.2, 0.9]


def test_runs_that_diverged_do_not_stop_a_picture():
    lost = Curves(np.arange(3), {"w2": np.full((2, 3), np.nan)})
    png(training_curves({"gan": lost, "half": Curves(np.arange(3), {"w2": [[1.0, 2.0, np.nan]] * 2})}), dpi=30)
    png(training_curves({"gan": lost}), dpi=30)


def test_shapes_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match=r"shape \(seeds, k\)"):
        training_curves({"a": Curves(np.arange(3), {"w2": np.zeros((2, 4))})})
