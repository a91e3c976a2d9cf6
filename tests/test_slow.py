"""What `make test` leaves out: by time, never a whole test whose quickest case is quick, and nothing that is not there."""

import re

import pytest

from tests import slow
from tests.sources import ROOT

LOG = """
============================= slowest durations =============================
12.50s call     tests/a/test_x.py::test_big
0.50s setup    tests/a/test_x.py::test_big
1.00s call     tests/a/test_x.py::test_cases[one two]
2.00s call     tests/a/test_x.py::test_cases[b::c]
3.00s call     tests/a/test_x.py::test_cases[d]
0.10s teardown tests/a/test_x.py::test_quick
"""
SECONDS = {
    "test_big": 13.0,
    "test_cases[one two]": 1.0,
    "test_cases[b::c]": 2.0,
    "test_cases[d]": 3.0,
    "test_quick": 0.1,
}


def named(seconds):
    return {f"tests/a/test_x.py::{name}": value for name, value in seconds.items()}


def test_times_are_read_with_what_comes_before_and_after():
    assert slow.measured(LOG) == pytest.approx(named(SECONDS))


def test_of_a_test_the_quickest_cases_stay_within_the_limit():
    assert slow.left_out(named(SECONDS), 3.0) == named({"test_big": 13.0, "test_cases[d]": 3.0})  # 2 √2 < 3 < 3 √3
    assert slow.left_out(named(SECONDS), 0.9) == named(
        {name: SECONDS[name] for name in SECONDS if name != "test_quick"}
    )
    assert slow.left_out(named(SECONDS), 100.0) == {}


@pytest.mark.parametrize("budget", [0.0, 0.1, 1.2, 3.2, 7.0, 19.0, 20.0])
def test_the_rest_fits_the_budget_and_no_larger_limit_would(budget):
    left = slow.fitting(named(SECONDS), budget)
    assert sum(SECONDS.values()) - sum(left.values()) <= budget + 1e-9
    if budget >= 20:
        assert left == {}


def test_one_long_case_among_many_short_ones_stays_where_there_is_room():
    assert slow.fitting({"tests/x.py::t[a]": 0.0, "tests/x.py::t[b]": 0.0, "tests/x.py::t[c]": 10.0}, 10.0) == {}


def test_what_is_kept_stays_whatever_it_takes():
    name = f"{slow.KEPT[0]}[mmd]"
    assert slow.left_out({name: 50.0, "tests/a/test_x.py::test_big": 1.0}, 0.5) == {"tests/a/test_x.py::test_big": 1.0}


def test_a_list_is_read_back():
    assert slow.listed("3.0 tests/x.py::test_a\n2.0 tests/x.py::test_b[c d]\n") == {
        "tests/x.py::test_a": 3.0,
        "tests/x.py::test_b[c d]": 2.0,
    }


def test_all_that_is_listed_exists():
    gone = []
    for name in slow.listed(slow.LIST.read_text(encoding="utf-8")):
        path, test = name.split("[")[0].split("::", 1)
        source = ROOT / path
        if not source.exists() or not re.search(rf"def {test.split('::')[-1]}\(", source.read_text(encoding="utf-8")):
            gone.append(name)
    assert gone == [], "write the list anew, `python -m tests.slow`, or take these lines out"
