"""What all pictures stand on: the same bytes for the same numbers, the theme's colours, and no trace in matplotlib."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from igm_jax.reporting.canvas import Animation, panels, png, rgb, squares, window
from igm_jax.reporting.style import DARK, LIGHT, View
from tests.reporting.pictures import draw


@pytest.mark.parametrize("kind", ["grid", "scatter", "curves", "field"])
def test_the_same_numbers_give_the_same_bytes_and_no_setting_changes(kind):
    before = dict(mpl.rcParams)
    pages = {dark: png(draw(kind, dark=dark), dpi=40) for dark in (False, True)}
    assert png(draw(kind), dpi=40) == pages[False]
    assert dict(mpl.rcParams) == before
    for dark, shade in ((False, LIGHT), (True, DARK)):
        picture = Image.open(io.BytesIO(pages[dark]))
        corner = np.array(picture.convert("RGB"))[0, 0]
        wanted = [int(shade.background[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(corner.astype(int) - wanted).max() <= 2
        assert not {"Software", "Creation Time"} & set(picture.info)


def test_a_figure_is_sharp_on_a_readme():
    assert Image.open(io.BytesIO(png(draw("curves")))).width == 1500


def test_squares_are_as_many_as_asked_for_and_square():
    figure, axes = squares(5, 3, LIGHT)
    assert (len(axes), len(figure.axes)) == (5, 6)
    assert [axis.get_visible() for axis in figure.axes] == [True] * 5 + [False]
    for axis in axes:
        window(axis, View((-1.0, 0.0), (1.0, 2.0)), "a")
    figure.draw_without_rendering()
    for axis in axes:
        box = axis.get_window_extent()
        np.testing.assert_allclose(box.width, box.height, rtol=1e-6)
        assert (axis.get_xlim(), axis.get_ylim()) == ((-1, 1), (0, 2))


def test_panels_have_the_size_that_was_asked_for():
    figure, axes = panels(2, 3, 1.5, DARK, width=6.0)
    assert len(axes) == 6
    np.testing.assert_allclose(figure.get_size_inches(), [6.0, 3.1])


def test_colours_as_numbers():
    np.testing.assert_allclose(rgb("#ff8000"), [1, 128 / 255, 0])


def test_figures_and_animations_show_themselves_in_a_notebook():
    figure = draw("field")
    shown = Image.open(io.BytesIO(figure._repr_png_()))
    assert shown.format == "PNG"
    assert shown.width == round(100 * figure.get_figwidth())
    page = Animation(b"GIF89a")._repr_html_()
    assert 'src="data:image/gif;base64,R0lGODlh"' in page
