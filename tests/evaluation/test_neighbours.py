"""Neighbours and balls of the screen against plain double precision, where single precision alone would be wrong."""

import numpy as np
import pytest

from igm_jax.evaluation import neighbours


def draws(seed, n, d, kind):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    if kind == "lattice":  # many equal distances, and copies
        return np.round(x)
    if kind == "far":
        return x + 1e6
    if kind == "outlier":
        x[0] = 1e9
        return x
    if kind == "tight":  # clusters a millionth as wide as they are apart
        return 1e6 * np.arange(n)[:, None] // 10 + 1e-3 * x
    if kind == "collapsed":
        return x[rng.integers(3, size=n)]
    if kind == "tiny":
        return 1e-200 * x
    return x


def dense(x, y):
    gap = x[:, None] - y[None]
    scale = np.abs(gap).max() or 1.0
    return np.sqrt(np.sum((gap / scale) ** 2, axis=-1)) * scale


KINDS = ["normal", "lattice", "far", "outlier", "tight", "collapsed", "tiny"]


@pytest.mark.parametrize("d", [1, 3, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_are_those_of_double_precision(kind, d, monkeypatch):
    monkeypatch.setattr(neighbours, "TILE", 3000)  # several tiles
    points, y = draws(0, 70, d, kind), draws(1, 90, d, kind)
    y[:5] = points[:5]
    found, index = neighbours.nearest_exact(points, y, 12)
    distances = dense(points, y)
    np.testing.assert_allclose(found, np.sort(distances, axis=1)[:, :12], rtol=1e-12, atol=0)
    np.testing.assert_allclose(np.take_along_axis(distances, index, 1), found, rtol=1e-12, atol=0)
    assert all(len(set(row)) == 12 for row in index.tolist()), "copies are different neighbours"
    assert (found[:5, 0] == 0).all()


@pytest.mark.parametrize("d", [1, 3, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_points_in_balls_are_those_of_double_precision(kind, d, monkeypatch):
    monkeypatch.setattr(neighbours, "TILE", 3000)
    points, centres = draws(0, 70, d, kind), draws(1, 90, d, kind)
    distances = dense(points, centres)
    # Rims through the points themselves: just beyond one, just before another, and far outside.
    radius = np.sort(distances, axis=0)[np.arange(90) % 70, np.arange(90)]
    radius *= np.where(np.arange(90) % 2, 1 + 1e-12, 1 - 1e-12)
    radius[:2] = 0.0, np.finfo(float).max
    inside = distances <= radius[None]
    found = neighbours.held(points, centres, radius)
    np.testing.assert_array_equal(found.balls, inside.sum(1))
    np.testing.assert_array_equal(found.points, inside.sum(0))


def test_the_bound_holds():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 500)), rng.normal(size=(80, 500))
    within = neighbours.frame(x, y)
    for dtype in (np.float32, np.float64):
        a, b = (neighbours.scaled(z, within, dtype) for z in (x, y))
        relative, _ = neighbours.bound(500, dtype)
        size = a.squares[:, None] + b.squares[None]
        error = np.abs(size + neighbours._products(a, b) - (dense(x, y) / within.unit) ** 2)
        assert error.max() <= (relative * size).min()
        assert error.max() > 1e-4 * relative * size.max(), "the bound is not out of all proportion"


def test_copies_are_found():
    x = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [0.0, 0.0]])
    once = neighbours.distinct(x)
    assert len(once.first) == 3
    np.testing.assert_array_equal(x[once.first][once.which], x)


def test_a_screen_leaves_few_pairs_open(monkeypatch):
    """What makes it fast: of 250 000 pairs in 300 dimensions, differences are taken of about k a row."""
    looked_at = []
    plain = neighbours.distances_of
    monkeypatch.setattr(
        neighbours, "distances_of", lambda x, y, i, j, u: looked_at.append(len(i)) or plain(x, y, i, j, u)
    )
    x, y = np.random.default_rng(0).normal(size=(2, 500, 300))
    neighbours.nearest_exact(x, y, 5)
    assert 2500 <= sum(looked_at) < 2600
    looked_at.clear()
    neighbours.held(x, y, np.full(500, 22.0))
    assert sum(looked_at) < 100
