"""What a command writes is never what it reads, nor a run's own file, nor somebody else's page."""

import pytest

from benchmarks import metrics
from benchmarks import run as benchmarks
from experiments import connections, evaluate, sample, tune
from experiments.shared.outputs import check_output, check_page


def test_a_file_that_is_read_is_not_written(tmp_path):
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("kept")
    link.symlink_to(real)
    for path in (real, link, tmp_path / "." / "real.md"):
        with pytest.raises(ValueError, match="is the file of --real, which would be lost"):
            check_output("--output", path, {"--fake": None, "--real": real})
    check_output("--output", real, {"--real": tmp_path / "other.npy"})
    check_output("--output", tmp_path / "new" / "x.md", {"--real": real})


def test_a_runs_own_files_are_not_written(tmp_path):
    for name in ("log.jsonl", "README.md", "checkpoints/0/x.npz", "generator.npz", "samples.npz", "mine.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("kept")
    for name in ("log.jsonl", "README.md", "checkpoints/0/x.npz", "generator.npz"):
        with pytest.raises(ValueError, match="one of the run's own files"):
            check_output("--out", tmp_path / name, {}, tmp_path)
    for name in ("samples.npz", "mine.md", "new.md"):
        check_output("--out", tmp_path / name, {}, tmp_path)


def test_a_page_takes_the_place_of_none_but_an_older_one(tmp_path):
    page = tmp_path / "page.md"
    check_page("--page", page, "# Title")
    page.write_text("# Title\n\nolder")
    check_page("--page", page, "# Title")
    page.write_text("my notes")
    with pytest.raises(ValueError, match="does not begin with '# Title'"):
        check_page("--page", page, "# Title")
    with pytest.raises(ValueError, match=r"must be a file that ends in \.md"):
        check_page("--page", tmp_path / "x.npy", "# Title")


def ending(main, words):
    try:
        return main(words)
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize(
    ("main", "words", "text"),
    [
        (evaluate.main, ["--real", "f.md", "--fake", "g.npy", "--output", "f.md"], "is the file of --real"),
        (evaluate.main, ["--real", "r.npy", "--fake", "g.npy", "--train", "f.md", "--output", "f.md"], "of --train"),
        (evaluate.main, ["--run", ".", "--real", "g.npy", "--output", "log.jsonl"], "one of the run's own files"),
        (
            sample.main,
            ["--run", ".", "--n", "2", "--out", "generator.npz", "--overwrite"],
            "one of the run's own files",
        ),
        (tune.main, ["--output", "f.md"], "does not begin with '# Tuning'"),
        (tune.main, ["--output", "g.npy"], "must be a file that ends in .md"),
        (tune.main, ["--output="], "must be a file that ends in .md"),
        (tune.main, ["--smoke", "--output="], "must be a file that ends in .md"),
        (connections.main, ["--page", "f.md"], "does not begin with '# How"),
        (metrics.main, ["--output", "g.npy"], "must be a file that ends in .json"),
        (benchmarks.main, ["--compare", "results.json", "--directory", "."], "where the new results would be written"),
    ],
)
def test_commands_refuse_before_any_work(main, words, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("f.md", "g.npy", "results.json", "log.jsonl", "generator.npz"):
        (tmp_path / name).write_text("kept")
    assert ending(main, words) == 2
    assert text in capsys.readouterr().err
    assert {path.read_text() for path in tmp_path.iterdir() if path.is_file()} == {"kept"}
