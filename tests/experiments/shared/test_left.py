"""The time left: proportional to what is left, at the pace of what was done, and told no more exactly than it is known."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from experiments.shared.left import Left, LeftColumn, words


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_runs_of_unknown_size_count_alike(clock):
    left = Left([1.0] * 4, clock=clock)
    assert left() is None
    clock.now += 10
    left.end(0)
    assert left() == pytest.approx(30)
    clock.now += 4  # the second run has been on for four seconds
    assert left() == pytest.approx(26)
    clock.now += 50  # and takes longer than the first: nothing is said of less than no time
    assert left() == 0


def test_large_runs_count_for_more_and_the_machine_sets_the_pace(clock):
    left = Left([10.0, 30.0, 60.0], seconds=True, after=100.0, clock=clock)
    assert left() == pytest.approx(200)
    clock.now += 20  # twice as long as expected; a tenth of the whole, 20 seconds, is taken to have gone as expected
    left.end(0)
    assert left() == pytest.approx(190 * (20 + 20) / (10 + 20))
    clock.now += 60
    left.end(1)
    assert left() == pytest.approx(160 * (80 + 20) / (40 + 20))


def test_what_was_done_before_is_neither_counted_nor_left(clock):
    left = Left([10.0, 30.0, 60.0], [1], seconds=True, clock=clock)
    assert left() == pytest.approx(70)
    assert Left([10.0], [0], seconds=True, clock=clock)() == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0.0, "about 5 s left"), (38.0, "about 40 s left"), (56.0, "about 1 min left"), (400.0, "about 7 min left"),
        (3599.0, "about 1 h left"), (8000.0, "about 2 h 10 min left"), (7100.0, "about 2 h left"),
    ],
)  # fmt: skip
def test_words(seconds, text):
    assert words(seconds) == text


def test_the_column_says_it_of_all(clock):
    left, console = Left([1.0, 1.0], clock=clock), Console(file=io.StringIO())
    bar = Progress(LeftColumn(), console=console)
    number = bar.add_task("", total=2, left=left)
    assert str(LeftColumn().render(bar.tasks[0])) == ""
    clock.now += 120
    left.end(0)
    assert str(LeftColumn().render(bar.tasks[0])) == "about 2 min left for all"
    bar.update(number, completed=2)
    assert str(LeftColumn().render(bar.tasks[0])) == ""
