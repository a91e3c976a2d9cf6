"""Rates of the machine, and the floors that they give."""

import pytest

from benchmarks.cases import CASES, Work
from benchmarks.problems import Size
from benchmarks.rates import RATES, floor_seconds, measured_rates


@pytest.mark.parametrize("case", CASES)
def test_floors_are_positive_and_grow(case):
    rates = dict.fromkeys(RATES, 1e9)
    little, much = (floor_seconds(CASES[case].work(Size(n, n, 2), 10), rates) for n in (100, 200))
    assert 0 < 1.9 * little < much


def test_rates_are_measured():
    rates = measured_rates(edge=64, repeats=1)
    assert set(rates) == set(RATES) == set(Work._fields)
    assert min(rates.values()) > 0


def test_a_floor_is_one_kind_of_work_after_the_other():
    work, rates = Work(flops=6.0, roots=8.0), {**dict.fromkeys(RATES, 1.0), "flops": 3.0, "roots": 2.0}
    assert floor_seconds(work, rates) == 6 / 3 + 8 / 2
