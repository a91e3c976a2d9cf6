"""What two-sample tests are compared on: densities, masses, and draws that fit them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from igm_jax.distributions import odd_mode, perturbed_uniform
from tests.distributions.laws import cell_masses, drawn, draws_fit_density


def bump(t):
    """G of the paper."""
    if -1 < t < -0.5:
        return np.exp(-1 / (1 - (4 * t + 3) ** 2))
    return -np.exp(-1 / (1 - (4 * t + 1) ** 2)) if -0.5 < t < 0 else 0.0


@pytest.mark.parametrize(("dim", "cells"), [(1, 3), (2, 2), (3, 2)])
def test_density_is_that_of_the_paper_up_to_signs(dim, cells):
    target = perturbed_uniform(dim, 0.7, cells, seed=1)
    points = np.random.default_rng(0).uniform(size=(200, dim))
    found = np.exp(np.asarray(jax.jit(target.log_density)(points.astype(np.float32)))) - 1
    cell = np.floor(cells * points)
    size = np.array([np.prod([bump(t) for t in row]) for row in cells * points - cell - 1])
    np.testing.assert_allclose(np.abs(found), 0.7 * np.exp(dim) * np.abs(size), atol=1e-4)
    # One sign for each cell.
    seen = np.abs(size) > 1e-4
    signs = np.sign(found * size)[seen]
    for place in np.unique(cell[seen], axis=0):
        assert len(set(signs[(cell[seen] == place).all(axis=1)])) == 1
    assert {-1.0, 1.0} == set(signs)


def test_mass_is_one_and_cells_have_equal_shares(x64):
    target = perturbed_uniform(1, 1.0, 2)
    log_density = jax.jit(target.log_density)
    for low, high in ((0, 0.5), (0.5, 1)):
        mass, _ = integrate.quad(
            lambda t: float(np.exp(log_density(np.array([[t]]))[0])), low, high, points=[low + 0.25]
        )
        assert mass == pytest.approx(0.5, abs=1e-6)
    assert np.isneginf(log_density(np.array([[-0.1], [1.1]]))).all()


def test_draws_fit_the_density():
    target = perturbed_uniform(2, 1.0, 2, seed=3)
    masses = cell_masses(target, 0.0, 1.0, 16, 8)
    assert masses.sum() == pytest.approx(1, abs=1e-3)
    assert draws_fit_density(target, masses, 0.0, 1.0) > 1e-3
    # Without the bumps they would not.
    assert draws_fit_density(target, np.full((16, 16), 1 / 256), 0.0, 1.0) < 1e-6


def test_no_amplitude_is_uniform():
    target = perturbed_uniform(2, 0.0)
    points = jnp.asarray([[0.1, 0.9], [0.5, 0.5]])
    assert target.log_density(points).tolist() == [0.0, 0.0]
    assert draws_fit_density(target, np.full((8, 8), 1 / 64), 0.0, 1.0) > 1e-3


def test_wrong_wishes_are_refused():
    with pytest.raises(ValueError, match=r"`amplitude` must lie between 0 and 1, but is 1\.1"):
        perturbed_uniform(2, 1.1)
    with pytest.raises(ValueError, match="at most a million"):
        perturbed_uniform(8, 0.5, 10)
    with pytest.raises(ValueError, match="`std` must be positive"):
        odd_mode(0.0)


def test_one_mode_is_odd():
    x = drawn(odd_mode(3.0), jax.random.key(0), 20_000)
    for corner, std in (((1, 1), 1), ((-1, 1), 1), ((1, -1), 1), ((-1, -1), 3)):
        near = x[(np.sign(x) == corner).all(axis=1)] - 20.0 * np.array(corner)
        assert len(near) == pytest.approx(5000, abs=4 * np.sqrt(20_000 * 3 / 16))
        assert near.std() == pytest.approx(std, rel=0.04)  # four standard errors: 4/√(2 · 10 000)
