"""Budgets: how updates are shared out, what they cost, and that a cost is measured once."""

import jax
import pytest

from experiments import compare
from experiments.configs import TARGETS
from experiments.shared import budgets, runs
from experiments.shared.settings import settings


def test_updates_are_shared_out_by_cost():
    reference = budgets.Cost(1.0, 1.0)
    assert budgets.updates("updates", 100, budgets.Cost(9.0, 9.0), reference) == 100
    assert budgets.updates("time", 960, budgets.Cost(4.0, 1.0), reference) == 240
    assert budgets.updates("compute", 960, budgets.Cost(1.0, 0.5), reference) == 1920
    assert budgets.updates("time", 960, budgets.Cost(1e9, 1.0), reference) == budgets.PARTS
    assert budgets.updates("time", 960, budgets.Cost(1e-9, 1.0), reference) == budgets.MOST * 960


@pytest.mark.slow
def test_the_cost_of_an_update_grows_with_its_work():
    problem = TARGETS["ring"]().build()
    keys = jax.random.split(jax.random.key(0), 1)
    base = compare.budget(compare.Compare(seeds=1), problem)
    run = {
        n: runs.run_of("energy", settings("ring", "energy", None), problem, base._replace(batch_size=n))
        for n in (8, 2048)
    }
    with jax.numpy_dtype_promotion("standard"):
        small, large = (budgets.measured_cost(run[n], keys, length=3, repeats=3) for n in (8, 2048))
    assert large.time > 2 * small.time > 0
    assert large.compute > small.compute > 0


def test_core_seconds_say_nothing_where_cores_do_not_do_the_work(monkeypatch):
    assert [budgets.measurable(equal) for equal in ("updates", "time", "compute")] == ["updates", "time", "compute"]
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert [budgets.measurable(equal) for equal in ("updates", "time")] == ["updates", "time"]
    with pytest.raises(ValueError, match="must be updates or time on a gpu"):
        budgets.measurable("compute")


def test_a_cost_is_measured_once_and_kept(tmp_path):
    path = tmp_path / "costs.json"
    first = budgets.Costs(path).of("energy", lambda: budgets.Cost(0.25, 0.5))
    again = budgets.Costs(path).of("energy", lambda: pytest.fail("measured again"))
    assert first == again == budgets.Cost(0.25, 0.5)


@pytest.mark.parametrize("content", ["", "[]", '{"energy": 3}', '{"energy": ["a", 1]}', "[" * 5000, "\xff"])
def test_costs_that_cannot_be_read_are_measured_again(tmp_path, content):
    path = tmp_path / "costs.json"
    path.write_bytes(content.encode("latin-1"))
    assert budgets.Costs(path).of("energy", lambda: budgets.Cost(0.25, 0.5)) == budgets.Cost(0.25, 0.5)
