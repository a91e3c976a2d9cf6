import re

import pytest

from igm_jax.reporting.run_report import RunReport, Shot, run_html, write_run_report
from tests.reporting.test_report import NASTY, Page


def report(**changes):
    told = RunReport(
        NASTY, [NASTY, "second"], Shot("now", b"A"), Shot("real", b"B"), NASTY, "images", [Shot(NASTY, b"C")], b"D",
        {"rate": NASTY}, {"commit": "0123"}, [NASTY], "python -m x 'a b'",
    )  # fmt: skip
    return told._replace(**changes)


def test_the_page_says_and_shows_everything_escaped_and_loads_nothing():
    page = run_html(report())
    assert NASTY not in page
    parsed = Page(page)
    assert parsed.text.count(NASTY) == 7  # title twice, finding, caption, earlier picture, setting, data
    for text in ("second", "0123", "python -m x 'a b'"):
        assert text in parsed.text
    shown = [values for tag, values in parsed.tags if tag == "img"]
    assert [values["src"][-4:] for values in shown] == ["QQ==", "Qg==", "Qw==", "RA=="]
    assert [values["class"] for values in shown] == ["pixels", "pixels", "pixels", "plot"]
    assert all(values["alt"] for values in shown)
    assert not re.search(r"https?://|@import|url\(|<script", page)


@pytest.mark.parametrize("kind", ["plane", "columns"])
def test_a_run_at_its_start_has_neither_curves_nor_earlier_pictures(kind, tmp_path):
    path = write_run_report(tmp_path / "report.html", report(kind=kind, earlier=[], curves=None, data_lines=[]))
    parsed = Page(path.read_text(encoding="utf-8"))
    assert [values["class"] for tag, values in parsed.tags if tag == "img"] == ["plot", "plot"]
    assert "Curves" not in parsed.text
    assert "Earlier" not in parsed.text
