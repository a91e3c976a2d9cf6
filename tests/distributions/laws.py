"""Laws that every target with a density in the plane must keep; shared by the tests of this folder."""

import jax
import numpy as np
from scipy import stats


def drawn(target, key, n):
    """Draws, in one compilation."""
    return np.asarray(jax.jit(target, static_argnums=1)(key, n))


def evaluate(target, points):
    """The log density and the score at points, in one compilation."""
    return jax.jit(lambda p: (target.log_density(p), target.score(p)))(points)


def cell_masses(target, low, high, cells, refine):
    """Probabilities of the cells of a square grid, by the midpoint rule on ``refine`` points a side."""
    width = (high - low) / (cells * refine)
    axis = low + width * (np.arange(cells * refine) + 0.5)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(np.asarray(jax.jit(target.log_density)(points), np.float64)) * width**2
    return density.reshape(cells, refine, cells, refine).sum(axis=(1, 3))


def draws_fit_density(target, masses, low, high, n=20_000):
    """The p-value of Pearson's test that draws fall into cells as the density says; rare cells are put together."""
    x = drawn(target, jax.random.key(7), n)
    edges = np.linspace(low, high, len(masses) + 1)
    counts = np.histogram2d(x[:, 0], x[:, 1], [edges, edges])[0].ravel()
    expected = n * masses.ravel()
    common = expected >= 5
    observed = np.append(counts[common], n - counts[common].sum())
    expected = np.append(expected[common], max(n - expected[common].sum(), 1e-9))
    if expected[-1] < 5:
        assert observed[-1] < 20
        observed, expected = observed[:-1], expected[:-1] * observed[:-1].sum() / expected[:-1].sum()
    return stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue


def finite_differences(function, points, step=1e-5):
    """Central differences of ``(m, d) -> (m,)``, (m, d)."""
    columns = []
    for j in range(points.shape[1]):
        shift = np.zeros(points.shape[1])
        shift[j] = step
        columns.append((function(points + shift) - function(points - shift)) / (2 * step))
    return np.stack([np.asarray(column) for column in columns], axis=1)
