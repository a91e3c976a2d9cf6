"""The study of judges: its report, and that it says where a distance does not grow."""

import pytest

from experiments.judges import Found, exceptions, main, tabulated
from igm_jax.reporting import read_jsonl


def test_what_does_not_grow_is_said():
    distances = {"frechet@lite0": [1.0, 3.0, 2.0], "random_frechet": [0.1, 0.2, 0.3]}
    found = [Found("blur", (0.5, 1.0), distances)]
    assert exceptions(found) == ["The Fréchet (Lite0) does not grow from blur 0.5 to 1: 3, 2."]
    table = tabulated(found)
    assert table.headings == ("damage", "Fréchet (Lite0)", "Fréchet (random convolutions)")
    assert [line.name for line in table.lines] == ["blur none", "blur 0.5", "blur 1"]
    assert [cell.text for cell in table.lines[2].cells] == ["2", "0.3"]


def test_the_command_writes_report_rows_and_picture(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    main(["--smoke", "--output", str(tmp_path / "out")])
    capsys.readouterr()
    folder = tmp_path / "out-smoke"
    rows = read_jsonl(folder / "rows.jsonl")
    noise = [row for row in rows if row["objective"].startswith("noise")]
    assert [row["config"]["strength"] for row in noise] == [0, 0.1, 0.2, 0.4, 0.8]
    for key in ("frechet@classifier", "random_frechet"):
        values = [row["metrics"][key] for row in noise]
        assert values[-1] > 3 * values[0]
    report = (folder / "report.md").read_text()
    assert "| Fréchet (classifier) | Fréchet (random convolutions) |" in report
    assert "100 held-out images against 100 others" in report
    assert (folder / "judges.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--target", "grid"], "must be a data set of images, but grid is none"),
        (["--samples", "3"], "--samples"),
        (["--target", "digits", "--judges", "lite0"], "none of the judges lite0 can be had for images (8, 8, 1)"),
        (["--target", "digits", "--judges", "random"], "without 8 classes there are"),
    ],
)
def test_what_cannot_be_done_is_told_before_any_work(arguments, text, refusal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert text in refusal(main, arguments)
