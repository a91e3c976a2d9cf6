"""What the tables share: runs that are kept, pages."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from experiments.shared.tasks import Found, Task
from experiments.tables import command, dirac_gan
from experiments.tables.command import Config, Part, Publication, main, prepared
from experiments.tables.published import Entry, within
from igm_jax.reporting.terminal import command_line
from tests.experiments.tables import places

RUNS = []


def _task(name, seed):
    def run():
        RUNS.append((name, seed))
        if name == "stops" and len(RUNS) < 4:
            raise KeyboardInterrupt
        return Found({"value": float(seed)}, {"draws": np.arange(3) + seed})

    return Task(name, seed, run)


def _pictures(config, results):
    return {"sum.png": (bytes(int(found.arrays["draws"].sum()) for found in results["goes"]), "Sums.")}


PUBLICATION = Publication(
    "example",
    "An example",
    "Numbers.",
    lambda config: [_task("goes", 0), _task("goes", 1), _task("stops", 0)],
    lambda config, results: [
        Part("One", "", [Entry("a", "b", 0.5, tuple(f.metrics["value"] for f in results["goes"]), within(0.1))])
    ],
    lambda config: ["Everything."],
    _pictures,
)


def test_a_stopped_command_goes_on_where_it_was(tmp_path, refusal):
    RUNS.clear()
    arguments = ["--smoke", "--output", str(tmp_path)]
    with pytest.raises(SystemExit, match="the same command goes on"):
        main(PUBLICATION, Config, arguments)
    assert RUNS == [("goes", 0), ("goes", 1), ("stops", 0)]
    main(PUBLICATION, Config, arguments)
    assert RUNS == [("goes", 0), ("goes", 1), ("stops", 0), ("stops", 0)]
    assert (tmp_path / "sum.png").read_bytes() == bytes([3, 6])  # arrays of finished runs are there again
    entry = json.loads((tmp_path / "entries.jsonl").read_text())
    assert entry["ours"] == [0.0, 1.0]
    assert entry["agrees"] is True
    assert entry["commit"]
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Everything." in report
    assert "these numbers mean nothing" in report
    assert "✓" not in report
    assert r"\begin{tabular}" in (tmp_path / "table.tex").read_text()
    assert "differ in preset" in refusal(main, PUBLICATION, Config, ["--preset", "full", "--output", str(tmp_path)])


def test_cells_are_told_beside_the_committed_ones(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "COMMITTED", tmp_path / "committed")
    RUNS.extend([()] * 4)
    where = tmp_path / "committed" / "example" / "smoke"
    main(PUBLICATION, Config, ["--smoke", "--output", str(where)])
    assert capsys.readouterr().out.endswith(
        "There are no committed cells of this preset with which these could be compared.\n"
    )
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path / "again")])
    assert capsys.readouterr().out.endswith("\n1 of 1 cells equal the committed ones, to all digits shown.\n")
    entry = json.loads((where / "entries.jsonl").read_text())
    (where / "entries.jsonl").write_text(json.dumps({**entry, "ours": [0.0, 0.5]}) + "\n")
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path / "again")])
    told = "0 of 1 cells equal the committed ones, to all digits shown; others: a, b."
    assert capsys.readouterr().out.endswith(f"\n{told}\n")


def test_the_command_that_makes_all_tables_can_tell_each_how_long_it_takes():
    given = command_line(Config, ["--expected", "6.0", "--after", "2"], "python -m experiments.tables.example")
    assert (given.expected, given.after) == (6.0, 2.0)


def test_tables_that_are_made_again_do_not_go_over_the_committed_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert prepared(Config(), "example").directory == Path("results/reproduced/example/cpu")
    assert not (command.COMMITTED / "example").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--smoke", "--preset", "full"], "exclude each other"),
        (["--preset=cpu", "--smoke"], "exclude each other"),
        (["--seeds", "0"], "`seeds` must be at least 1"),
    ],
)
def test_bad_settings_are_told_before_any_work(arguments, text, tmp_path, refusal):
    RUNS.clear()
    assert text in refusal(main, PUBLICATION, Config, [*arguments, "--output", str(tmp_path)])
    assert RUNS == []


@pytest.mark.slow
def test_workers_find_the_same(tmp_path, capsys):
    found = []
    for workers in ("1", "2"):
        output = tmp_path / workers
        main(dirac_gan.PUBLICATION, Config, ["--smoke", "--workers", workers, "--output", str(output)])
        lines = (output / "entries.jsonl").read_text().splitlines()
        found.append([(line["line"], line["column"], line["ours"]) for line in map(json.loads, lines)])
        assert len((output / "rows.jsonl").read_text().splitlines()) == len(
            dirac_gan.PUBLICATION.tasks(Config(preset="smoke"))
        )
    assert found[0] == found[1]
    capsys.readouterr()


@pytest.mark.slow
def test_workers_are_processes_and_what_ends_well_is_kept(tmp_path, monkeypatch, capsys):
    arguments = ["--smoke", "--workers", "2", "--output", str(tmp_path)]
    monkeypatch.setenv(places.BROKEN, str(tmp_path / "begun"))
    with pytest.raises(ValueError, match="seed 1 is broken"):
        main(places.PUBLICATION, Config, arguments)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0]  # it ran beside the broken one, and nothing was begun after that
    monkeypatch.delenv(places.BROKEN)
    main(places.PUBLICATION, Config, arguments)
    (entry,) = map(json.loads, (tmp_path / "entries.jsonl").read_text().splitlines())
    assert len(entry["ours"]) == 4
    assert entry["ours"][0] == rows[0]["metrics"]["pid"]
    # That two ran at once, the first part shows: there the run that is kept waits for the one that breaks.
    assert os.getpid() not in entry["ours"]
    assert sorted(path.name for path in (tmp_path / "arrays").iterdir()) == [f"place-{seed}.npz" for seed in range(4)]
    capsys.readouterr()
