import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from experiments.shared.rivals import METHODS, Effort, Shape, formula, method, trained
from igm_jax.distributions import heteroscedastic

KEY = jax.random.key(0)
LAW = heteroscedastic(1)


@pytest.mark.parametrize("name", ["gaussian", "mixture"])
@pytest.mark.parametrize("dim", [1, 3])
def test_losses_are_minus_log_likelihoods(name, dim, x64):
    of = formula(name, dim)
    out, y = jax.random.normal(KEY, (2, of.outputs)), jax.random.normal(jax.random.key(1), (2, dim))
    spread = lambda raw: np.log1p(np.exp(raw)) + 1e-3  # noqa: E731
    expected = []
    for row, datum in zip(np.asarray(out), np.asarray(y), strict=True):
        if name == "gaussian":
            log = stats.norm.logpdf(datum, row[:dim], spread(row[dim:])).sum() + 0.5 * dim * np.log(2 * np.pi)
        else:
            rest = row[5:].reshape(5, 2, dim)
            shares = np.exp(row[:5]) / np.exp(row[:5]).sum()
            log = np.log(
                sum(
                    w * np.exp(stats.norm.logpdf(datum, m, spread(s)).sum())
                    for w, (m, s) in zip(shares, rest, strict=True)
                )
            )
        expected.append(-log)
    np.testing.assert_allclose(of.loss(out, y), np.mean(expected), rtol=1e-10)


@pytest.mark.parametrize("name", ["gaussian", "mixture", "quantiles", "mean"])
def test_draws_are_of_the_law_that_the_network_gives(name):
    of = formula(name, 2)
    out = jax.random.normal(KEY, (1, of.outputs))
    draws = np.asarray(of.draw(jax.random.key(1), out, 20000))[0]
    row, spread = np.asarray(out)[0], lambda raw: np.log1p(np.exp(raw)) + 1e-3
    if name == "gaussian":
        mean, deviation = row[:2], spread(row[2:])
    elif name == "mixture":
        rest, shares = row[5:].reshape(5, 2, 2), np.exp(row[:5]) / np.exp(row[:5]).sum()
        mean = shares @ rest[:, 0]
        deviation = np.sqrt(shares @ (rest[:, 0] ** 2 + spread(rest[:, 1]) ** 2) - mean**2)
    elif name == "quantiles":
        mean, deviation = row.reshape(2, -1).mean(1), row.reshape(2, -1).std(1)
    else:
        mean, deviation = row, np.zeros(2)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.05)
    np.testing.assert_allclose(draws.std(0), deviation, atol=0.05)


def test_pinball_losses_are_least_at_the_quantiles(x64):
    y = jax.random.normal(KEY, (4000, 1))
    of = formula("quantiles", 1)
    levels = (np.arange(of.outputs) + 0.5) / of.outputs
    best = jnp.asarray(np.quantile(np.asarray(y), levels))
    at = lambda places: float(of.loss(jnp.broadcast_to(places, (4000, of.outputs)), y))  # noqa: E731
    assert at(best) < min(at(best + 0.05), at(best - 0.05), at(1.05 * best))


DAILY = {"fair", "energy", "gan", "gaussian"}


@pytest.mark.parametrize(
    "name", [name if name in DAILY else pytest.param(name, marks=pytest.mark.slow) for name in METHODS]
)
def test_every_method_trains_seeds_side_by_side(name):
    effort = Effort(steps=2, batch_size=8, width=8, noise=2)
    with jax.numpy_dtype_promotion("standard"):
        way = method(name, Shape(1, 1, 1.0), LAW, effort)
        keys = jax.random.split(KEY, 2)
        states = trained(way, keys, 2)
        draws = jax.vmap(lambda state, key: way.sample(state, key, jnp.zeros((3, 1)), 4))(states, keys)
    assert draws.shape == (2, 3, 4, 1)
    assert np.isfinite(draws).all()
    assert not np.array_equal(draws[0], draws[1])


def test_a_score_learns_the_law():
    effort = Effort(steps=300, batch_size=128, width=32, noise=4, rate=1e-2)
    with jax.numpy_dtype_promotion("standard"):
        way = method("fair", Shape(1, 1, 1.0), LAW, effort)
        states = trained(way, jax.random.split(KEY, 1), 300)
        c = jnp.array([[-0.5], [0.5], [0.0]])
        draws = way.sample(jax.tree.map(lambda leaf: leaf[0], states), KEY, c, 2000)
    np.testing.assert_allclose(draws.mean(1), np.sin(np.pi * np.asarray(c)), atol=0.2)
    assert draws[2].std() < 0.8 * draws[1].std()  # 0.1 beside 0.2
