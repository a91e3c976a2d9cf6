"""The grid of errors: its truth is the truth, and ours is near it."""

import json

import pytest

from benchmarks import errors

# Of a few samples the rounding of each shows; copies of one sample round alike, and samples far away, though without weight,
# leave fewer digits to sums that are shared with them.
EXPECTED = {"plain": 2e-6, "offset 1e4": 2e-6, "half duplicates": 1e-5, "zero weights": 3e-5, "x is y": 2e-6}
EXPECTED |= {"bf16 default": 2e-6, "float64": 1e-13}


@pytest.mark.slow
def test_the_smoke_grid_is_exact_everywhere(tmp_path):
    """In float64 the code and the dense formula agree to rounding, which shows that they compute the same."""
    assert errors.main(["--smoke", "--directory", str(tmp_path / "errors")]) == 0
    story = json.loads((tmp_path / "errors-smoke" / "errors.json").read_text())
    assert {"commit", "device", "versions"} <= set(story)
    assert len(story["rows"]) == len(errors.FEW) * len(errors.CONDITIONS) * len(errors.measures(2, False))
    for row in story["rows"]:
        assert row["gradient_error"] < EXPECTED[row["condition"]], row
        assert row["value_error"] is None or row["value_error"] < EXPECTED[row["condition"]], row


def test_a_wrong_sum_would_show():
    truth = errors.measures(2, True)["energy distance"]
    wrong = truth._replace(ours=lambda x, y, a, b: truth.ours(x, y, a, a[: len(b)]))
    assert min(errors.errors(wrong, "float64", (21, 21, 2))) > 1e-3
    assert errors.errors(truth, "float64", (21, 21, 2)) == pytest.approx((0, 0), abs=1e-13)
