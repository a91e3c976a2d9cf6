"""The report that grows: whole after each objective, marked as unfinished, and never at a large share of the time."""

import numpy as np
import pytest

from experiments.configs import TARGETS
from experiments.shared import growing, sections, summary
from experiments.shared.growing import JUDGING, Growing, expected
from experiments.shared.left import Left
from igm_jax.reporting import FLOOR
from tests.experiments.shared.test_summary import group
from tests.reporting import row


@pytest.fixture(scope="module")
def ring():
    return TARGETS["ring"]().build()


def gathered(found):
    """As of a comparison of two objectives on one target."""
    groups = {"ring": {("energy", "gan")[number]: one for number, one in found.items()}}
    numbers = {**dict.fromkeys(groups["ring"], (0.25, 3.0)), FLOOR: (0.1, 8.0)}
    rows = [
        row(name, seed, dict(zip(("w2", "modes"), values, strict=True)), target=summary.title("ring"))
        for name, values in numbers.items()
        for seed in range(2)
    ]
    return rows, groups


def test_after_each_objective_there_is_a_whole_report_that_says_it_is_unfinished(tmp_path, ring, capsys, monkeypatch):
    monkeypatch.setattr(growing, "SHARE", np.inf)
    report, left = Growing(gathered, {"ring": ring}, 3, tmp_path), Left([20.0, 20.0, 20.0], [0], seconds=True)
    report({0: group()}, left)
    first = (tmp_path / "report.html").read_text()
    assert "Unfinished: 1 of 3 objectives on ring of 8 Gaussians; about 40 s left." in first
    assert first.count("<canvas") == 1
    assert (tmp_path / "tables.md").read_text().startswith("**Unfinished: 1 of 3")
    assert (tmp_path / "ring-samples.png").stat().st_size > 1000
    report({0: group(), 1: group()}, left)
    second = (tmp_path / "report.html").read_text()
    assert "Unfinished: 2 of 3" in second
    assert second.count("<canvas") == 2
    assert capsys.readouterr().err.count("the report so far") == 1
    summary.summarise(*gathered({0: group(), 1: group()}), {"ring": ring}, tmp_path)
    assert "Unfinished" not in (tmp_path / "report.html").read_text() + (tmp_path / "tables.md").read_text()


def test_a_section_that_has_not_changed_is_not_drawn_again(tmp_path, ring, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        summary, "sketch", lambda title, *rest, **options: drawn.append(title) or sections.Picture(title, "", b"")
    )
    known = {}
    for _ in range(2):
        summary.summarise(*gathered({0: group()}), {"ring": ring}, tmp_path, "Unfinished.", known)
    assert drawn == ["Samples", "Training curves"]
    summary.summarise(*gathered({0: group(), 1: group()}), {"ring": ring}, tmp_path, "Unfinished.", known)
    assert drawn == ["Samples", "Training curves"] * 2


def test_what_takes_long_is_left_out_until_its_share_is_earned(tmp_path, ring, monkeypatch):
    now, written = [0.0], []

    def slow(*rest):
        now[0] += 10
        written.append(now[0])
        return summary.Summary(tmp_path, [], [])

    monkeypatch.setattr(growing.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(growing, "summarise", slow)
    report, left = Growing(gathered, {"ring": ring}, 3, tmp_path), Left([1.0, 1.0])
    for now[0] in (30.0, 60.0, 240.0, 280.0, 400.0):  # 10 s are 4 % of 250 s
        report({0: group()}, left)
    assert written == [40.0, 290.0]


def test_what_an_objective_should_take():
    assert expected("25 Gaussians", "sinkhorn", 3) > expected("25 Gaussians", "sinkhorn", 1) > JUDGING
    usual = expected("25 Gaussians", "nine", 3)
    assert JUDGING < usual < expected("digits", "wgan-gp", 3)
