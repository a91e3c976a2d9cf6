import pytest

from experiments.tables.committed import COMMITTED, Agreement, agreement, read_entries


def entry(column, *ours, **other):
    return {
        "table": "t",
        "line": "a",
        "column": column,
        "ours": list(ours),
        "digits": 2,
        "config": {"seed": 0},
        **other,
    }


@pytest.mark.parametrize(
    ("ours", "committed", "told"),
    [
        ([entry("x", 1.001, 2.0)], [entry("x", 1.0, 2.004)], "1 of 1 cells equal the committed ones, to all digits shown."),
        ([entry("x", 1.0)], [entry("x", 1.1)], "0 of 1 cells equal the committed ones, to all digits shown; others: a, x."),
        ([entry("x", 1.0)], [entry("x", 1.0, 1.0)], "0 of 1 cells"),
        ([entry("x", None)], [entry("x", None)], "1 of 1 cells"),
        ([entry("x", 1.2e-5)], [entry("x", 3e-5)], "0 of 1 cells"),
        ([entry("x", -0.0)], [entry("x", 0.0)], "1 of 1 cells"),
        ([entry("x", 1.0)], [entry("x", 1.0), entry("y", 2.0)], "1 of 2 cells equal the committed ones, to all digits shown;"
         " others: a, y."),
        ([entry("x", 1.0)], [], "There are no committed cells of this preset"),
        ([entry("x", 1.0, config={"seed": 1, "n": 3})], [entry("x", 1.0)], "are others: seed 1 here, 0 there, n 3 here, None"
         " there."),
    ],
)  # fmt: skip
def test_cells_are_equal_where_a_page_would_show_the_same(ours, committed, told):
    assert told in agreement(ours, committed).told()


def test_only_some_of_those_that_differ_are_named():
    assert Agreement(0, 5, tuple("abcde")).told().endswith("others: a; b; c and 2 more.")


def test_what_is_committed_equals_itself():
    for path in sorted(COMMITTED.glob("*/cpu")):
        found = [{"digits": 3, **one} for one in read_entries(path)]
        same = agreement(found, found)
        assert same.equal == same.cells > 0, path
