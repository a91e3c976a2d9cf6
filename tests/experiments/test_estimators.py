"""Estimators: closed forms against known numbers, one small run from end to end, and what its rows must say."""

import json

import numpy as np
import pytest

from experiments import estimators
from experiments.shared import gaussians
from experiments.shared.estimates import APART, EQUAL
from experiments.shared.gaussians import setting_of

DIMS, SIZES = (5,), (8, 32)
NAMES = ("MMD², biased", "MMD², unbiased", "energy, biased", "exact W2²")  # each is compiled for every size


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    output = tmp_path_factory.mktemp("estimators")
    config = estimators.Config(output=output, dims=DIMS, sizes=SIZES, repeats=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimators, "ESTIMATORS", {name: estimators.ESTIMATORS[name] for name in NAMES})
        estimators.run(estimators.prepared(config))
    rows = [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()]
    return output, {(row["target"], row["objective"]): row for row in rows}


def metrics(rows, case, d, n, name):
    return rows[f"{case}, d = {d}", f"{name}, n = {n}"]["metrics"]


def test_a_small_run_writes_everything(small_run):
    output, rows = small_run
    assert {path.name for path in output.iterdir()} == {
        "report.md", "rows.jsonl", "runs", "bias.png", "snr.png", "cosine.png", "decay.png",
    }  # fmt: skip
    assert len(rows) == len(DIMS) * len(NAMES) * (2 * len(SIZES) + 1)
    assert all(np.isfinite(value) for row in rows.values() for value in row["metrics"].values())
    row = rows[f"{APART}, d = 5", "energy, biased, n = 8"]
    assert {"commit", "versions", "device", "date"} <= set(row)
    assert (row["seed"], row["config"]["n"], row["config"]["setting"]["epsilon"]) == (0, 8, pytest.approx(1.0))
    assert "| exact W2² |" in (output / "report.md").read_text()


def test_unbiased_estimators_are_unbiased(small_run):
    for case in (APART, EQUAL):
        for d in DIMS:
            for n in SIZES:
                found = metrics(small_run[1], case, d, n, "MMD², unbiased")
                assert abs(found["bias"]) < 3 * found["bias_error"], (case, d, n)


def test_the_bias_of_the_biased_ones_is_the_known_one_over_n(small_run):
    # E[V-statistic] = D + (E k(x, x) - E k(x, x') + E k(y, y) - E k(y, y')) / n.
    for d in DIMS:
        setting = setting_of(d, 0.1, 64)
        v = (2 * 0.8**2, 2.0)
        expected = {
            "MMD², biased": sum(1 - gaussians.mean_kernel(setting, 0.0, each) for each in v),
            "energy, biased": sum(gaussians.mean_distance(setting, 0.0, each) for each in v),
        }
        for name, total in expected.items():
            for n in SIZES:
                found = metrics(small_run[1], APART, d, n, name)
                assert found["bias"] > 4 * found["bias_error"]
                assert found["bias"] == pytest.approx(total / n, abs=3.5 * found["bias_error"])


def test_gradients_grow_true_with_the_batch(small_run):
    for d in DIMS:
        for name in NAMES:
            small, large = (metrics(small_run[1], APART, d, n, name) for n in SIZES)
            # Four times the samples halve the noise.
            assert large["gradient_snr"] / small["gradient_snr"] == pytest.approx(2.0, rel=0.3), (d, name)
            assert large["cosine"] > small["cosine"], (d, name)


def test_unbiased_mmd_has_the_gradient_of_the_closed_form(small_run):
    for d in DIMS:
        found = metrics(small_run[1], APART, d, 32, "MMD², unbiased")
        # The mean of 200 gradients misses by noise / √200.
        assert found["gradient_bias"] < 2 * found["gradient_noise"] / found["gradient"] / np.sqrt(200)


def test_distances_of_a_law_from_itself_fall_like_the_root_of_n(small_run):
    for d in DIMS:
        for name in ("MMD², biased", "energy, biased"):
            found = small_run[1][f"{EQUAL}, d = {d}", f"{name}, slope"]["metrics"]
            assert found["slope"] == pytest.approx(-0.5, abs=0.06), (d, name)
    assert small_run[1][f"{EQUAL}, d = 5", "exact W2², slope"]["metrics"]["slope"] > -0.35


def test_smoke_is_small(tmp_path):
    config = estimators.prepared(estimators.Config(output=tmp_path / "results", smoke=True))
    assert (config.dims, config.sizes) == ((2, 8), (16, 64))
    assert config.output == tmp_path / "results-smoke"  # results are not written over
    assert list(config.output.iterdir()) == []
