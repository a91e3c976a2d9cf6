"""Critics, densities and f-divergences: every identity holds, in the sense that it claims."""

import numpy as np

from experiments.identities import adversarial
from experiments.identities.claim import P, Q, line
from igm_jax.objectives import wgan_value
from tests.experiments.identities.holding import assert_holds, each


@each(adversarial.IDENTITIES)
def test_identity(identity):
    assert_holds(identity)


def test_quadrature_under_the_two_densities(x64):
    """The masses are one, and the expectation of a critic is that of the mixture's mean."""
    grid = line()
    for density, parts in ((grid.p, P), (grid.q, Q)):
        np.testing.assert_allclose(density.sum() * grid.weight, 1, rtol=1e-12)
        mean = sum(weight * place for weight, place, _ in parts)
        np.testing.assert_allclose((density * grid.points).sum() * grid.weight, mean, rtol=1e-10)
    np.testing.assert_allclose(
        adversarial._weighted(wgan_value, grid.points), (grid.p - grid.q) @ grid.points * grid.weight, rtol=1e-10
    )
