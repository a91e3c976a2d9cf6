"""The targets in the plane: where their mass is, that densities integrate to one, and that draws follow them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import checkerboard, grid, moons, ring, swiss_roll, unequal_mixture
from tests.distributions.laws import cell_masses, drawn, draws_fit_density, evaluate, finite_differences

# Wide enough noise that a grid of moderate size integrates the density: (target, low, high).
PLANE = {
    "ring": (ring(8, 1.0, 0.1), -2.0, 2.0),
    "grid": (grid(3, 1.0, 0.15), -2.0, 2.0),
    "unequal_mixture": (unequal_mixture(std=0.2), -3.5, 3.5),
    "moons": (moons(0.1), -2.0, 3.0),
    "swiss_roll": (swiss_roll(0.06), -1.5, 1.5),
    "checkerboard": (checkerboard(0.05), -1.5, 1.5),
}


@pytest.mark.parametrize("name", PLANE)
def test_draws_fit_the_density_which_integrates_to_one(name):
    target, low, high = PLANE[name]
    masses = cell_masses(target, low, high, 30, 6)
    np.testing.assert_allclose(masses.sum(), 1.0, atol=1e-5)
    assert draws_fit_density(target, masses, low, high) > 1e-3


@pytest.mark.parametrize("name", PLANE)
def test_score_is_the_gradient_and_single_precision_is_enough(name):
    target = PLANE[name][0]
    points = np.random.default_rng(0).uniform(-1, 1, (20, 2)).astype(np.float32)
    single, single_score = evaluate(target, points)
    with jax.enable_x64(True):
        function = jax.jit(lambda p: (target.log_density(p), target.score(p)))
        log_density, score = function(points.astype(np.float64))
        differences = finite_differences(lambda p: function(p)[0], points.astype(np.float64))
    np.testing.assert_allclose(score, differences, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(single, log_density, atol=3e-5, rtol=3e-6)
    np.testing.assert_allclose(single_score, score, atol=2e-3, rtol=1e-4)


def test_ring_has_eight_distinct_modes_on_the_circle():
    modes = ring().modes
    means = np.asarray(modes.means)
    np.testing.assert_allclose(np.linalg.norm(means, axis=1), 1.0, rtol=1e-6)
    gaps = np.linalg.norm(means[:, None] - means[None], axis=2) + 10 * np.eye(8)
    np.testing.assert_allclose(gaps.min(axis=1), 2 * np.sin(np.pi / 8), rtol=1e-5)
    assert modes.std == 0.01


def test_grid_is_the_25_gaussians():
    modes = grid().modes
    expected = {(a, b) for a in (-4.0, -2.0, 0.0, 2.0, 4.0) for b in (-4.0, -2.0, 0.0, 2.0, 4.0)}
    assert {tuple(mean) for mean in np.asarray(modes.means).tolist()} == expected
    assert modes.std == 0.05
    np.testing.assert_allclose(modes.weights, np.full(25, 0.04), rtol=1e-6)


@pytest.mark.parametrize("target", [ring(), grid(), unequal_mixture()], ids=lambda target: target.name)
def test_every_mode_gets_its_share(target, key):
    n = 8000
    x = drawn(target, key, n)
    distances = np.linalg.norm(x[:, None] - np.asarray(target.modes.means)[None], axis=2)
    shares = np.bincount(distances.argmin(axis=1), minlength=len(target.modes.means)) / n
    weights = np.asarray(target.modes.weights)
    assert (np.abs(shares - weights) < 4.5 * np.sqrt(weights * (1 - weights) / n)).all()
    # Within three standard deviations of the nearest mode: 1 - e^{-9/2} of the mass in two dimensions.
    share = (distances.min(axis=1) < 3 * target.modes.std).mean()
    assert abs(share - (1 - np.exp(-4.5))) < 4.5 * np.sqrt(0.0111 / n)


def test_moons_without_noise_lie_on_their_half_circles(key):
    x, y = drawn(moons(0.0), key, 500).astype(np.float64).T
    outer = (np.abs(np.hypot(x, y) - 1) < 1e-5) & (y > -1e-5)
    inner = (np.abs(np.hypot(x - 1, y - 0.5) - 1) < 1e-5) & (y < 0.5 + 1e-5)
    assert (outer | inner).all()
    assert 0.4 < outer.mean() < 0.6


def test_swiss_roll_without_noise_is_the_spiral(key):
    x, y = drawn(swiss_roll(0.0), key, 500).astype(np.float64).T
    t = np.hypot(x, y) * 4.5 * np.pi
    assert (t >= 0.5 * np.pi - 1e-4).all()
    assert (t <= 4.5 * np.pi + 1e-4).all()
    np.testing.assert_allclose(np.stack([t * np.cos(t), t * np.sin(t)]) / (4.5 * np.pi), [x, y], atol=1e-4)


def test_checkerboard_without_noise_fills_the_dark_squares(key):
    target = checkerboard(0.0)
    x = drawn(target, key, 1000)
    assert (np.abs(x) <= 1).all()
    squares = np.floor((x + 1) * 2).clip(0, 3).astype(int)
    assert (squares.sum(axis=1) % 2 == 0).all()
    assert len({tuple(square) for square in squares.tolist()}) == 8
    log_density, score = evaluate(target, np.append(x, [[-0.25, -0.75]], axis=0).astype(np.float32))
    np.testing.assert_allclose(log_density[:-1], np.log(0.5), rtol=1e-5)
    assert float(log_density[-1]) == -np.inf
    assert bool(jnp.isfinite(score).all())


@pytest.mark.parametrize("constructor", [moons, swiss_roll, checkerboard])
@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_noise_is_checked(constructor, noise):
    with pytest.raises(ValueError, match="`noise` must be positive"):
        constructor(noise)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ring(0), "`modes` must be at least 1"),
        (lambda: ring(std=0.0), "`std` must be positive"),
        (lambda: grid(2.5), "side"),
        (lambda: grid(spacing=-2.0), "`spacing` must be positive"),
        (lambda: unequal_mixture((0.5, -0.5)), "non-negative"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
