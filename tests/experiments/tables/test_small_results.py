"""Small exact results: each measured number against an independent one, and the smoke run from end to end."""

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from experiments.tables.command import Config, main
from experiments.tables.small_results import (
    DRAWS,
    POINTS,
    PUBLICATION,
    SAMPLES,
    coin,
    expected,
    monotone_slope,
)


@pytest.mark.slow
def test_one_toss_of_a_coin():
    """E|θ − k| = θ*(1 − θ) + (1 − θ*)θ has slope 1 − 2θ*, least at θ = 1 for θ* = .7; E(θ − k)² is least at θ*."""
    found = coin(0.7, 1).metrics
    assert found["W1 minimiser"] == 1.0
    assert found["W1 slope"] == pytest.approx(-0.4)
    assert found["Cramér minimiser"] == pytest.approx(0.7)
    assert found["Cramér slope"] == pytest.approx(0.0, abs=1e-12)


def test_the_slope_is_the_ratio_of_densities():
    for shift in (0.5, 1.5):
        assert monotone_slope(shift) == pytest.approx(norm.pdf(0) / norm.pdf(shift), rel=1e-6)


@pytest.mark.slow
def test_the_table(tmp_path):
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    exact = [entry for entry in entries if "n =" not in entry["line"] and "d =" not in entry["column"]]
    assert len(exact) == 4 + 4
    assert all(entry["agrees"] for entry in exact)
    cell = {(entry["line"], entry["column"]): entry for entry in entries}
    assert cell["θ* = 0.6, m = 6", "W1 minimiser"]["ours"][0] == pytest.approx(4 / 6)
    # One sample of n draws has a distance of about its mean; 4 seeds of so many have a standard error of a few per cent.
    assert DRAWS * 4 == 512
    for n in SAMPLES:
        for name, known in zip(("MMD²", "energy"), expected(), strict=True):
            assert np.mean(cell[f"n = {n}", name]["ours"]) == pytest.approx(known / n, rel=0.15)
    # Roots of V-statistics fall like 1/√n, whatever the law.
    for name in ("MMD", "√energy distance"):
        assert cell[name, "d = 2"]["ours"][0] == pytest.approx(-0.5, abs=0.12)
    assert (tmp_path / "complexity.png").stat().st_size > 5_000


def test_the_law_is_known():
    mmd, energy = expected()
    # Differences of two draws of N(0, I) in the plane are N(0, 2 I): E exp(−r²/2) = 1/3 and E r = √π, here for 256 points.
    assert mmd == pytest.approx(2 / 3, abs=3 / math.sqrt(POINTS))
    assert energy == pytest.approx(math.sqrt(math.pi), abs=3 / math.sqrt(POINTS))
