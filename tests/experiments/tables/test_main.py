"""All tables on one page, and the list of them."""

import signal
import sys
from pathlib import Path

import pytest

from experiments import tables
from experiments.tables.__main__ import TABLES, main, page


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
