"""Ratios, means and what is wanted: as they are said."""

import pytest

from benchmarks.step_tables import ENOUGH, mean, ratio, tabulated, wanted

SHARED = {"rates": {"igm_jax": 100.0, "torch by hand": 200.0}, "device": {"kind": "cpu", "cpus": 2}}


def row(**more):
    taken = {"igm_jax": [1.0, 2.0, 9.0], "plain JAX": [3.0, 4.0, 1.0], "torch by hand": [1.0, 1.0, 1.0]}
    place = {
        "group": "divergences",
        "name": "mmd",
        "n": 8,
        "d": 2,
        "seconds": taken,
        "first": {"igm_jax": 3.0, "plain JAX": 2.0},
    }
    return {**place, **SHARED, **more}


def test_a_ratio_is_of_medians_and_a_mean_is_geometric():
    assert ratio(row(), "plain JAX") == 1.5
    assert mean([2.0, 8.0]) == pytest.approx(4.0)


def test_torch_is_given_the_rate_of_its_products_where_these_are_the_work():
    assert wanted(row(), "plain JAX") == ENOUGH
    assert wanted(row(), "torch by hand") == 1.0
    assert wanted(row(d=64), "torch by hand") == pytest.approx(ENOUGH * 0.5)


def test_every_group_has_a_table_and_a_line_in_the_last_one():
    step = row(group="steps", name="gan", problem="25 Gaussians", seeds=3, calls=5)
    step["seconds"] = {name: step["seconds"][name] for name in ("igm_jax", "plain JAX")}
    tables = tabulated([row(), row(d=64), step])
    titles = [one.title for one in tables]
    assert titles == [
        "Divergences beside plain JAX", "Divergences beside torch by hand", "Whole training steps", "First calls", "In all",
    ]  # fmt: skip
    assert [line.name for line in tables[-1].lines] == [
        "divergences, plain JAX",
        "divergences, torch by hand",
        "steps, plain JAX",
    ]
    assert tables[-1].lines[1].cells[-1].text == "1 of 2"  # .5 is not level at d = 2, and enough at d = 64
    assert "400.00 ms, 1.50" in tables[2].lines[0].cells[0].text
