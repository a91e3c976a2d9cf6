"""The Wasserstein-1 table: a run of seconds, and by which rule cells are judged."""

import json

import jax
import numpy as np
import pytest

from experiments.shared.tasks import Found
from experiments.tables.wasserstein1 import Config, main, parts
from experiments.tables.wasserstein1_pairs import CELLS


@pytest.mark.slow
def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        main(["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    found = {(e["table"], e["line"]): e["ours"][0] for e in entries}
    for solver in ("Sinkhorn potential", "spectral norm", "sorting"):  # of slope one: their gaps are lower bounds
        assert found["Distance over the true one", solver] < 1.15
    true, discrete = (found["Wasserstein-1 distance", name] for name in ("true W1", "discrete OT"))
    np.testing.assert_allclose(found["Distance over the true one", "discrete OT"], discrete / true, rtol=1e-9)
    assert found["Direction of the gradient", "Sinkhorn potential"] > 0.3
    assert not any(e["agrees"] for e in entries if e["line"] == "true W1")  # one pair has no spread to judge by


def test_distances_of_drawn_pairs_are_judged_by_the_spread_over_pairs():
    published = 0.817  # two draws 2 apart (in hundredths) have deviation √2, their mean and another draw √3
    for far, agrees in ((3 * 3**0.5 - 0.01, True), (3 * 3**0.5 + 0.01, False)):
        pairs = [Found({"w1": published + (far + side) / 100}) for side in (-1, 1)]
        distances = parts(Config(), {f"true W1, {CELLS[0]}": pairs})[2].entries
        assert [entry.agrees for entry in distances if entry.ours] == [agrees]


def test_cells_without_runs_are_shown_without_a_verdict():
    assert all(entry.agrees is None for part in parts(Config(preset="smoke"), {}) for entry in part.entries)
