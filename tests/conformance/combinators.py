"""Rows of objectives made of objectives."""

from functools import partial

import jax.numpy as jnp

from igm_jax import energy_distance, kernels
from igm_jax.objectives import annealed, auto, conditional, energy, mmd, mmd_witness, on_features, weighted, with_bank
from tests.conformance.row import KERNEL, Row, unweighted

NO_WEIGHTS = unweighted("weights belong to the divergences inside, which have rows of their own")
BANK = "the bank holds samples of earlier updates, which do not move with today's"


def turned(points):
    """A linear map into three features, of full rank."""
    return points @ jnp.asarray([[1.0, 0.5, -0.5], [-0.5, 1.0, 0.5]], points.dtype)


def of_class_one(points):
    return jnp.concatenate([points, jnp.ones((len(points), 1), points.dtype)], axis=1)


BY_CLASS = conditional(energy_distance, 2, partial(mmd_witness, kernel=kernels.distance()))

ROWS = {
    "on_features": Row(on_features(energy(), turned), None, exceptions=NO_WEIGHTS),
    "weighted": Row(weighted([(0.5, energy()), (0.5, mmd(KERNEL))]), None, exceptions=NO_WEIGHTS),
    "with_bank": Row(with_bank(energy(), 5), None, exceptions=NO_WEIGHTS | {"zero": BANK, "translation": BANK}),
    "conditional": Row(on_features(BY_CLASS, of_class_one), None, exceptions=NO_WEIGHTS),
    "annealed": Row(
        annealed(lambda scale: mmd(kernels.gaussian(scale)), lambda step: 1.5 + 1.0 / (1.0 + step.astype(float))),
        None,
        steps=400,
        exceptions=NO_WEIGHTS,
    ),
    "auto": Row(auto(lambda scale: mmd(kernels.gaussian(scale))), None, steps=400, exceptions=NO_WEIGHTS),
}
