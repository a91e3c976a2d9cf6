"""Comparisons: units of images that nobody told, and numbers of several judges side by side."""

import numpy as np
import pytest

from experiments.shared.comparison import Comparison
from experiments.shared.seen import Seen
from igm_jax.distributions import Scaling

REAL = np.linspace(0, 255, 60).reshape(30, 2)


def compared(real, scaling=None):
    return Comparison("ours", "theirs", real, real + 1, real, lambda *, real, fake: {"w2": 7.0}, scaling=scaling)


@pytest.mark.parametrize(("divisor", "offset", "ends"), [(1, 0, (0, 255)), (255, 0, (0, 1)), (127.5, -1, (-1, 1))])
def test_black_and_white_are_the_ends_of_the_range_and_values_stay(divisor, offset, ends):
    found = compared(REAL / divisor + offset).units()
    assert (found.low, found.high) == ends
    np.testing.assert_array_equal(found.scaled(ends), ends)


def test_what_the_data_say_is_taken():
    known = Scaling.of_range(0, 16)
    assert compared(REAL, known).units() is known


def test_each_judge_adds_its_numbers_and_how_they_are_shown():
    several = [Seen("one", lambda x: x), Seen("ten", lambda x: 10 * x)]
    found = compared(REAL).seen_through(several, 0)
    numbers = found.judge(real=found.real, fake=found.fake)
    assert numbers["w2"] == 7
    assert numbers["ten:fréchet"] == pytest.approx(100 * numbers["one:fréchet"], rel=1e-4)
    assert [measure.name for measure in found.more][::4] == ["one:fréchet", "ten:fréchet"]
    assert set(numbers) == {"w2", *(measure.name for measure in found.more)}
