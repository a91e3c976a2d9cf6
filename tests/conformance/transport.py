"""Rows of optimal transport."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from igm_jax import sinkhorn_divergence, sliced_wasserstein
from igm_jax.networks import mlp
from igm_jax.objectives import (
    bures,
    bures_distance,
    chamfer,
    chamfer_distance,
    imle,
    imle_loss,
    max_sliced,
    max_sliced_wasserstein,
    ot_gan,
    sinkhorn,
    sinkhorn_drift,
    sinkhorn_drift_witness,
    sliced,
    two_batch_sinkhorn,
)
from tests.conformance.row import ADAM, KEY, Row, unweighted

HALVES = {
    "witness": "each half of the samples sees the other, so their velocities are slopes of two functions",
    "zero": "it compares halves with each other, and is negative where both samples are one",
    "permutation": "halves are of places in the list, drawn from the key",
} | unweighted("halves are counted, and a weight cannot be cut in two")
NEAREST = {"witness": "it depends on where samples are, not on how much mass they have"}


def drift_potential(x, y, **weights):
    """The function of which the drift is minus the gradient, at a few places, whichever samples there are."""
    places = np.array([[0.0, 0.0], [1.0, -2.0], [0.5, 3.0]])
    return jnp.sum(sinkhorn_drift_witness(places, x, y, 0.1, tolerance=1e-9, **weights))


ROWS = {
    "sinkhorn": Row(
        sinkhorn(0.1, tolerance=1e-7, max_iterations=2000), partial(sinkhorn_divergence, epsilon=0.1, tolerance=1e-9)
    ),
    "sinkhorn, unbalanced": Row(
        sinkhorn(0.1, rho=2.0, tolerance=1e-7, max_iterations=2000),
        None,
        exceptions=unweighted("weights are masses where marginals are penalised, and repetitions are not"),
    ),
    "two_batch_sinkhorn": Row(two_batch_sinkhorn(0.1, max_iterations=200), None, exceptions=HALVES),
    "sliced": Row(sliced(16), partial(sliced_wasserstein, KEY, num_projections=16), rate=0.2),
    "max_sliced": Row(max_sliced(), partial(max_sliced_wasserstein, KEY, starts=2), 3, rate=0.2),
    "imle": Row(
        imle(),
        imle_loss,
        exceptions=NEAREST | {"approach": "a sample that is nearest to no datum feels nothing and stays"},
    ),
    "chamfer": Row(
        chamfer(),
        chamfer_distance,
        exceptions=NEAREST | {"approach": "samples may share one nearest datum, and then stay together"},
    ),
    "bures": Row(bures(), bures_distance, rate=0.2),
    "ot_gan": Row(
        ot_gan(mlp(2, 4, width=8, depth=1), ADAM, max_iterations=100),
        None,
        exceptions=HALVES
        | {
            "translation": "features with fixed parameters are functions of the place",
            "approach": "the cosine distance of a critic's features saturates where samples come near",
        },
    ),
    "sinkhorn_drift": Row(
        sinkhorn_drift(0.1, tolerance=1e-7, max_iterations=2000),
        drift_potential,
        rate=0.5,
    ),
}
