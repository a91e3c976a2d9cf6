"""Rows of velocity fields, and of objectives that know their target by its score."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import kernels
from igm_jax.distributions import gaussian
from igm_jax.networks import mlp
from igm_jax.objectives import (
    annealed_difference,
    banked_drifting,
    denoiser_difference,
    discriminator_flow,
    distribution_matching,
    drifting,
    drifting_field,
    gan_value,
    guided_drifting,
    kde_drift,
    kde_drift_field,
    ksd,
    ksd2_biased,
    learned_score_difference,
    reverse_kl,
    score_difference,
    score_difference_field,
    sharp_drifting,
    sharp_drifting_field,
    stein_reverse_kl,
    svgd,
    svgd_field,
)
from tests.conformance.row import ADAM, CRITIC, CRITIC_ONLY, LEFT_OUT, Row, of_critic, unweighted

NOT_A_GRADIENT = {"witness": "the doubly normalised field is not a gradient"}
KNOWN_TARGET = {
    "zero": "the target is a density, and y is not used",
    "translation": "the target is a density, which stays where it is",
}
NETWORKS = {
    "witness": "a network from samples to vectors need not be a gradient",
    "zero": "networks that have just begun differ",
    "translation": "a network with fixed parameters is a function of the place",
}

# What the data of these tests are drawn from.
TARGET = gaussian([1.0, 1.0], [[0.25, 0.0], [0.0, 0.25]])
SMOOTH = kernels.inverse_multiquadric(1.0)
NEGATIVES = np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.1]])


def with_negatives(x, y, **weights):
    return drifting_field(x, y, 0.5, negatives=NEGATIVES.astype(x.dtype), **weights).field


def discrepancy(x, y, x_weights=None, y_weights=None):
    return ksd2_biased(x, TARGET.score, SMOOTH, x_weights=x_weights)


def steepest(x, y, x_weights=None, y_weights=None):
    """One number of the field, at points that stay when x is weighted or repeated."""
    points = NEGATIVES.astype(x.dtype)
    return jnp.sum(svgd_field(x, TARGET.score, SMOOTH, points=points, x_weights=x_weights) * points)


ROWS = {
    "denoiser_difference": Row(
        denoiser_difference(0.7),
        None,
        rate=0.1,
        leaves_out=True,
        exceptions=unweighted("weights belong to the denoisers")
        | LEFT_OUT
        | {"witness": "a denoiser need not be a gradient"},
    ),
    "guided_drifting": Row(
        guided_drifting(lambda key, n: 4.0 + jax.random.normal(key, (n, 2)), 1.2, 0.5, number=8),
        None,
        rate=1.0,
        exceptions=NOT_A_GRADIENT
        | LEFT_OUT
        | unweighted("its weights are those of guidance")
        | {
            "zero": "unconditional draws repel samples that are at rest among themselves",
            "translation": "the unconditional data stay where they are",
        },
    ),
    "score_difference": Row(
        score_difference(0.7),
        partial(score_difference_field, bandwidth=0.7),
        rate=0.1,
        leaves_out=True,
        exceptions=LEFT_OUT,
    ),
    "sharp_drifting": Row(
        sharp_drifting(kernels.laplace(0.7)),
        partial(sharp_drifting_field, kernel=kernels.laplace(0.7)),
        rate=0.1,
        leaves_out=True,
        exceptions=LEFT_OUT,
    ),
    "annealed_difference": Row(
        annealed_difference(2.0, 0.3, 100),
        None,
        rate=0.3,
        exceptions=unweighted("weights belong to the denoisers")
        | {
            "witness": "it is a mean over the noise",
            "zero": "noise moves samples that are at rest in the mean",
            "permutation": "each place in the minibatch has its own noise",
        },
    ),
    "learned_score_difference": Row(
        learned_score_difference(mlp(2, 2, width=16, depth=2), ADAM, 0.5),
        None,
        inner_steps=5,
        rate=0.05,
        exceptions=unweighted("networks learn from minibatches without weights") | NETWORKS,
    ),
    "distribution_matching": Row(
        distribution_matching(mlp(3, 2, width=16, depth=2), ADAM, 0.2, 1.0),
        None,
        inner_steps=3,
        rate=0.1,
        exceptions=unweighted("the network learns from minibatches without weights")
        | NETWORKS
        | {"permutation": "each place in the minibatch has its own noise"},
    ),
    "discriminator_flow": Row(discriminator_flow(CRITIC, ADAM), of_critic(gan_value), 3, 0.1, exceptions=CRITIC_ONLY),
    "kde_drift": Row(
        kde_drift(0.7, "neyman", max_power=10.0),
        partial(kde_drift_field, bandwidth=0.7, divergence="neyman", max_power=10.0),
        rate=0.02,
        steps=300,
        leaves_out=True,
        exceptions=LEFT_OUT,
    ),
    "drifting": Row(
        drifting(0.5),
        lambda x, y, **w: drifting_field(x, y, 0.5, **w).field,
        rate=1.0,
        exceptions=NOT_A_GRADIENT | LEFT_OUT,
    ),
    "drifting, released": Row(
        drifting((0.2, 0.5), preset="released"),
        lambda x, y, **w: drifting_field(x, y, (0.2, 0.5), preset="released", **w).field,
        rate=0.05,
        exceptions=NOT_A_GRADIENT
        | LEFT_OUT
        | {
            "repetition of y": "affinities are clipped before they are weighted, and the scale counts rows",
            "removal": "the scale and the clipped affinities count rows, whatever their weight",
        },
    ),
    "banked_drifting": Row(
        banked_drifting(12, 0.5),
        with_negatives,
        exceptions=NOT_A_GRADIENT
        | LEFT_OUT
        | {
            "translation": "the bank's samples stay where they were",
            "approach": "a particle is held by its own trace in the bank, which is for generators",
        },
    ),
    "ksd": Row(ksd(TARGET.score, SMOOTH), discrepancy, rate=0.01, steps=300, exceptions=KNOWN_TARGET),
    "svgd": Row(
        svgd(TARGET.score, SMOOTH),
        steepest,
        rate=0.1,
        exceptions=KNOWN_TARGET | {"witness": "a kernel's average of the score is not a gradient"},
    ),
    "stein_reverse_kl": Row(
        stein_reverse_kl(TARGET.score, SMOOTH),
        None,
        rate=0.05,
        exceptions=KNOWN_TARGET
        | unweighted("the linear system is of all samples alike")
        | {"witness": "the model's score is known at its samples alone"},
    ),
    "reverse_kl": Row(
        reverse_kl(TARGET.log_density, CRITIC, ADAM),
        None,
        inner_steps=3,
        rate=0.05,
        exceptions=KNOWN_TARGET | unweighted("the critic learns from minibatches without weights"),
    ),
}
