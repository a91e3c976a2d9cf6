import pytest

from experiments.shared.findings import findings
from igm_jax.evaluation import MEASURES
from igm_jax.reporting import FLOOR

W2 = MEASURES["w2"]


def rows_of(values, seconds=(), metric="w2"):
    times = dict(seconds)
    return [
        {"objective": name, "seed": seed, "metrics": {metric: value}, "seconds": times.get(name)}
        for name, found in values.items()
        for seed, value in enumerate(found)
    ]


def test_the_best_is_named_with_those_that_cannot_be_told_from_it():
    values = {
        "gan": (0.9, 0.91, 0.92),
        "mmd": (0.101, 0.1, 0.102),
        "energy": (0.1, 0.101, 0.0),
        FLOOR: (0.05, 0.07, 0.06),
    }
    assert findings(rows_of(values, {"gan": 3.0, "mmd": 1.25, "energy": 2.0}), W2, ["w2"]) == [
        "By W2, energy has the best mean, 0.067; real data in the place of samples have 0.060. Over 3 seeds, mmd cannot be told"
        " from it.",
        "mmd is the quickest, with 1.2 s a seed, gan the slowest, with 3 s.",
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"a": (0.1, 0.11, 0.12), "b": (5.1, 5.2, 5.3)}, "Over 3 seeds, no other is of its rank."),
        ({"a": (0.1,), "b": (5.0,)}, "One seed is too few to tell the others from it."),
        ({"a": (0.1, 0.3), "b": (0.2, 0.4)}, "The 2 seeds are too few to tell the others from it."),
        ({"a": (0.1, 0.3)}, "By W2, a has the best mean, 0.200."),
    ],
)
def test_what_seeds_tell(values, text):
    (said,) = findings(rows_of(values), W2, ["w2"])
    assert said.endswith(text)


def test_runs_that_broke_and_modes_that_were_found():
    rows = rows_of({"a": (0.1, 0.2), "b": (0.2, float("nan"))})
    for row in rows:
        row["metrics"]["modes"] = 25.0 if row["objective"] == "a" else float("nan")
    assert findings(rows, W2, ["w2", "modes"])[1:] == [
        "All find 25.0 modes on average.",
        "b broke, in at least one seed.",
    ]
    for row in rows:
        row["metrics"]["modes"] = {"a": 25.0, "b": 3.0}[row["objective"]]
    assert findings(rows, W2, ["w2", "modes"])[1] == "a finds the most modes, 25.0 on average, b the fewest, 3.0."
