"""What all commands have in common: paths as they were meant, and a terminal that takes everything."""

import dataclasses
import io
import sys
import warnings
from pathlib import Path

import pytest
from rich.console import Console

from igm_jax.reporting import Cell, Line, Table, to_console
from igm_jax.reporting.terminal import command_line, make_printable, with_homes


@dataclasses.dataclass(frozen=True)
class Inner:
    path: Path


@dataclasses.dataclass(frozen=True)
class Settings:
    out: Path = Path("here")
    several: tuple[Path, ...] = ()
    inner: Inner = dataclasses.field(default_factory=lambda: Inner(Path("~/deep")))


def test_paths_are_meant_as_they_are_written(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = command_line(Settings, ["--out=~/x", "--several", "~/y", "z"], "prog")
    assert found == Settings(tmp_path / "x", (tmp_path / "y", Path("z")), Inner(tmp_path / "deep"))
    untouched = Settings(inner=Inner(Path("a")))
    assert with_homes(untouched) is untouched


def test_a_home_that_there_is_not_is_told(capsys):
    with pytest.raises(SystemExit, match="2"):
        command_line(Settings, ["--out=~nobody-of-that-name/x"], "prog")
    assert "there is no such home directory" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_table_comes_whatever_the_terminal_can_show(monkeypatch, encoding):
    stream = io.TextIOWrapper(raw := io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    make_printable()
    Console(width=80).print(to_console(Table("ε ↓", "", ("²", "±"), (Line("∇", (Cell("1 ± 2"),)),)), width=80))
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert ("∇" in shown) is (encoding == "utf-8")
    assert ("1 ± 2" in shown) is (encoding != "ascii")
    assert "1 " in shown
