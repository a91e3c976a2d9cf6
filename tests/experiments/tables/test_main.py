"""All tables on one page, and the list of them."""

import json
import re
import signal
import sys
from pathlib import Path

import pytest

from experiments import tables
from experiments.tables import __main__ as main_module
from experiments.tables.__main__ import SECONDS, TABLES, Config, Plan, main, page
from experiments.tables.committed import COMMITTED, read_entries


def test_every_file_with_a_publication_is_listed():
    sources = Path(tables.__path__[0]).glob("[a-z]*.py")
    assert set(TABLES) == {path.stem for path in sources if " = Publication(" in path.read_text()}


def test_headings_go_down_and_pictures_are_found(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "cpu").mkdir(parents=True)
        (tmp_path / name / "cpu" / "report.md").write_text(f"# Title {name}\n\n![seen](a.png)\n")
    text = page(tmp_path, ("one", "two"), "cpu")
    assert text.count("\n## Title") == 2
    assert "](two/cpu/a.png)" in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["--tables", "nine"], "but is 'nine'"), (["--workers", "0"], "`workers` must be at least 1")],
)
def test_bad_settings_are_told_before_any_work(arguments, text, refusal):
    assert text in refusal(main, arguments)


def instead_of_python(monkeypatch, path, script):
    """Each table's command runs this shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


def test_settings_are_handed_on_to_every_table(monkeypatch, tmp_path, capfd):
    report = 'mkdir -p "$8" && echo "# A title" > "$8/report.md"'
    instead_of_python(monkeypatch, tmp_path / "python", f'echo "$@" && {report}')
    main(["--smoke", "--tables", "dirac_gan", "f_gan", "--workers", "3", "--output", str(tmp_path)])
    told = capfd.readouterr().out
    for name in ("dirac_gan", "f_gan"):
        assert f"-m experiments.tables.{name} --preset smoke --workers 3 --output {tmp_path / name / 'smoke'}" in told
    assert (tmp_path / "README.md").read_text().count("## A title") == 2
    # What each should take, and what follows it, for the time left: 15 s with one worker.
    assert re.findall(r"--expected (\S+) --after (\S+)", told) == [("5.0", "5.0"), ("5.0", "0.0")]
    assert "dirac_gan (table 1 of 2, about 10 s left for all):" in told


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: where tests run in the background, the shell has it ignored, and Python keeps that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_with_a_sentence_once_the_table_has_ended(monkeypatch, tmp_path, capfd):
    end = "sleep 0.5; echo the table has ended >&2; exit 1"
    instead_of_python(monkeypatch, tmp_path / "python", f"sleep 0.5; kill -INT $PPID; {end}")
    with pytest.raises(SystemExit) as ended:
        main(["--smoke", "--tables", "dirac_gan", "f_gan", "--output", str(tmp_path)])
    assert ended.value.code == 130
    told = capfd.readouterr().err
    assert "stopping dirac_gan" in told
    assert told.index("the table has ended") < told.index("the same command goes on from there")
    assert not (tmp_path / "README.md").exists()


def test_what_tables_should_take_is_what_their_pages_say():
    results = Path(tables.__path__[0]).parents[1] / "results" / "tables"
    for name, seconds in SECONDS["cpu"].items():
        text = (results / name / "cpu" / "report.md").read_text()
        assert float(re.search(r"^`python -m .*`: (\d+) s in", text, re.M)[1]) == seconds, name
    assert set(SECONDS["cpu"]) == set(SECONDS["smoke"]) == set(TABLES)


def test_a_plan_learns_how_fast_the_machine_is():
    plan = Plan(("a", "b", "c"), {"a": 60.0, "b": 600.0, "c": 60.0})
    assert plan.told(1) == "b (table 2 of 3, about 11 min left for all):"
    assert plan.learned("a", 90.0).left(1) == pytest.approx(1.5 * 660)
    assert Plan(("a",), {"a": 5.0}).learned("a", 20.0).pace == 1  # too short to say anything
    assert Plan(("a",), {}).told(0) == "a (table 1 of 1):"
    assert Plan(("a",), {}).left(0) is None


def test_a_table_that_was_begun_before_says_nothing_of_the_pace(tmp_path, monkeypatch):
    clock, told = iter(range(0, 10_000, 600)), []
    monkeypatch.setattr(main_module, "SECONDS", {"cpu": {"a": 60.0, "b": 60.0, "c": 60.0}})
    monkeypatch.setattr(main_module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(main_module, "made", lambda config, name, preset, plan: told.append(plan.pace) or 0)
    (tmp_path / "a" / "cpu").mkdir(parents=True)
    main_module.all_made(Config(tables=("a", "b", "c"), output=tmp_path), "cpu")
    assert told == [1.0, 1.0, 10.0]


def test_all_tables_are_told_beside_the_committed_ones(monkeypatch, tmp_path, capfd):
    committed = COMMITTED / "dirac_gan" / "cpu"
    lines = [json.dumps({"digits": 3, **one}) for one in read_entries(committed)]
    made = tmp_path / "made.jsonl"
    made.write_text("\n".join(lines) + "\n")
    script = f'mkdir -p "$8" && echo "# A title" > "$8/report.md" && cp {made} "$8/entries.jsonl"'
    instead_of_python(monkeypatch, tmp_path / "python", script)
    main(["--tables", "dirac_gan", "--output", str(tmp_path / "out")])
    assert f"In all, {len(lines)} of {len(lines)} cells equal the committed ones" in capfd.readouterr().out
