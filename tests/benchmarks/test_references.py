"""The right answers, and the floors under them."""

import numpy as np
import pytest

import igm_jax
from benchmarks.cases import CASES, Work
from benchmarks.problems import Size, load, problem, save
from benchmarks.rates import RATES, floor_seconds, measured_rates
from igm_jax.kernels import gaussian

WITH_VALUE = [name for name in CASES if name != "drifting"]


def small(case, n=7):
    draws = np.random.default_rng(3).normal(size=(4, 2))
    return problem(case, Size(n, n, 2), draws / np.linalg.norm(draws, axis=1, keepdims=True), 0, 1e-3)


@pytest.mark.parametrize("case", WITH_VALUE)
def test_gradients_are_finite_differences_of_values(case):
    chosen = small(case)
    chosen.parameters["epsilon"] *= 20  # few samples at a small ε take thousands of iterations
    direction = np.random.default_rng(1).normal(size=chosen.x.shape)
    x, step = chosen.x.astype(float), 1e-5
    reference = CASES[case].reference
    high, low = (reference(chosen._replace(x=x + sign * step * direction)).value for sign in (1, -1))
    slope = np.sum(reference(chosen._replace(x=x)).gradient * direction)
    np.testing.assert_allclose((high - low) / (2 * step), slope, rtol=1e-5)


def test_values_are_those_of_igm_jax(x64):
    chosen = small("mmd")
    x, y = chosen.x.astype(float), chosen.y.astype(float)
    sigma, epsilon = chosen.parameters["sigma"], chosen.parameters["epsilon"]
    expected = {
        "mmd": igm_jax.mmd2_biased(x, y, gaussian(sigma)),
        "energy": igm_jax.energy_distance(x, y),
        "sinkhorn": igm_jax.sinkhorn_divergence(x, y, epsilon, tolerance=1e-8),
    }
    for case, value in expected.items():
        np.testing.assert_allclose(CASES[case].reference(chosen).value, value, rtol=1e-5, err_msg=case)


def test_a_problem_comes_back_from_its_file(tmp_path):
    chosen = small("bank")
    save(tmp_path / "problem.npz", chosen)
    back = load(tmp_path / "problem.npz")
    assert back.case == "bank"
    assert back.parameters == chosen.parameters
    np.testing.assert_array_equal(back.x, chosen.x)
    assert back.x.dtype == np.float32


def test_the_floor_of_the_kernels_counts_each_symmetric_pair_once():
    n, d = 10, 3
    work = CASES["mmd"].work(Size(n, n, d), 1)
    assert work == Work(flops=8 * n * n * d, exponentials=2 * n * n)
    assert CASES["energy"].work(Size(n, n, d), 1) == Work(flops=8 * n * n * d, roots=2 * n * n)


@pytest.mark.parametrize("case", CASES)
def test_floors_are_positive_and_grow(case):
    rates = dict.fromkeys(RATES, 1e9)
    little, much = (floor_seconds(CASES[case].work(Size(n, n, 2), 10), rates) for n in (100, 200))
    assert 0 < 1.9 * little < much


def test_rates_are_measured():
    rates = measured_rates(edge=64, repeats=1)
    assert set(rates) == set(RATES) == set(Work._fields)
    assert min(rates.values()) > 0
