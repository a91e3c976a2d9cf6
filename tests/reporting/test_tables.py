"""Tables: the numbers are right, the marks are right, and no name can break the format."""

import io
import re

import pytest
from rich.console import Console

from igm_jax.evaluation import MEASURES
from igm_jax.reporting import FLOOR, Metric, comparison_table, to_console, to_latex, to_markdown
from tests.reporting import row

METRICS = (Metric("w2", "W₂", "lower", 2), Metric("modes", "modes_50%", "higher", 1), Metric("absent", "absent", None))
NASTY = r"a|b & 50% _x_ ^{#}$~\<i>"


def rows():
    return [
        *(row(FLOOR, s, {"w2": 0.0, "modes": 25.0}) for s in range(3)),
        *(row("energy", s, {"w2": 0.1 + 0.01 * s, "modes": 25.0}, memory_mb=100.0 * s) for s in range(3)),
        *(row(NASTY, s, {"w2": 0.9 + 0.01 * s, "modes": 24.0 - 0.1 * s}) for s in range(3)),
        *(row("gan", s, {"w2": float("nan") if s else 1.0}) for s in range(3)),
        row("energy", 0, {"w2": 7.0}, target="moons"),
    ]


def test_cells_are_means_with_half_widths_and_marks():
    table = comparison_table(rows(), METRICS, "ring")
    assert table.headings == ("objective", "W₂ ↓", "modes_50% ↑", "time, s", "compile, s", "memory, MB")
    lines = {line.name: line for line in table.lines}
    assert list(lines) == ["energy", NASTY, "gan", FLOOR]
    # t_{0.975, 2} · 0.01 / √3 = 0.0248
    assert [cell.text for cell in lines["energy"].cells] == ["0.11 ± 0.02", "25.0 ± 0.0", "2.0", "0.5", "100"]
    assert [cell.best for cell in lines["energy"].cells] == [True, True, False, False, False]
    assert not any(cell.best for cell in lines[NASTY].cells)
    assert [cell.text for cell in lines["gan"].cells][:2] == ["not finite (2 of 3)", "–"]


def test_nothing_is_in_bold_where_too_few_seeds_tell():
    noisy = [row(name, s, {"w2": float(s + i)}) for i, name in enumerate("abc") for s in range(3)]
    table = comparison_table(noisy, METRICS, "ring")
    assert not any(cell.best for line in table.lines for cell in line.cells)
    assert "too few seeds to tell" in table.caption
    assert "too few seeds" not in comparison_table(rows(), METRICS, "ring").caption


def test_limits_of_what_was_tried_are_no_values():
    n50 = MEASURES["n50"]
    values = {"all": [1000.0] * 3, "some": [1000.0, 812.5, 900.25], "none": [9.5, 10.5, 11.5], "least": [8.0, 8.0, 8.0]}
    found = comparison_table([row(n, s, {"n50": v[s]}) for n, v in values.items() for s in range(3)], [n50], "ring")
    assert [line.cells[0].text for line in found.lines] == ["≥ 1000", "≥ 904 ± 233", "10 ± 2", "≤ 8"]
    assert r"$\geq$ 1000" in to_latex(found)


def test_the_floor_is_last_and_not_ranked():
    floor = comparison_table(rows(), METRICS, "ring").lines[-1]
    assert floor.floor
    assert [cell.text for cell in floor.cells] == ["0.00 ± 0.00", "25.0 ± 0.0", "–", "–", "–"]
    assert not any(cell.best for cell in floor.cells)


def test_the_caption_says_what_the_numbers_are():
    caption = comparison_table(rows(), METRICS, "ring").caption
    assert "3 seeds" in caption
    assert "95 %" in caption
    assert "Student" in caption
    assert "real data" in caption
    assert "One seed" in comparison_table(rows(), METRICS, "moons").caption
    uneven = [row("a", 0, {"w2": 1.0}), row("b", 0, {"w2": 1.0}), row("b", 1, {"w2": 2.0})]
    assert "1 to 2 seeds" in comparison_table(uneven, METRICS, "ring").caption


def test_tiny_huge_and_negative_numbers_stay_readable():
    values = {"tiny": 1.2e-7, "huge": 3.4e9, "zero": 0.0, "minus": -0.0001}
    table = comparison_table([row(name, 0, {"w2": v}) for name, v in values.items()], METRICS, "ring")
    assert [line.cells[0].text for line in table.lines] == ["1.2e-07", "3.4e+09", "0.00", "-1.0e-04"]
    spread = [row("a", s, {"w2": v}) for s, v in enumerate((-0.03, 0.01, 0.018))]
    assert comparison_table(spread, METRICS, "ring").lines[0].cells[0].text == "0.00 ± 0.06"


def test_a_seed_that_is_there_twice_is_an_error():
    with pytest.raises(ValueError, match="seed 0 of 'energy' on 'ring' is there twice"):
        comparison_table([row("energy", 0, {}), row("energy", 0, {})], METRICS, "ring")


def test_an_unknown_target_is_an_error():
    with pytest.raises(ValueError, match="these targets: moons, ring"):
        comparison_table(rows(), METRICS, "rings")


def test_markdown_keeps_its_columns_whatever_the_names():
    text = to_markdown(comparison_table(rows(), METRICS, "ring"))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {7}
    assert "| energy | **0.11 ± 0.02** | **25.0 ± 0.0** | 2.0 | 0.5 | 100 |" in text
    assert r"a\|b & 50% \_x\_" in text


def test_latex_is_balanced_and_escaped():
    text = to_latex(comparison_table(rows(), METRICS, "ring"))
    for rule in ("toprule", "bottomrule"):
        assert text.count(rf"\{rule}") == 1
    assert text.count(r"\midrule") == 2
    body = text.split(r"\midrule")[1]
    assert body.count(r"\\") == 3
    assert all(len(re.findall(r"(?<!\\)&", line)) == 5 for line in body.strip().splitlines())
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    assert not set("%#_~^") & set(bare.replace("$_2$", ""))
    assert r"\textbf{0.11 $\pm$ 0.02}" in text
    assert r"W$_2$ $\downarrow$" in text
    assert text.isascii()


@pytest.mark.parametrize("width", [40, 60, 200])
def test_the_console_shows_every_number(width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(to_console(comparison_table(rows(), METRICS, "ring"), width=width))
    text = console.export_text()
    assert "energy" in text
    assert "a|b & 50%" in text  # names are not read as markup
    assert "0.11 ± 0.02" in text
    assert text.count("a|b & 50%") == {200: 1, 60: 2, 40: 5}[width]
    assert max(map(len, text.splitlines())) <= width
