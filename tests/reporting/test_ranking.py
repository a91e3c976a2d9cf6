"""Tables of ranks and differences, from rows."""

import pytest

from igm_jax.reporting import FLOOR, Metric, difference_table, rank_table

W2, MODES, LOSS = Metric("w2", "W2", "lower", 2), Metric("modes", "modes", "higher", 1), Metric("loss", "loss", None, 2)
VALUES = {"far": ([3.0, 3.1, 3.3], [5.0, 4.0, 5.0]), "near": ([1.0, 1.1, 1.2], [8.0, 8.0, 8.0])}


def rows():
    shared = {"target": "ring"}
    found = [
        {**shared, "objective": name, "seed": seed, "metrics": {"w2": w2[seed], "modes": modes[seed], "loss": 0.0}}
        for name, (w2, modes) in VALUES.items()
        for seed in (2, 0, 1)  # whatever the order
    ]
    floor = {**shared, "objective": FLOOR, "seed": 0, "metrics": {"w2": 0.1, "modes": 8.0}}
    return [*found, floor, {**found[0], "target": "grid", "metrics": {"w2": 100.0}}]


def test_ranks_of_all_metrics_with_a_direction():
    table = rank_table(rows(), [W2, MODES, LOSS], "ring")
    assert table.headings == ("objective", "W2", "modes", "mean rank")
    assert [(line.name, [cell.text for cell in line.cells]) for line in table.lines] == [
        ("near", ["1", "1", "1.0"]),
        ("far", ["2", "2", "2.0"]),
    ]


def test_differences_are_paired_by_seed():
    (line,) = difference_table(rows(), W2, "ring").lines
    assert line.name == "far – near"
    assert [cell.text for cell in line.cells[:2]] == ["+2.03", "[1.99, 2.09]"]
    assert line.cells[0].best


def test_a_column_in_which_nothing_is_told():
    noisy = [{"target": "ring", "objective": name, "seed": seed, "metrics": {"w2": seed + i, "modes": 9.0 - 9 * i}}
             for i, name in enumerate("abc") for seed in range(3)]  # fmt: skip
    for row in noisy:
        row["metrics"]["modes"] += 0.01 * row["seed"]
    table = rank_table(noisy, [W2, MODES], "ring")
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        ["?", "1", "1.0"],
        ["?", "2", "2.0"],
        ["?", "3", "3.0"],
    ]
    assert not any(line.cells[0].best for line in table.lines)
    assert "too few seeds to tell" in table.caption
    assert "–" in {cell.text for cell in rank_table(noisy, [W2], "ring").lines[0].cells}


def test_objectives_with_other_seeds_have_ranks_but_no_differences():
    assert [line.cells[0].text for line in rank_table(rows()[1:], [W2], "ring").lines] == ["1", "2"]
    with pytest.raises(ValueError, match="the same seeds"):
        difference_table(rows()[1:], W2, "ring")
