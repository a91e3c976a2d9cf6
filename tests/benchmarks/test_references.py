"""The right answers."""

import numpy as np
import pytest

import igm_jax
from benchmarks.cases import CASES
from igm_jax.kernels import gaussian
from tests.benchmarks.small import small

WITH_VALUE = [name for name in CASES if name != "drifting"]


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
