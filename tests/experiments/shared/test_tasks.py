"""The runner: what is kept is not done again, what was made under other settings is refused, arrays come back."""

import json

import numpy as np
import pytest

from experiments.shared import tasks
from experiments.shared.tasks import Book, Found, Recipe, Task, worked
from igm_jax.reporting import write_jsonl

NOWHERE = Recipe(__name__, "listed", None)


def listed(config):
    """What a worker would make."""
    return [Task("other", 0, lambda: Found({}))]


def book(directory, **settings):
    return Book(directory, "tests", "example", {"preset": "cpu", **settings}, 1)


def counted(done, name, seed=0, stops=False):
    def run():
        if stops:
            raise KeyboardInterrupt
        done.append((name, seed))
        return Found({"value": float(seed)}, {"path": np.arange(3) + seed, "text": "ε"})

    return Task(name, seed, run)


def test_a_stopped_command_goes_on_where_it_was(tmp_path):
    done = []
    with pytest.raises(KeyboardInterrupt):
        worked([counted(done, "a"), counted(done, "a", 1), counted(done, "b", stops=True)], book(tmp_path), NOWHERE)
    found = worked([counted(done, "a"), counted(done, "b"), counted(done, "a", 1)], book(tmp_path), NOWHERE)
    assert done == [("a", 0), ("a", 1), ("b", 0)]
    assert [one.metrics["value"] for one in found] == [0, 0, 1]
    np.testing.assert_array_equal(found[2].arrays["path"], [1, 2, 3])
    assert [str(one.arrays["text"]) for one in found] == ["ε"] * 3
    assert all(one.seconds is not None for one in found)
    assert [row["target"] for row in book(tmp_path).rows()] == ["a", "a", "b"]


def test_runs_of_other_settings_are_not_mixed(tmp_path):
    worked([counted([], "a")], book(tmp_path, steps=3), NOWHERE)
    book(tmp_path, steps=3)
    with pytest.raises(ValueError, match="its runs differ in steps; choose another --output"):
        book(tmp_path, steps=4)


def test_rows_that_an_older_version_began_still_go_on(tmp_path):
    """A row as it was written before there were presets: three booleans decided, and only their outcome was kept."""
    worked([counted([], "a")], book(tmp_path), NOWHERE)
    (row,) = map(json.loads, (tmp_path / "rows.jsonl").read_text().splitlines())
    assert row["config"] == {"settings": {"preset": "cpu"}, "workers": 1}
    assert (row["experiment"], row["target"], row["objective"], row["seed"]) == ("tests", "a", "example", 0)
    write_jsonl(tmp_path / "old" / "rows.jsonl", [row])
    (found,) = worked([Task("a", 0, lambda: pytest.fail("done again"))], book(tmp_path / "old"), NOWHERE)
    assert (found.metrics, found.arrays) == ({"value": 0.0}, {})


def test_a_task_that_breaks_leaves_the_finished_ones(tmp_path):
    def breaks():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        worked([counted([], "a"), Task("b", 0, breaks)], book(tmp_path), NOWHERE)
    assert [row["target"] for row in book(tmp_path).rows()] == ["a"]


def test_a_worker_that_would_do_another_task_says_so():
    assert tasks._numbered(NOWHERE, 0, "other", 0).metrics == {}
    with pytest.raises(RuntimeError, match="run 0 should be 'a' with seed 0, but is 'other' with 0 now"):
        tasks._numbered(NOWHERE, 0, "a", 0)


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(path.read_bytes()[:40]), lambda path: path.write_bytes(b"")]
)
def test_a_task_whose_arrays_are_damaged_is_done_again(damage, tmp_path):
    def book():
        return Book(tmp_path, "test", "none", {"size": 1}, 1)

    task = Task("one", 0, lambda: Found({"value": 1.0}, {"path": np.arange(9.0)}))
    book().keep(task, task.run()._replace(seconds=0.5))
    assert book().kept(task).metrics == {"value": 1.0}
    damage(next((tmp_path / "arrays").iterdir()))
    again = book()
    assert again.kept(task) is None
    again.keep(task, task.run()._replace(seconds=0.5))
    assert [row["target"] for row in book().rows()] == ["one"]


def test_the_first_is_begun_first_and_results_keep_their_order(tmp_path):
    done = []
    found = worked([counted(done, "a"), counted(done, "b", 1), counted(done, "c", 2)], book(tmp_path), NOWHERE, first=2)
    assert done == [("c", 2), ("a", 0), ("b", 1)]
    assert [one.metrics["value"] for one in found] == [0, 1, 2]


def test_whoever_watches_is_told_after_each_but_the_last(tmp_path, capsys):
    told, runs = [], [counted([], "a"), counted([], "b", 1), counted([], "c", 2)]
    worked(runs, book(tmp_path), NOWHERE, on_end=lambda found, left: told.append((sorted(found), left() is not None)))
    assert told == [([0], True), ([0, 1], True)]
    lines = capsys.readouterr().err  # no terminal: a line for each
    assert "b, seed 1: 2 of 3, about 5 s left\n" in lines
    assert "c, seed 2: 3 of 3\n" in lines
    assert "found" not in lines
    worked(runs, book(tmp_path), NOWHERE)
    assert "3 of 3 runs were found, none to be made\n" in capsys.readouterr().err
    worked(
        [*runs, counted([], "d", 3)], book(tmp_path), NOWHERE, on_end=lambda *_: pytest.fail("that was the last one")
    )
    assert "3 of 4 runs were found, 1 to be made\n" in capsys.readouterr().err


def test_what_is_expected_of_no_task_is_what_the_others_take():
    known, unknown = Task("a", 0, dict)._replace(expected=10.0), Task("b", 0, dict)
    assert tasks.time_left([known, unknown], [])() == pytest.approx(20, abs=0.1)
    assert tasks.time_left([known, unknown], [0], after=5.0)() == pytest.approx(15, abs=0.1)
    assert tasks.time_left([unknown, unknown], [], after=5.0)() is None
