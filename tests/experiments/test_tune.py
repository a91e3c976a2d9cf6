"""Tuning: a line for every trial, one of them the best, none made twice; beyond an edge the search goes on."""

import ast
import shlex
from pathlib import Path

import jax
import numpy as np
import pytest
import tyro

from experiments import tune
from experiments.shared import runs
from experiments.shared.runs import Group
from experiments.shared.settings import GRID, settings
from igm_jax.training import plain

SMALL = ["--smoke", "--targets", "grid", "--objectives", "energy", "--steps", "3", "--seeds", "2"]
PLACES = GRID["energy"].places


@pytest.mark.slow
def test_a_trial_for_every_place_and_none_twice(tmp_path, monkeypatch, capsys):
    with jax.numpy_dtype_promotion("standard"):
        tune.main([*SMALL, "--output", str(tmp_path / "tuning.md")])
        page = (tmp_path / "tuning-smoke.md").read_text()
        monkeypatch.setattr(runs, "trained_group", lambda *args: pytest.fail("trained again"))
        tune.main([*SMALL, "--output", str(tmp_path / "tuning.md")])
    assert (tmp_path / "tuning-smoke.md").read_text() == page
    lines = [line for line in page.splitlines() if line.startswith("| grid")]
    assert len(lines) >= 5
    assert sum("best" in line for line in lines) == sum("used" in line for line in lines) == 1
    assert all(" ± " in line for line in lines)
    assert len(list((tmp_path / "tuning-smoke").glob("grid-energy-*.npz"))) == len(lines)
    capsys.readouterr()


def searched(by_place, monkeypatch, extensions=4):
    """A search of energy on the grid whose trials score as told: places asked for, round by round, and the page's lines."""
    rounds = []

    def scores(config):
        rounds.append([place for _, _, place in tune.trials(config)])
        return {trial: np.asarray(by_place(trial[2]), float) for trial in tune.trials(config)}

    pages = []
    monkeypatch.setattr(tune, "searched", scores)
    monkeypatch.setattr(tune, "write_whole", lambda path, text: pages.append(text))
    tune.run(tune.Tune(targets=("grid",), objectives=("energy",), extensions=extensions))
    return rounds, [line for line in pages[-1].splitlines() if line.startswith("| grid")]


def test_the_best_mean_over_seeds_wins_and_a_place_where_a_seed_broke_never_does(monkeypatch):
    known = {0.5: [0.5, 0.7, 0.9], 1.0: [0.9, np.nan, 0.9], 1.5: [0.65, 0.65, 0.65]}
    rounds, lines = searched(lambda place: known.get(place, [0.1, 0.1, 0.1]), monkeypatch)
    assert rounds == [list(PLACES)]  # the best stands inside: one round
    assert ["best" in line for line in lines] == [False, True, False, False, False]
    assert "0.7 ± 0.12" in lines[1]
    assert "1 of 3 broke" in lines[2]


def test_the_search_goes_on_beyond_an_edge_until_the_best_stands_inside(monkeypatch):
    monkeypatch.setitem(GRID, "energy", GRID["energy"]._replace(least=0.01))
    rounds, lines = searched(lambda place: [-abs(np.log(place / 0.07))] * 3, monkeypatch)
    assert rounds[0] == list(PLACES)
    assert rounds[-1] == [*PLACES, 0.125, 0.0625, 0.0312]
    best = next(line for line in lines if "best" in line)
    assert best.startswith("| grid | energy | 0.0625 |")
    assert "edge" not in best


def test_a_search_that_ends_at_an_edge_says_so(monkeypatch):
    rounds, lines = searched(lambda place: [place] * 3, monkeypatch)  # beyond 1.75 lies more than the ladder's most
    assert rounds == [list(PLACES)]
    assert lines[-1].endswith("best, at the edge |")
    monkeypatch.setitem(GRID, "energy", GRID["energy"]._replace(most=100.0))
    rounds, lines = searched(lambda place: [place] * 3, monkeypatch, extensions=2)
    assert [len(some) for some in rounds] == [5, 6, 7]
    assert lines[-1].endswith("best, at the edge |")


def test_where_every_trial_broke_none_is_best(monkeypatch):
    _, lines = searched(lambda place: [np.nan] * 3, monkeypatch)
    assert not any("best" in line for line in lines)


def test_seeds_that_broke_together_score_nothing():
    broken = Group({}, [], {}, {}, "NaN", {})
    assert np.isnan(tune._score(broken, ("grid", "energy", 1.0), 3)).tolist() == [True] * 3
    one = Group({}, [{"coverage": 0.5}, {}], {}, {}, "1 of 2", {})
    np.testing.assert_array_equal(tune._score(one, ("grid", "energy", 1.0), 2), [0.5, np.nan])


@pytest.mark.parametrize("name", ["tuning", "tuning-photo-patches", "tuning-fashion-mnist"])
def test_the_published_searches_mark_as_used_what_is_used(name):
    page = Path(__file__, "../../../results/published", f"{name}.md").resolve().read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in page.splitlines() if "used" in line.rpartition("`")[2]]
    marked = {(target.strip("| "), objective): given.strip("`") for target, objective, *_, given, _ in lines}
    shapes = {"grid": None, "digits": (8, 8, 1), "photo-patches": (8, 8, 3), "fashion-mnist": (28, 28, 1)}
    for place, given in marked.items():
        now, then = plain(settings(*place, shapes[place[0]])), ast.literal_eval(given)
        for part, old in ((now, then), (now.get("critic") or {}, then.get("critic") or {})):
            # Options that came later stand at what was without them.
            assert {key: value for key, value in part.items() if key in old and key != "critic"} == {
                key: value for key, value in old.items() if key != "critic"
            }, place
    assert len(marked) in (9, 10, 18)


def test_the_page_says_the_command_and_it_can_be_given_again():
    config = tune.Tune(("grid", "images:My Folder"), ("energy",), steps=20, seeds=2, smoke=True)
    words = shlex.split(tune._told(config))
    assert words[:3] == ["python", "-m", "experiments.tune"]
    assert tyro.cli(tune.Tune, args=words[3:]) == config
    assert tune._told(tune.Tune()) == "python -m experiments.tune"


def test_a_search_on_features_is_refused_with_what_can_be_done(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        tune.main(["--targets", "grid", "--objectives", "drifting@features", "--output", str(tmp_path / "tuning.md")])
    assert "a search is in pixels, but drifting@features is on the maps of an encoder" in capsys.readouterr().err


def test_images_are_judged_by_validation_images_and_by_what_decides_alone():
    problem = tune.problem_of("digits")
    judge = tune._on_validation(problem, tune._compared(tune.Tune(targets=("digits",))))
    validation = {row.tobytes() for row in np.asarray(problem.splits.validation.values)}
    assert {row.tobytes() for row in judge.real} <= validation
    assert set(judge.final(real=judge.real, fake=judge.real)) == {"frechet"}
