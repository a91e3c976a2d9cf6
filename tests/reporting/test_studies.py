"""Pictures of studies: the numbers that were given, in cells and lines; what is no number says so."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from igm_jax.reporting.figures import Trace, heat_map, png, trace_panels
from igm_jax.reporting.style import PALETTE

X = [8, 16, 32]


def test_traces_keep_their_colour_in_every_panel_and_positive_values_alone_are_drawn():
    panels = {
        "d = 2": {"a": Trace(X, [1, 2, 4]), "b": Trace(X, [1, -1, 3], [1, 1, 1])},
        "d = 4": {"b": Trace(X, [5, 6, np.nan])},
    }
    figure = trace_panels(panels, xlabel="n")
    first, second = figure.axes
    lines = [(to_hex(line.get_color()), line.get_ydata().tolist()) for axis in (first, second) for line in axis.lines]
    assert lines == [(PALETTE[0], [1, 2, 4]), (PALETTE[1], [1, 3]), (PALETTE[1], [5, 6])]
    assert first.get_ylim() == second.get_ylim()
    assert first.get_yscale() == "log"
    assert trace_panels(panels, log=False).axes[0].get_ylim()[0] < -1
    assert png(figure, dpi=40) == png(trace_panels(panels, xlabel="n"), dpi=40)


def test_a_tenth_contestant_is_dashed():
    figure = trace_panels({"": {str(i): Trace(X, [1, 2, 3]) for i in range(10)}})
    first, *_, last = figure.axes[0].lines
    assert first.get_color() == last.get_color()
    assert first.get_linestyle() != last.get_linestyle()


def test_a_heat_map_writes_its_numbers_and_shows_what_broke():
    figure = heat_map([[0.0, 0.333, 1.0], [np.nan, 25000.0, np.inf]], ["energy", "gan"], ["a", "b", "c"], dark=False)
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.texts] == ["0.00", "0.33", "1.00", "–", "2e+04", "broken"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["energy", "gan"]
    assert len(axis.patches) == 1
    # The lowest number has the lightest cell, so its text is black; the highest has the darkest.
    assert [text.get_color() for text in axis.texts[:3:2]] == ["black", "white"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: heat_map([[1.0]], ["a"], ["b", "c"]), "a row for each of 1"),
        (lambda: heat_map([[1.0]], ["a"], ["b"], limits=(1, 0)), "low < high"),
        (lambda: trace_panels({}), "at least one"),
        (lambda: trace_panels({"": {"a": Trace(X, [1, 2])}}), "one shape"),
    ],
)
def test_shapes_that_do_not_fit_are_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_legend_of_long_names_stays_within_the_picture():
    names = [f"a contestant with a rather long name, {k}" for k in range(6)]
    figure = trace_panels({"": {name: Trace([1, 2], [1.0, 2.0]) for name in names}})
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
