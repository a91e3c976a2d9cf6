"""Fields in the plane: grids in any order, and what has no witness."""

import numpy as np
import pytest

from igm_jax.reporting.canvas import png
from igm_jax.reporting.fields import Field, field_panels
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
