"""What implementations share: conventions of values and gradients, and the error of marginals."""

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.peers.prepared import jax_step, marginal_error
from igm_jax.objectives import sinkhorn_potentials
from tests.benchmarks.small import small


def test_a_loss_comes_with_its_gradient_in_x():
    chosen = small("mmd")
    prepared = jax_step(lambda x, y: jnp.sum(x**2) + jnp.sum(y), chosen)
    value, gradient = prepared.read(prepared.step())
    assert value == pytest.approx(float((chosen.x**2).sum() + chosen.y.sum()), rel=1e-5)
    np.testing.assert_allclose(gradient, 2 * chosen.x, rtol=1e-6)


def test_potentials_that_are_solved_have_no_marginal_error(x64):
    chosen = small("sinkhorn")
    chosen = chosen._replace(x=chosen.x.astype(float), y=chosen.y.astype(float))
    epsilon = chosen.parameters["epsilon"] = 1.0
    f, g, *_ = sinkhorn_potentials(chosen.x, chosen.y, epsilon, tolerance=1e-10, max_iterations=5000)
    assert marginal_error(chosen, f, g) < 1e-9
    # Raised by ε log 2, every row and column has twice the mass that it should.
    assert marginal_error(chosen, f + np.log(2), g) == pytest.approx(1, abs=1e-8)
