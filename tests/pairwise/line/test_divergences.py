"""Divergences of columns: each of them alone, in closed form; and their mean over directions, in chunks or at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from igm_jax.pairwise.line import divergences
from igm_jax.pairwise.line.divergences import Transport, along_directions, column_sums, energy, mean_over_directions
from tests import reference

RNG = np.random.default_rng(0)
EACH = [Transport(1), Transport(2), energy]


def shares(n, k):
    weights = RNG.uniform(0.5, 2, size=(n, k))
    return weights / weights.sum(0)


@pytest.fixture
def few_at_once(monkeypatch):
    """A budget of so few scalars that directions come in chunks; what was compiled with another is forgotten."""
    mean_over_directions.clear_cache()
    monkeypatch.setattr(divergences, "SCALARS_AT_ONCE", 200)
    yield
    mean_over_directions.clear_cache()


@pytest.mark.parametrize(("n", "m"), [(5, 5), (6, 4), (1, 3)])
def test_every_column_is_a_problem_of_its_own(n, m, x64):
    x, y, a, b = RNG.normal(size=(n, 3)), RNG.normal(size=(m, 3)) + 0.5, shares(n, 3), shares(m, 3)
    for uniform in (True, False):
        given = (None, None) if uniform else (jnp.asarray(a), jnp.asarray(b))
        for k in range(3):
            weights = () if uniform else (a[:, k], b[:, k])
            first = stats.wasserstein_distance(x[:, k], y[:, k], *weights)
            np.testing.assert_allclose(Transport(1)(jnp.asarray(x), jnp.asarray(y), *given)[k], first, rtol=1e-10)
            pairs = reference.mmd2(
                x[:, k : k + 1], y[:, k : k + 1], lambda u, v: -np.sqrt(reference.squared_distances(u, v)), *weights
            )
            np.testing.assert_allclose(energy(jnp.asarray(x), jnp.asarray(y), *given)[k], pairs, rtol=1e-9)


def test_closed_forms(x64):
    x = jnp.asarray(RNG.normal(size=(7, 2)))
    for p in (1, 1.5, 2, 3):  # a shift by c costs c^p
        np.testing.assert_allclose(Transport(p)(x, x[::-1] + 2, None, None), 2.0**p, rtol=1e-12)
    for divergence in EACH:
        assert (divergence(x, x[::-1], None, None) == 0).all()
    # Two Dirac laws: 2 ∫ 1 over the way between them.
    np.testing.assert_array_equal(energy(jnp.zeros((1, 1)), jnp.full((1, 1), 3.0), None, None), [6.0])
    # Half of the mass of two at 0 and 2 goes to 1 from either side.
    pair = jnp.asarray([[0.0], [2.0]]), jnp.ones((1, 1))
    np.testing.assert_array_equal(Transport(2)(*pair, None, None), [1.0])


@pytest.mark.parametrize("divergence", EACH)
def test_weights_are_repetitions_and_uniform_ones_are_none(divergence, x64):
    x, y = RNG.normal(size=(3, 2)), RNG.normal(size=(4, 2))
    a, b = np.array([1, 0, 3]), np.array([2, 1, 1, 0])
    repeated = divergence(jnp.asarray(np.repeat(x, a, 0)), jnp.asarray(np.repeat(y, b, 0)), None, None)
    weights = (jnp.asarray(np.repeat(w[:, None] / 4, 2, axis=1)) for w in (a, b))
    np.testing.assert_allclose(divergence(jnp.asarray(x), jnp.asarray(y), *weights), repeated, rtol=1e-10)
    uniform = (jnp.full((n, 2), 1 / n) for n in (3, 4))
    expected = divergence(jnp.asarray(x), jnp.asarray(y), None, None)
    np.testing.assert_allclose(divergence(jnp.asarray(x), jnp.asarray(y), *uniform), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [1, 32, 33, 100])
def test_sums_down_columns_in_blocks(n, x64):
    terms = RNG.normal(size=(n, 3))
    np.testing.assert_allclose(column_sums(jnp.asarray(terms)), terms.sum(0), rtol=1e-12, atol=1e-13)


def test_along_a_direction_it_is_the_divergence_of_the_projections(x64):
    x, y, directions = RNG.normal(size=(6, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3))
    for divergence in EACH:
        found = along_directions(divergence, *map(jnp.asarray, (directions, x, y)), None, None)
        projected = divergence(jnp.asarray(x @ directions.T), jnp.asarray(y @ directions.T), None, None)
        np.testing.assert_allclose(found, projected, rtol=1e-12)
        mean = mean_over_directions(divergence, *map(jnp.asarray, (directions, x, y)))
        np.testing.assert_allclose(mean, np.mean(projected), rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_chunks_change_neither_value_nor_gradients(weighted, few_at_once, x64):
    x, y, directions = (
        jnp.asarray(RNG.normal(size=(n, 3))) for n in (30, 20, 11)
    )  # four at once, one of them of padding
    a, b = (jnp.asarray(shares(n, 1)[:, 0]) for n in (30, 20))
    given = (x, y, a, b) if weighted else (x, y)

    def whole(*given):
        return jnp.mean(along_directions(Transport(2), directions, *given[:2], *(given[2:] or (None, None))))

    argnums = tuple(range(len(given)))
    chunked = jax.value_and_grad(lambda *given: mean_over_directions(Transport(2), directions, *given), argnums)
    expected = jax.jit(jax.value_and_grad(whole, argnums))(*given)
    found = chunked(*given)
    jax.tree.map(lambda got, other: np.testing.assert_allclose(got, other, rtol=1e-11, atol=1e-13), found, expected)


@pytest.mark.slow
def test_a_second_call_compiles_nothing():
    x, y, directions = RNG.normal(size=(3, 12, 3)).astype(np.float32)
    mean_over_directions(Transport(2), directions, x, y)
    before = mean_over_directions._cache_size()
    mean_over_directions(Transport(2.0), directions + 1, y, x)
    assert mean_over_directions._cache_size() == before
