"""What is written by hand computes what the library does, or the comparison would be of two things."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import by_hand
from igm_jax import energy_distance, kernels, mmd2_biased, sinkhorn_divergence, sliced_wasserstein, velocity
from igm_jax.objectives import drifting, random_directions, score_difference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)).astype(np.float32), (0.4 + RNG.normal(size=(12, 3))).astype(np.float32)
KEY = jax.random.key(0)
PAIRS = {
    "mmd": (by_hand.mmd([0.5, 1.0]), lambda x, y: mmd2_biased(x, y, kernels.gaussian(0.5) + kernels.gaussian(1.0))),
    "energy": (by_hand.energy(), energy_distance),
    "sinkhorn": (by_hand.sinkhorn(0.5, 1e-5), lambda x, y: sinkhorn_divergence(x, y, 0.5, tolerance=1e-5)),
    "sliced": (
        by_hand.sliced(random_directions(KEY, 3, 16)),
        lambda x, y: sliced_wasserstein(KEY, x, y, num_projections=16),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_divergences_are_the_same(name):
    for one, other in zip(*(jax.tree.leaves(jax.value_and_grad(of)(X, Y)) for of in PAIRS[name]), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("loss", "objective"),
    [
        (by_hand.drifting((0.05, 0.2)), drifting((0.05, 0.2), preset="released")),
        (by_hand.score_difference(0.8), score_difference(0.8)),
    ],
)
def test_fields_are_the_same(loss, objective):
    moved = -len(X) * jax.grad(loss)(jnp.asarray(X), jnp.asarray(Y))
    known = velocity(objective, KEY, (), jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(moved, known, rtol=0.02, atol=0.02 * float(jnp.abs(known).max()))
