"""What all commands have in common: paths as they were meant, and a terminal that takes everything."""

import dataclasses
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from rich.console import Console

from igm_jax.files import WriteError
from igm_jax.reporting import Cell, Line, Table, to_console
from igm_jax.reporting.terminal import command_line, ended, make_printable, with_homes


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


COMMAND = """
import sys
from igm_jax.reporting.terminal import ended
def main():
    print("words " * int(sys.argv[1]))
    return 0
ended(main)
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("length", [1, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_full_device_or_a_reader_that_has_gone_ends_in_a_sentence(length):
    command = [sys.executable, "-c", COMMAND, str(length)]
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "wb") as full, open(writer, "wb") as gone:
        for out in (full, gone):
            done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            assert done.returncode == 1
            assert done.stderr.startswith("what was to be printed could not be (")
            assert done.stderr.count("\n") == 1
        assert subprocess.run(command, stdout=full, stderr=full, timeout=60, check=False).returncode == 1


def refused():
    raise WriteError(28, "No space left on device", "x.npz")


def stopped():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("main", "status", "text"),
    [(refused, 1, "could not write 'x.npz'"), (stopped, 130, "stopped"), (lambda: 3, 3, ""), (lambda: None, None, "")],
)
def test_what_ends_a_command_is_told(main, status, text, capsys):
    with pytest.raises(SystemExit) as end:
        ended(main)
    assert end.value.code == status
    told = capsys.readouterr().err
    assert text in told
    assert told.count("\n") == bool(text)


def test_a_current_directory_that_was_deleted_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SystemExit, match="2"):
        command_line(Settings, [], "prog")
    assert "the current directory, which was deleted; change to one that exists" in capsys.readouterr().err


def test_null_characters_in_paths_are_told(capsys):
    for words in (["--out=a\0b"], ["--several", "a", "b\0"], ["--inner.path", "\0"]):
        with pytest.raises(SystemExit, match="2"):
            command_line(Settings, words, "prog")
        assert "holds a null character; leave it out" in capsys.readouterr().err


def test_names_that_are_no_text_are_shown(monkeypatch):
    stream = io.TextIOWrapper(raw := io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    make_printable()
    print(os.fsdecode(b"bad\xff"))
    stream.flush()
    assert raw.getvalue() == b"bad\\udcff\n"
