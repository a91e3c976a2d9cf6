"""Gaussian fits: every identity holds, in the sense that it claims."""

import jax.numpy as jnp
import pytest

from experiments.identities import two_gaussians
from tests.experiments.identities.holding import assert_holds, each


@each(two_gaussians.IDENTITIES)
def test_identity(identity):
    assert_holds(identity)


def test_the_formula_of_covariances(x64):
    """Commuting covariances: ‖a - b‖² + Σ (s - t)² of the standard deviations."""
    corners = jnp.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    x, y = corners * jnp.array([[1.0, 2.0]]), corners * jnp.array([[3.0, 0.5]]) + 1
    assert two_gaussians._fits(x, y) == pytest.approx(2 + (1 - 3) ** 2 + (2 - 0.5) ** 2)
