"""Affinities: their totals and pulls against whole matrices, and what does not depend on how they are computed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.special import logsumexp

from igm_jax.pairwise.affinities import Targets, pulls, totals
from igm_jax.pairwise.temperatures import temperatures_of
from tests import reference

RNG = np.random.default_rng(0)
TEMPERATURES = np.array([0.25, 0.3, 1.0])
"""The first is a quarter of the last, so its kernels are powers; the one between has kernels of its own."""


def known(*values, dtype=jnp.float64):
    return temperatures_of(values, dtype)


def masked(distance, own):
    """The distance as cost, a sample masked from itself."""
    return jnp.where(own > 0, jnp.inf, distance)


def drawn(n, m=70, d=2, dtype=np.float64):
    """Samples and two kinds of targets, themselves and others, with weights and counts."""
    points = [RNG.normal(size=(k, d)).astype(dtype) for k in (n, m)]
    weights, counts = ([RNG.uniform(0.5, 2, size=k).astype(dtype) for k in (n, m)] for _ in range(2))
    kinds = (Targets(points[0], weights[0], counts[0], True), Targets(points[1], weights[1], counts[1], False))
    return jnp.asarray(points[0]), jax.tree.map(
        lambda leaf: leaf if leaf is True or leaf is False else jnp.asarray(leaf), kinds
    )


def exact(x, kinds, temperature, shift=0.0):
    """Logarithms of the rows' sums and of the columns', and the affinities, of whole matrices."""
    costs = [np.sqrt(reference.squared_distances(x, kind.points)) + shift for kind in kinds]
    np.fill_diagonal(costs[0], np.inf)
    with np.errstate(divide="ignore"):  # one sample has no other one
        along = [
            logsumexp(-c / temperature, b=np.asarray(kind.counts), axis=1) for c, kind in zip(costs, kinds, strict=True)
        ]
        of_x = np.asarray(kinds[0].counts)[:, None]
        columns = [logsumexp(-c / temperature, b=of_x, axis=0) for c in costs]
        rows = np.logaddexp(*along)
        halves = [np.where(np.isneginf(part), 0, part) / 2 for part in columns]
        affinities = [np.exp(-c / temperature - rows[:, None] / 2 - h) for c, h in zip(costs, halves, strict=True)]
    return rows, columns, affinities


@pytest.mark.parametrize("n", [1, 301])
def test_totals_and_pulls_are_those_of_whole_matrices(n, x64):
    x, kinds = drawn(n)
    found = totals(x, kinds[0].counts, kinds, masked, known(*TEMPERATURES))
    pulled = pulls(x, kinds, masked, known(*TEMPERATURES), found, 0.0)
    for t, temperature in enumerate(TEMPERATURES):
        rows, columns, affinities = exact(x, kinds, temperature)
        np.testing.assert_allclose(found.rows[t], rows, rtol=1e-10, atol=1e-10)
        for k, (kind, affinity) in enumerate(zip(kinds, affinities, strict=True)):
            np.testing.assert_allclose(found.columns[k][t], columns[k], rtol=1e-10, atol=1e-10)
            weighted = affinity * np.asarray(kind.weights)
            np.testing.assert_allclose(pulled[k][t].places, weighted @ kind.points, rtol=1e-9, atol=1e-10)
            np.testing.assert_allclose(pulled[k][t].mass[:, 0], weighted.sum(1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shift", [0.7, 5000.0])
def test_a_cost_that_all_pairs_have_changes_no_affinity(shift, x64):
    # The larger one, in units of the temperature, leaves no kernel above zero: the sums are taken in logarithms.
    x, kinds = drawn(40, 30)
    temperatures = known(*TEMPERATURES)

    @jax.jit
    def of(shift):
        costs = lambda distance, own: masked(distance + shift, own)  # noqa: E731
        found = totals(x, kinds[0].counts, kinds, costs, temperatures)
        return found, pulls(x, kinds, costs, temperatures, found, 0.0)

    (plain, expected), (shifted, got) = of(0.0), of(shift)
    np.testing.assert_allclose(shifted.rows, plain.rows - shift / TEMPERATURES[:, None], rtol=1e-12, atol=1e-12)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10), got, expected)


def test_closed_form_of_equal_costs(x64):
    # With no cost each affinity is 1/√(n m), whatever the temperature: the mass is m of them.
    x, (_, others) = drawn(9, 16)
    ones = others._replace(weights=jnp.ones(16), counts=jnp.ones(16))
    free, temperatures = lambda distance, own: jnp.zeros_like(distance), known(*TEMPERATURES)
    found = totals(x, jnp.ones(9), (ones,), free, temperatures)
    (pulled,) = pulls(x, (ones,), free, temperatures, found, 0.0)
    centre = np.mean(others.points, axis=0)
    assert len(pulled) == len(TEMPERATURES)
    for places, mass in pulled:
        np.testing.assert_allclose(mass, 4 / 3, rtol=1e-12)
        np.testing.assert_allclose(places, np.broadcast_to(4 / 3 * centre, (9, 2)), rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_small_temperatures_keep_their_digits_in_single_precision():
    x, kinds = drawn(300, 70, dtype=np.float32)
    temperature = 1e-3  # kernels of the scale exp(-100) at the nearest
    given = known(temperature, dtype=jnp.float32)
    found = totals(x, kinds[0].counts, kinds, masked, given)
    rows, columns, _ = exact(x, kinds, temperature)
    for got, expected in zip((found.rows, *found.columns), (rows, *columns), strict=True):
        np.testing.assert_allclose(got[0], expected, rtol=2e-5, atol=1e-2)
    pulled = pulls(x, kinds, masked, given, found, 0.0)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(pulled))


@pytest.mark.parametrize("temperature", [1.0, 0.1, 1e-4])
def test_targets_that_count_nothing_are_removals(temperature, x64):
    x, kinds = drawn(20, 30)
    kept = np.arange(30) % 3 > 0
    others = kinds[1]._replace(weights=jnp.where(kept, kinds[1].weights, 0), counts=jnp.where(kept, kinds[1].counts, 0))
    fewer = Targets(*(leaf[kept] for leaf in others[:3]), False)
    given = known(temperature)
    results = []
    for kind in (others, fewer):
        both = (kinds[0], kind)
        found = totals(x, kinds[0].counts, both, masked, given)
        results.append((found.rows, pulls(x, both, masked, given, found, 0.0)))
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11), *results)


@pytest.mark.slow
def test_no_affinity_is_below_the_least(x64):
    x, kinds = drawn(7, 5)
    far = kinds[1]._replace(points=kinds[1].points + 1e3)
    given = known(1.0)
    found = totals(x, kinds[0].counts, kinds, masked, given)
    _, ((places, mass),) = pulls(x, (kinds[0], far), masked, given, found, 1e-3)
    weights = np.asarray(far.weights)
    np.testing.assert_allclose(mass, 1e-3 * weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(places, np.broadcast_to(1e-3 * weights @ far.points, (7, 2)), rtol=1e-12)


@pytest.mark.parametrize("temperature", [0.5, pytest.param(1e-3, marks=pytest.mark.slow)])
def test_derivatives_by_finite_differences(temperature, x64):
    x, (_, others) = drawn(3, 4)
    given = known(temperature)

    @jax.jit
    def mass(x, points, counts):
        kinds = (Targets(x, jnp.ones(3), jnp.ones(3), True), Targets(points, jnp.ones(4), counts, False))
        found = totals(x, jnp.ones(3), kinds, masked, given)
        return found.rows, found.columns, pulls(x, kinds, masked, given, found, 0.0)

    check_grads(mass, (x, others.points, others.counts), order=1, modes=["rev"], rtol=1e-4, atol=1e-6, eps=1e-7)
