"""A published number and ours: rules of agreement at their edges, and what a cell shows."""

import numpy as np

from experiments.tables.published import (
    Entry,
    one_draw,
    same_sign,
    tabulated,
    within,
    within_binomial,
    within_errors,
    within_factor,
)


def test_rules_at_their_edges():
    assert Entry("a", "b", 1.0, (0.75, 1.25), within(0.0)).agrees
    assert Entry("a", "b", 1.0, (1.5,), within(0.5)).agrees
    assert not Entry("a", "b", 1.0, (1.51,), within(0.5)).agrees
    assert Entry("a", "b", 3.0, (2.0,), within_factor(1.5)).agrees
    assert not Entry("a", "b", 3.0, (1.99,), within_factor(1.5)).agrees
    # Ours ± 0.5 (two values 1 apart have standard error ½), theirs ± .5: together √½.
    assert Entry("a", "b", 0.0, (0.9, 1.9), within_errors(2.0), spread=0.5).agrees
    assert not Entry("a", "b", 0.0, (1.0, 2.0), within_errors(2.0), spread=0.5).agrees
    # Of 98: ½ has variance ¼ / 100 on both sides.
    assert Entry("a", "b", 0.5, (0.5 + 0.070,), within_binomial(1.0, 98, 98)).agrees
    assert not Entry("a", "b", 0.5, (0.5 + 0.071,), within_binomial(1.0, 98, 98)).agrees
    # Two draws 2 apart have deviation √2; their mean and another draw differ by √1.5 of it.
    assert Entry("a", "b", 3 * 3**0.5 - 0.01, (-1.0, 1.0), one_draw(3, "pair", "pairs")).agrees
    assert not Entry("a", "b", 3 * 3**0.5 + 0.01, (-1.0, 1.0), one_draw(3, "pair", "pairs")).agrees
    assert Entry("a", "b", -8.0, (-1.0, 0.9), same_sign()).agrees
    assert not Entry("a", "b", -8.0, (-1.0, 1.1), same_sign()).agrees
    assert not Entry("a", "b", -8.0, (0.0,), same_sign()).agrees
    assert not Entry("a", "b", 1.0, (1.0, np.nan), within(9.0)).agrees
    assert Entry("a", "b", None, (1.0,), within(1.0)).agrees is None
    assert Entry("a", "b", 1.0, (), within(1.0)).agrees is None


def test_cells_show_ours_theirs_and_the_verdict():
    entries = [
        Entry("KL", "μ", 1.0335, (1.0, 1.1), within(0.1), digits=2),
        Entry("KL", "σ", 2.0, (3.0,), within(0.1), digits=2),
        Entry("JS", "μ", None, (1e-5,), digits=2),
    ]
    table = tabulated("A table", "Of numbers.", entries, "f")
    assert table.headings == ("f", "μ", "σ")
    assert [cell.text for cell in table.lines[0].cells] == ["1.05 ± 0.07 (1.03) ✓", "3.00 (2.00) ✗"]
    assert [cell.text for cell in table.lines[1].cells] == ["1.0e-05", ""]
    assert "1 of 2 agree" in table.caption
