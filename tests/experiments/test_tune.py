"""Tuning: a line for every candidate, one of them the best, and no trial twice."""

from pathlib import Path

import jax
import pytest

from experiments import tune
from experiments.shared import runs
from experiments.shared.runs import Group
from experiments.shared.settings import CANDIDATES, settings
from igm_jax.training import plain

SMALL = ["--smoke", "--targets", "grid", "--objectives", "energy", "--steps", "3"]


@pytest.mark.slow
def test_a_trial_for_every_candidate_and_none_twice(tmp_path, monkeypatch, capsys):
    with jax.numpy_dtype_promotion("standard"):
        tune.main([*SMALL, "--output", str(tmp_path / "tuning.md")])
        page = (tmp_path / "tuning-smoke.md").read_text()
        monkeypatch.setattr(runs, "trained_group", lambda *args: pytest.fail("trained again"))
        tune.main([*SMALL, "--output", str(tmp_path / "tuning.md")])
    assert (tmp_path / "tuning-smoke.md").read_text() == page
    lines = [line for line in page.splitlines() if line.startswith("| grid")]
    assert len(lines) == len(CANDIDATES["grid"]["energy"])
    assert sum("best" in line for line in lines) == 1
    assert "used" in lines[0]
    assert len(list((tmp_path / "tuning-smoke").glob("grid-energy-*.npz"))) == len(lines)
    capsys.readouterr()


def test_the_best_has_the_highest_coverage_and_a_broken_trial_is_never_best():
    def group(**metrics):
        return Group({}, [metrics] if metrics else [], {}, {}, "", {})

    config = tune.Tune(targets=("grid",), objectives=("energy",))
    lines = tune._page(config, [group(coverage=0.2), group(), group(coverage=0.7)]).splitlines()[-3:]
    assert ["best" in line for line in lines] == [False, False, True]
    assert "nan" in lines[1]
    lines = tune._page(config, [group(), group(), group()]).splitlines()[-3:]
    assert not any("best" in line for line in lines)


@pytest.mark.parametrize("name", ["tuning", "tuning-photo-patches"])
def test_the_published_searches_mark_as_used_what_is_used(name):
    page = Path(__file__, "../../../results/published", f"{name}.md").resolve().read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in page.splitlines() if "used |" in line]
    marked = {(target.strip("| "), objective): given for target, objective, _, _, given, _ in lines}
    assert marked == {place: f"`{plain(settings(*place, place[0] != 'grid'))}`" for place in marked}
    assert len(marked) in (9, 18)
