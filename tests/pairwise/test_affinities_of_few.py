"""Affinities of few pairs: against whole matrices, where kernels underflow, and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.pairwise.affinities import Targets
from igm_jax.pairwise.affinities_of_few import pulls_of_few, tables_of_few
from igm_jax.pairwise.budget import most_of_tables
from igm_jax.pairwise.temperatures import temperatures_of
from tests.pairwise.test_affinities import TEMPERATURES, drawn, exact, masked

RNG = np.random.default_rng(0)


def pulled(x, kinds, temperatures, smallest=0.0, costs=masked):
    tables = tables_of_few(x, tuple(kind.points for kind in kinds[1:]))
    return pulls_of_few(kinds[0].counts, kinds, costs, temperatures, tables, smallest)


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("temperatures", [TEMPERATURES, 1e-3 * TEMPERATURES])
def test_pulls_are_those_of_whole_matrices(n, temperatures, x64):
    # At the smaller temperatures most kernels are nothing beside a cost of zero.
    x, kinds = drawn(n)
    found = pulled(x, kinds, temperatures_of(tuple(temperatures), float))
    for t, temperature in enumerate(temperatures):
        for k, (kind, affinity) in enumerate(zip(kinds, exact(x, kinds, temperature)[2], strict=True)):
            weighted = affinity * np.asarray(kind.weights)
            np.testing.assert_allclose(found[k][t].places, weighted @ kind.points, rtol=1e-8, atol=1e-12)
            np.testing.assert_allclose(found[k][t].mass[:, 0], weighted.sum(1), rtol=1e-8, atol=1e-12)


def test_a_pair_far_from_all_others_keeps_its_affinity():
    # In single precision exp(-100/0.02) is zero, and so would be the sums of a row and of a column that hold nothing else.
    x, y = jnp.array([[0.0], [0.01], [1000.0]]), jnp.array([[0.0], [1002.0]])
    ones = jnp.ones(3), jnp.ones(2)
    kinds = Targets(x, ones[0], ones[0], True), Targets(y, ones[1], ones[1], False)
    (_, ((_, mass),)) = pulled(x, kinds, temperatures_of((0.02,), "float32"))
    np.testing.assert_allclose(mass[2], 1, rtol=1e-5)


def test_no_affinity_is_below_the_smallest(x64):
    x, kinds = drawn(7, 5)
    far = kinds[1]._replace(points=kinds[1].points + 1e3)
    _, ((places, mass),) = pulled(x, (kinds[0], far), temperatures_of((1.0,), float), 1e-3)
    weights = np.asarray(far.weights)
    # All are far: a row that has nothing else at hand would still choose among them, but for the samples, which are near.
    np.testing.assert_allclose(mass, 1e-3 * weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(places, np.broadcast_to(1e-3 * weights @ far.points, (7, 2)), rtol=1e-12)


def test_targets_that_count_nothing_are_removals(x64):
    x, kinds = drawn(12, 20)
    kept = np.arange(20) % 3 > 0
    others = kinds[1]._replace(weights=jnp.where(kept, kinds[1].weights, 0), counts=jnp.where(kept, kinds[1].counts, 0))
    fewer = Targets(*(leaf[kept] for leaf in others[:3]), False)
    found = [pulled(x, (kinds[0], kind), temperatures_of(tuple(TEMPERATURES / 50), float)) for kind in (others, fewer)]
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11), *found)


def test_what_does_not_count_may_be_much_nearer_in_single_precision():
    # At τ = 0.1 the first sample, which counts nothing, is nearer to the last datum than all others by exp(100).
    corners = 10 / np.sqrt(2) * jnp.eye(6)
    x, y, counts = corners[:5], corners[jnp.array([0, 5])], jnp.array([0.0, 1.0, 1.0, 1.0, 1.0])
    temperatures, found = temperatures_of((0.1,), "float32"), []
    for some, weights in ((x, counts), (x[1:], counts[1:])):
        kinds = Targets(some, weights, weights, True), Targets(y, jnp.ones(2), jnp.ones(2), False)
        found.append(pulled(some, kinds, temperatures))
    (own, data), (own_left, data_left) = ([kind[0] for kind in each] for each in found)
    np.testing.assert_allclose(own.places[1:], own_left.places, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(data.places[1:], data_left.places, rtol=1e-5, atol=1e-5)


def test_derivatives_by_finite_differences(x64):
    x, (_, others) = drawn(3, 4)

    @jax.jit
    def of(x, points, counts):
        kinds = (Targets(x, jnp.ones(3), jnp.ones(3), True), Targets(points, jnp.ones(4), counts, False))
        return pulled(x, kinds, temperatures_of((0.25, 0.5), float))

    check_grads(of, (x, others.points, others.counts), order=1, modes=["rev"], rtol=1e-4, atol=1e-6, eps=1e-7)


def test_many_pairs_have_no_table():
    few, many = (jnp.zeros((int(most_of_tables(2) ** 0.5) + more, 2)) for more in (0, 1))
    assert tables_of_few(few, (few[:3],)) is not None
    assert tables_of_few(many, (few,)) is None
