"""Kernels, distances and sums of moments: every identity holds, in the sense that it claims."""

import jax.numpy as jnp
import numpy as np

from experiments.identities import moments
from experiments.identities.claim import plane
from tests.experiments.identities.holding import assert_holds, each


@each(moments.IDENTITIES)
def test_identity(identity):
    assert_holds(identity)


def test_the_dense_statistic_of_all_pairs(x64):
    """For k = a·b it is the squared distance of the means."""
    x, y = plane(5, 7)
    both = jnp.concatenate([x, y])
    np.testing.assert_allclose(moments._dense(both @ both.T, x, y), moments._gap(x, y), rtol=1e-12)
