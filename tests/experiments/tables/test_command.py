"""What the tables share: rules of agreement, runs that are kept, pages."""

import json
import os

import numpy as np
import pytest

from experiments.shared.tasks import Found, Task
from experiments.tables import dirac_gan
from experiments.tables.command import Config, Part, Publication, main
from experiments.tables.published import (
    Entry,
    one_draw,
    same_sign,
    tabulated,
    within,
    within_binomial,
    within_errors,
    within_factor,
)
from tests.experiments.tables import places


def test_rules_at_their_edges():
    assert Entry("a", "b", 1.0, (0.75, 1.25), within(0.0)).agrees
    assert Entry("a", "b", 1.0, (1.5,), within(0.5)).agrees
    assert not Entry("a", "b", 1.0, (1.51,), within(0.5)).agrees
    assert Entry("a", "b", 3.0, (2.0,), within_factor(1.5)).agrees
    assert not Entry("a", "b", 3.0, (1.99,), within_factor(1.5)).agrees
    # Ours ± 0.5 (two values 1 apart have standard error ½), theirs ± .5: together √½.
    assert Entry("a", "b", 0.0, (0.9, 1.9), within_errors(2.0), spread=0.5).agrees
    assert not Entry("a", "b", 0.0, (1.0, 2.0), within_errors(2.0), spread=0.5).agrees
    # Of 98: ½ has variance ¼ / 100 on both sides.
    assert Entry("a", "b", 0.5, (0.5 + 0.070,), within_binomial(1.0, 98, 98)).agrees
    assert not Entry("a", "b", 0.5, (0.5 + 0.071,), within_binomial(1.0, 98, 98)).agrees
    # Two draws 2 apart have deviation √2; their mean and another draw differ by √1.5 of it.
    assert Entry("a", "b", 3 * 3**0.5 - 0.01, (-1.0, 1.0), one_draw(3, "pair", "pairs")).agrees
    assert not Entry("a", "b", 3 * 3**0.5 + 0.01, (-1.0, 1.0), one_draw(3, "pair", "pairs")).agrees
    assert Entry("a", "b", -8.0, (-1.0, 0.9), same_sign()).agrees
    assert not Entry("a", "b", -8.0, (-1.0, 1.1), same_sign()).agrees
    assert not Entry("a", "b", -8.0, (0.0,), same_sign()).agrees
    assert not Entry("a", "b", 1.0, (1.0, np.nan), within(9.0)).agrees
    assert Entry("a", "b", None, (1.0,), within(1.0)).agrees is None
    assert Entry("a", "b", 1.0, (), within(1.0)).agrees is None


def test_cells_show_ours_theirs_and_the_verdict():
    entries = [
        Entry("KL", "μ", 1.0335, (1.0, 1.1), within(0.1), digits=2),
        Entry("KL", "σ", 2.0, (3.0,), within(0.1), digits=2),
        Entry("JS", "μ", None, (1e-5,), digits=2),
    ]
    table = tabulated("A table", "Of numbers.", entries, "f")
    assert table.headings == ("f", "μ", "σ")
    assert [cell.text for cell in table.lines[0].cells] == ["1.05 ± 0.07 (1.03) ✓", "3.00 (2.00) ✗"]
    assert [cell.text for cell in table.lines[1].cells] == ["1.0e-05", ""]
    assert "1 of 2 agree" in table.caption


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


def test_a_stopped_command_goes_on_where_it_was(tmp_path, capsys):
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
    assert "Everything." in (tmp_path / "report.md").read_text()
    assert r"\begin{tabular}" in (tmp_path / "table.tex").read_text()
    with pytest.raises(SystemExit) as ended:
        main(PUBLICATION, Config, ["--preset", "full", "--output", str(tmp_path)])
    assert ended.value.code == 2
    assert "differ in preset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--smoke", "--preset", "full"], "exclude each other"),
        (["--preset=cpu", "--smoke"], "exclude each other"),
        (["--seeds", "0"], "`seeds` must be at least 1"),
    ],
)
def test_bad_settings_are_told_before_any_work(arguments, text, tmp_path, capsys):
    RUNS.clear()
    with pytest.raises(SystemExit) as ended:
        main(PUBLICATION, Config, [*arguments, "--output", str(tmp_path)])
    assert (ended.value.code, RUNS) == (2, [])
    assert text in capsys.readouterr().err


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


def test_workers_are_processes_and_what_ends_well_is_kept(tmp_path, monkeypatch, capsys):
    arguments = ["--smoke", "--workers", "2", "--output", str(tmp_path)]
    monkeypatch.setenv(places.BROKEN, "1")
    with pytest.raises(ValueError, match="seed 1 is broken"):
        main(places.PUBLICATION, Config, arguments)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == [0]  # it ran beside the broken one, and nothing was begun after that
    monkeypatch.delenv(places.BROKEN)
    main(places.PUBLICATION, Config, arguments)
    (entry,) = map(json.loads, (tmp_path / "entries.jsonl").read_text().splitlines())
    assert len(entry["ours"]) == 4
    assert entry["ours"][0] == rows[0]["metrics"]["pid"]
    assert len({*entry["ours"], os.getpid()}) >= 4
    assert sorted(path.name for path in (tmp_path / "arrays").iterdir()) == [f"place-{seed}.npz" for seed in range(4)]
    capsys.readouterr()
