"""From rows to tables: who is fastest, and how far ours is from it and from the floor."""

import pytest

from benchmarks.rows import Results, Row
from benchmarks.summary import best_peer, detail_table, markdown, milliseconds, time_table


def row(name, seconds, status="ok", **other):
    return Row("mmd", 8, 8, 2, name, status, seconds=seconds, memory_mb=3.0, floor_seconds=0.001, **other)


ROWS = [
    row("igm_jax", 0.004),
    row("plain jax", 0.008),
    row("POT", 0.002, "disagrees", reason="error 1e+00, allowed 1e-03"),
    Row("mmd", 8, 8, 2, "KeOps", "failed", reason="no answer in 6 s", floor_seconds=0.001),
]


def test_the_best_peer_is_the_fastest_that_is_right():
    assert best_peer(ROWS).implementation == "plain jax"
    assert best_peer(ROWS[:1]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0.0012345, "1.23"), (0.0999, "99.9"), (0.1, "100"), (12.3456, "12,346")]
)
def test_milliseconds_have_three_digits(seconds, text):
    assert milliseconds(seconds) == text


def test_a_table_of_times_ends_with_the_ratios():
    table = time_table(ROWS, "mmd", 2)
    cells = {line.name: line.cells[0] for line in table.lines}
    assert cells["igm_jax"].text == "4 (3)"
    assert [name for name, cell in cells.items() if cell.best] == ["igm_jax"]  # the fastest of those that agree
    assert cells["POT"].text == "2 (3), disagrees"
    assert cells["KeOps"].text == "no answer in 6 s"
    assert cells["floor"].text == "1"
    assert cells["igm_jax to the floor"].text == "4.00 ×"
    assert cells["igm_jax to the best peer"].text == "0.50 ×"


def test_details_and_page_say_what_went_wrong_and_who_was_away():
    notes = [line.cells[-1].text for line in detail_table(ROWS, "mmd").lines]
    assert notes == ["–", "–", "disagrees: error 1e+00, allowed 1e-03", "failed: no answer in 6 s"]
    page = markdown(Results(ROWS, {"flops": 1e9}, {"OTT": "ott not installed"}, {}))
    assert "- OTT: ott not installed" in page
    assert page.index("Gaussian MMD², d = 2") < page.index("details")
