"""Optimal transport: every identity holds, in the sense that it claims."""

from itertools import permutations

import jax.numpy as jnp
import pytest

from experiments.identities import transport
from experiments.identities.claim import plane
from tests.experiments.identities.holding import assert_holds, each


@each(transport.IDENTITIES)
def test_identity(identity):
    assert_holds(identity)


@pytest.mark.slow
def test_the_assignment_is_the_best_permutation(x64):
    x, y = plane(5, 5)
    orders = [sum(float(jnp.sum((x[i] - y[j]) ** 2)) for i, j in enumerate(order)) for order in permutations(range(5))]
    assert transport.assignment(x, y) == pytest.approx(min(orders) / 5)
