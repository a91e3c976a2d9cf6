"""Rows of kernels and distances."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from igm_jax import Batch, energy_distance, kernels, mmd2_biased
from igm_jax.networks import mlp
from igm_jax.objectives import (
    bures_distance,
    characteristic,
    characteristic_distance,
    crps_scoring,
    energy,
    energy_scoring,
    frechet_loss,
    kernel_scoring,
    log_energy,
    log_energy_distance,
    mmd,
    mmd_block,
    mmd_flow,
    mmd_gan,
    mmd_nystrom,
    moments_of,
    normal_frequencies,
    nystrom_mmd2,
    repulsive_mmd,
    scaled_mmd,
)
from tests.conformance.row import ADAM, KERNEL, KEY, LEFT_OUT, Row, unweighted

GAUSSIAN = kernels.gaussian(1.5)
FEATURES = mlp(2, 3, width=8, depth=1)
WAVES = jnp.array([[0.5, 1.0, -0.7], [0.2, -0.4, 1.5]])

SOME_PAIRS = {
    "witness": "each sample meets only some others, drawn anew at every call",
    "permutation": "which samples meet depends on their places",
} | unweighted("pairs are drawn uniformly")
FEATURES_ONLY = {"translation": "features with fixed parameters are a function of the place"} | unweighted(
    "its value is the squared MMD of features, whose weights `mmd` has"
)

V = {"zero": "what the data are among themselves is no part of a score, so it is not 0 where both agree"}
DRAWS = LEFT_OUT | {"one sample": "a spread takes two draws"}


def scored(objective):
    def value(x, y, x_weights=None, y_weights=None):
        return objective.loss(KEY, (), Batch(x, weights=x_weights), Batch(y, weights=y_weights))

    return value


# As the particles of a row approach: see ``draws`` of tests/test_conformance.py.
FIXED = (1 + 0.5 * np.random.default_rng(40 + 31 * 40).normal(size=(80, 2))[40:]).astype(np.float32)
FIXED_DATA = {
    "zero": "the data are fixed, so that x against x is not met",
    "translation": "the data are fixed, and do not move with the samples",
}
WITH_PAST = {"zero": "what is remembered of the past is in the population, too"} | unweighted(
    "weights belong to the distance, which `bures` has, and to what is remembered"
)

ROWS = {
    "mmd": Row(mmd(KERNEL), partial(mmd2_biased, kernel=KERNEL), steps=400),
    "energy": Row(energy(), energy_distance),
    "energy_scoring": Row(energy_scoring(), scored(energy_scoring()), leaves_out=True, exceptions=DRAWS),
    # The V-statistic is the energy distance of the empirical laws but for what the data do among themselves.
    "energy_scoring, v": Row(energy_scoring(1.0, 0.0), scored(energy_scoring(1.0, 0.0)), exceptions=V),
    "crps_scoring": Row(crps_scoring(), scored(crps_scoring()), leaves_out=True, exceptions=DRAWS),
    "crps_scoring, v": Row(crps_scoring(None, 0.0), scored(crps_scoring(None, 0.0)), exceptions=V),
    "kernel_scoring": Row(
        kernel_scoring(KERNEL),
        None,
        leaves_out=True,
        steps=400,
        exceptions=DRAWS | unweighted("its weights are those of `energy_scoring`, which is one of it"),
    ),
    "log_energy": Row(log_energy(1.0), partial(log_energy_distance, bandwidth=1.0)),
    "mmd_block": Row(mmd_block(GAUSSIAN, 4), None, rate=0.2, steps=400, exceptions=SOME_PAIRS),
    "mmd_flow": Row(
        mmd_flow(GAUSSIAN, noise=0.1),
        None,
        exceptions={"witness": "the velocity is taken at places that noise has moved"}
        | {"permutation": "noise is drawn for places in the sample"}
        | unweighted("samples carry no weights in a flow"),
    ),
    "characteristic": Row(
        characteristic(normal_frequencies(0.7), 64), partial(characteristic_distance, frequencies=WAVES), steps=300
    ),
    "mmd_nystrom": Row(
        mmd_nystrom(GAUSSIAN, 5),
        lambda x, y, **weights: nystrom_mmd2(KEY, x, y, GAUSSIAN, num_landmarks=5, **weights).value,
        steps=300,
        exceptions={
            "zero": "a projection on five landmarks is not all of the data",
            "permutation": "landmarks are drawn by their places",
            "repetition of y": "landmarks are drawn by their places, and repeated data have others",
            "removal": "a datum without weight may still be a landmark",
        },
    ),
    "frechet_loss": Row(frechet_loss(), bures_distance, rate=0.2),
    "frechet_loss, fixed": Row(
        frechet_loss(moments_of(FIXED)), None, rate=0.2, exceptions=FIXED_DATA | unweighted("`frechet_loss` has them")
    ),
    "frechet_loss, rate": Row(frechet_loss(rate=0.5), None, rate=0.2, exceptions=WITH_PAST),
    "frechet_loss, bank": Row(frechet_loss(bank=8), None, rate=0.2, exceptions=WITH_PAST),
    "mmd_gan": Row(mmd_gan(FEATURES, ADAM, GAUSSIAN, penalty=0.1), None, 1, 0.3, exceptions=FEATURES_ONLY),
    "scaled_mmd": Row(scaled_mmd(FEATURES, ADAM, GAUSSIAN), None, 1, 0.3, exceptions=FEATURES_ONLY),
    "repulsive_mmd": Row(
        repulsive_mmd(FEATURES, ADAM, GAUSSIAN),
        None,
        1,
        0.3,
        exceptions=FEATURES_ONLY
        | {"approach": "features that tell data from data leave 40 fixed particles at a quarter of the distance"},
    ),
}
