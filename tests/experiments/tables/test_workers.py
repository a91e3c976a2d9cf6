"""Runs in this process and in workers: in which order they end, and what is kept where one fails."""

import json
import os

import pytest
from experiments.tables.workers import ended

from experiments.tables.command import Config, main
from tests.experiments.tables import places


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


def test_one_worker_is_this_process_and_runs_go_in_order():
    told = []
    runs = ended((3, 1, 2), 1, lambda i: i**2, lambda i: 1 / 0, lambda i: (i,), told.append)
    assert next(runs) == (3, 9)
    assert told == [3]  # nothing is begun before it is asked for
    assert list(runs) == [(1, 1), (2, 4)]
    assert told == [3, 1, 2]


def test_a_run_that_fails_here_ends_them():
    runs = ended((1, 0, 2), 1, lambda i: 1 / i, lambda i: None, lambda i: (i,), lambda i: None)
    assert next(runs) == (1, 1.0)
    with pytest.raises(ZeroDivisionError):
        next(runs)
