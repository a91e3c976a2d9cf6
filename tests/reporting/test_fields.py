"""Fields in the plane: grids in any order, and what has no witness."""

import numpy as np
import pytest

from igm_jax.reporting.canvas import png
from igm_jax.reporting.fields import Field, field_panels, portrait
from tests.reporting.pictures import GRID, draw


def test_fields_are_read_in_any_order():
    order = np.random.default_rng(0).permutation(len(GRID))
    witness = GRID[:, 0] + 10 * GRID[:, 1]
    one = field_panels({"a": Field(GRID, -GRID, witness)}, GRID)
    two = field_panels({"a": Field(GRID[order], -GRID[order], witness[order])}, GRID)
    assert png(one, dpi=40) == png(two, dpi=40)


def test_an_objective_without_a_witness_is_named_so():
    titles = [axis.get_title() for axis in draw("field").axes[:2]]
    assert titles == ["energy", "sd (no witness)"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (Field(GRID[:-1], GRID[:-1]), "full regular grid"),
        (Field(GRID, GRID[:-1]), "full regular grid"),
        (Field(GRID, GRID, GRID[:, :1]), "witness"),
        (Field(GRID[:, 0], GRID), "points of the plane"),
    ],
)
def test_fields_that_do_not_fit_are_errors(field, message):
    with pytest.raises(ValueError, match=message):
        field_panels({"a": field}, GRID)


def test_the_witness_is_shown_about_its_median_and_arrows_along_the_velocity():
    witness = GRID[:, 0]
    shifted = [field_panels({"a": Field(GRID, -GRID, witness + offset)}, GRID) for offset in (0.0, 100.0)]
    assert png(shifted[0], dpi=40) == png(shifted[1], dpi=40)
    figure = field_panels({"a": Field(GRID, np.ones_like(GRID), witness)}, GRID, arrows=3)
    (arrows,) = [each for each in figure.axes[0].collections if hasattr(each, "U")]
    assert arrows.U.shape == (9,)
    # Of one speed, each as long as from one arrow to the next: a third of the window, which is four wide.
    np.testing.assert_allclose(np.hypot(arrows.U, arrows.V), 4 / 3, rtol=1e-6)


def test_a_field_that_is_not_finite_does_not_stop_a_picture():
    png(field_panels({"gan": Field(GRID, GRID * np.nan, GRID[:, 0] * np.nan)}, GRID), dpi=30)


def test_a_portrait_has_no_margin_arrows_as_far_apart_both_ways_and_a_word_where_there_is_no_witness():
    wide = np.stack(np.meshgrid(np.linspace(0, 4, 41), np.linspace(0, 2, 21)), -1).reshape(-1, 2)
    figure = portrait(Field(wide, np.ones_like(wide), wide[:, 0]), wide[:5], wide[:5], arrows=6)
    np.testing.assert_allclose(figure.get_size_inches(), [4.0, 2.0])
    (axis,) = figure.axes
    assert axis.get_position().bounds == (0.0, 0.0, 1.0, 1.0)
    (arrows,) = [each for each in axis.collections if hasattr(each, "U")]
    assert (len(np.unique(arrows.X)), len(np.unique(arrows.Y))) == (6, 3)
    assert not axis.texts
    without = portrait(Field(wide, wide), wide[:5], wide[:5])
    assert [text.get_text() for text in without.axes[0].texts] == ["no witness"]
    with pytest.raises(ValueError, match="samples"):
        portrait(Field(wide, wide), wide[:5], wide[:5, 0])
