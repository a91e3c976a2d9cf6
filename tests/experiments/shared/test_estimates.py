"""What repeated estimates say: bias, noise and cosine of estimates that are written down, and slopes of powers."""

import numpy as np
import pytest

from experiments.shared.estimates import APART, EQUAL, Cell, decays, tables


def test_the_slope_of_a_power_is_the_power():
    rng = np.random.default_rng(0)
    cells = {
        (EQUAL, 2, n, "a"): Cell(n**-0.8 * rng.uniform(0.9, 1.1, 100), np.zeros((100, 1)), 0.0, np.zeros(1))
        for n in (10, 100, 1000)
    }
    assert decays(cells)[2, "a"]["slope"] == pytest.approx(-0.4, abs=0.01)


def test_measures_of_two_estimates():
    # Values 1 and 3 around a truth of 1; gradients (3 ± 4, 0) and (3, 0 ± 4) about the true one, (3, 0).
    cell = Cell(np.array([1.0, 3.0]), np.array([[3.0, 4.0], [3.0, -4.0]]), 1.0, np.array([3.0, 0.0]))
    found = cell.metrics()
    assert (found["value"], found["bias"]) == (2.0, 1.0)
    assert found["std"] == pytest.approx(2**0.5)
    assert found["bias_error"] == pytest.approx(1.0)
    assert found["gradient_bias"] == 0.0
    assert found["gradient_noise"] == pytest.approx(32**0.5)
    assert found["gradient_snr"] == pytest.approx(3 / 32**0.5)
    assert found["cosine"] == pytest.approx(0.6)
    assert found["cosine_error"] == pytest.approx(0.0, abs=1e-12)
    assert "cosine" not in cell._replace(slope=np.zeros(2)).metrics()  # two samples of one law have no direction


def test_a_table_for_each_dimension_and_one_of_slopes():
    def cell(n):
        return Cell(np.array([1.0, 1.2]) / n, np.array([[1.0], [1.5]]), 1.0, np.ones(1))

    cells = {(case, d, n, "a"): cell(n) for case in (APART, EQUAL) for d in (1, 2) for n in (10, 100)}
    slopes, shown = tables(cells, 1.0, 0.8)
    assert [table.title for table in shown] == [f"{APART}, d = 1", f"{APART}, d = 2", f"{EQUAL}: sample complexity"]
    assert slopes[2, "a"]["slope"] == pytest.approx(-0.5)
