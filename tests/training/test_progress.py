"""The bar: what it shows, and that a constant loss gives way to a measure that moves."""

import io
import re
import sys

import pytest
from rich.console import Console

from igm_jax.training.progress import Bar, notebook


def drawn(values):
    console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    with Bar("drifting", 40, 10, console) as bar:
        for i, measures in enumerate(values):
            bar.show(20 + 10 * i, 123.4, measures)
    return console.file.getvalue(), bar


def test_the_bar_shows_steps_rate_and_measures():
    text, _ = drawn([{"loss": 1.0}, {"loss": 0.5}, {"loss": 0.25}])
    assert "drifting" in text
    assert "40/40" in text
    assert "123 steps/s" in text
    assert "loss 0.25" in text


def test_a_constant_loss_gives_way_to_what_moves():
    """The loss of a normalised drift is constant by construction; its size before normalisation is not."""
    values = [{"loss": 0.5, "velocity": 1.0, "drift": size} for size in (3.0, 2.0, 1.0)]
    _, bar = drawn(values)
    assert bar.moving(values[-1]) == ["drift", "loss", "velocity"]


def test_few_measures_and_the_first_ones():
    values = {f"m{i}": float(i) for i in range(6)}
    _, bar = drawn([values, {name: value + 1 for name, value in values.items()}])
    assert bar.moving(values) == ["m0", "m1", "m2", "m3"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_do_not_count_as_moves(value):
    _, bar = drawn([{"loss": 1.0, "gap": 1.0}, {"loss": value, "gap": 2.0}])
    assert bar.moving({"loss": 1.0, "gap": 1.5}) == ["gap", "loss"]


def test_slow_steps_are_shown_with_decimals():
    console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    with Bar("slow", 2, 0, console) as bar:
        bar.show(1, 0.25, {"loss": 1.0})
    assert "0.25 steps/s" in console.file.getvalue()


class Page:
    """What a notebook's page shows of displays, and IPython as far as the bar looks at it."""

    def __init__(self, kernel=True):
        self.shown, self.get_ipython = [], lambda: self
        if kernel:
            self.kernel = object()

    def display(self, value, display_id):
        assert display_id
        self.shown.append(value._repr_html_())
        return self

    def update(self, value):
        self.shown.append(value._repr_html_())


def in_notebook(monkeypatch, page):
    monkeypatch.setitem(sys.modules, "IPython", page)
    monkeypatch.setitem(sys.modules, "IPython.display", page)


def test_in_a_notebook_the_bar_is_a_display_that_is_updated_without_ipywidgets(monkeypatch, capsys):
    page = Page()
    in_notebook(monkeypatch, page)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # to import it is an error
    with Bar("a < b", 40) as bar:
        bar.show(20, 123.4, {"loss": 0.5})
        bar.show(40, 123.4, {"loss": 0.25})  # so soon that it waits for the end
    assert [re.search(r'value="(\d+)"', text)[1] for text in page.shown] == ["0", "20", "40"]
    assert "a &lt; b" in page.shown[-1]
    assert "40/40 123 steps/s  loss 0.25" in page.shown[-1]
    assert capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_and_no_terminal_at_all_have_the_usual_bar(monkeypatch, capsys):
    in_notebook(monkeypatch, Page(kernel=False))
    assert notebook() is None
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLUMNS", raising=False)
    with Bar("quiet", 2) as bar:
        bar.show(2, 1.0, {"loss": 1.0})
    assert "quiet" in capsys.readouterr().err
