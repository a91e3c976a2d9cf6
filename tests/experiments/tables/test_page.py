"""All tables on one page, and the list of them."""

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


def test_a_table_that_is_not_there_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--tables", "nine"])
    assert ended.value.code == 2
    assert "'nine' is not" in capsys.readouterr().err
