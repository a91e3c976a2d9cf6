"""Slow, plain float64 NumPy references that the tests hold the package to."""

import numpy as np
from scipy.special import logsumexp

# The two Gaussians whose closed forms are known: N(a, A) is the model, N(b, B) the data.
GAUSSIAN_A = (np.array([0.5, -1.0]), np.array([[1.0, 0.3], [0.3, 0.5]]))
GAUSSIAN_B = (np.array([-0.25, 0.75]), np.array([[0.6, -0.2], [-0.2, 1.4]]))


def squared_distances(x, y):
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return ((x[:, None, :] - y[None, :, :]) ** 2).sum(-1)


def uniform(x):
    return np.full(len(x), 1 / len(x))


def mmd2(x, y, kernel, a=None, b=None):
    """V-statistic for ``kernel(x, y) -> matrix`` in float64."""
    a, b = (uniform(s) if w is None else np.asarray(w, np.float64) / np.sum(w) for s, w in ((x, a), (y, b)))
    return a @ kernel(x, x) @ a + b @ kernel(y, y) @ b - 2 * a @ kernel(x, y) @ b


def mmd2_unbiased(x, y, kernel):
    n, m = len(x), len(y)
    kxx, kyy = kernel(x, x), kernel(y, y)
    within = (kxx.sum() - np.trace(kxx)) / (n * (n - 1)) + (kyy.sum() - np.trace(kyy)) / (m * (m - 1))
    return within - 2 * kernel(x, y).mean()


def energy(x, y):
    return mmd2(x, y, lambda u, v: -np.sqrt(squared_distances(u, v)))


def entropic_potentials(x, y, epsilon, steps=20_000):
    """Potentials of entropic transport by plain alternating log-domain updates, run until nothing moves."""
    cost, f, g = squared_distances(x, y), np.zeros(len(x)), np.zeros(len(y))
    log_a, log_b = np.log(uniform(x)), np.log(uniform(y))
    for _ in range(steps):
        g = -epsilon * logsumexp((f[:, None] - cost) / epsilon + log_a[:, None], axis=0)
        new = -epsilon * logsumexp((g[None, :] - cost) / epsilon + log_b[None, :], axis=1)
        done, f = np.abs(new - f).max() < 1e-13 * (1 + np.abs(new).max()), new
        if done:
            break
    return f, g


def entropic(x, y, epsilon):
    """OT_ε."""
    f, g = entropic_potentials(x, y, epsilon)
    return f.mean() + g.mean()


def barycentres(x, y, epsilon):
    """Where each x goes in the mean under the plan of entropic transport to y."""
    f, g = entropic_potentials(x, y, epsilon)
    plan = np.exp((f[:, None] + g[None, :] - squared_distances(x, y)) / epsilon) / (len(x) * len(y))
    np.testing.assert_allclose(plan.sum(axis=0), 1 / len(y), rtol=1e-9)
    return len(x) * plan @ y


def sinkhorn_divergence(x, y, epsilon):
    return entropic(x, y, epsilon) - entropic(x, x, epsilon) / 2 - entropic(y, y, epsilon) / 2


def draw(rng, gaussian, n):
    mean, covariance = gaussian
    return rng.multivariate_normal(mean, covariance, size=n)
