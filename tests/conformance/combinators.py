"""Rows of objectives made of objectives."""

from functools import partial

import jax.numpy as jnp

from igm_jax import Batch, Objective, energy_distance, kernels
from igm_jax.lifts import through
from igm_jax.objectives import (
    annealed,
    auto,
    conditional,
    energy,
    frozen,
    joint,
    mmd,
    mmd_witness,
    on_feature_groups,
    on_features,
    per_condition,
    transported,
    weighted,
    with_bank,
)
from tests.conformance.moments import FIXED, FIXED_DATA
from tests.conformance.row import KERNEL, Row, unweighted

NO_WEIGHTS = unweighted("weights belong to the divergences inside, which have rows of their own")
BANK = "the bank holds samples of earlier updates, which do not move with today's"


def turned(points):
    """A linear map into three features, of full rank."""
    return points @ jnp.asarray([[1.0, 0.5, -0.5], [-0.5, 1.0, 0.5]], points.dtype)


def turned_and_plain(points):
    return {"turned": turned(points), "plain": points}


def under(objective, condition_of):
    """The objective of arrays that come with a condition."""

    def given(points):
        return Batch(points, condition=condition_of(points))

    return Objective(
        lambda key, x: objective.init(key, given(x)),
        lambda key, state, x, y: objective.update(key, state, given(x), given(y)),
        lambda key, state, x, y: objective.loss(key, state, given(x), given(y)),
        lambda state, points, x, y: objective.witness(state, given(points), given(x), given(y)),
    )


def of_class_one(points):
    return jnp.ones(len(points), jnp.int32)


def alone(objective):
    """``per_condition`` of arrays that are the draws of one condition, one by one where it is a witness of points."""
    single = per_condition(objective)

    def of(points):
        return Batch(points[None])

    return Objective(
        lambda key, x: single.init(key, of(x)),
        lambda key, state, x, y: single.update(key, state, of(x), of(y)),
        lambda key, state, x, y: single.loss(key, state, of(x), of(y)),
        lambda state, points, x, y: single.witness(state, of(points), of(x), of(y))[0],
    )


def where_they_are(name, points):
    """Samples that come from where they are, and data from nowhere."""
    return points if name == "y" else Batch(points, condition=points)


BY_CLASS = conditional(energy_distance, 2, partial(mmd_witness, kernel=kernels.distance()))

ROWS = {
    "on_features": Row(on_features(energy(), turned), None, exceptions=NO_WEIGHTS),
    # Scales that divide without rounding: a point must meet itself, however it is compiled.
    "on_feature_groups": Row(
        on_feature_groups(energy(), turned_and_plain, {"turned": 2.0, "plain": 0.5}), None, exceptions=NO_WEIGHTS
    ),
    "weighted": Row(weighted([(0.5, energy()), (0.5, mmd(KERNEL))]), None, exceptions=NO_WEIGHTS),
    "with_bank": Row(with_bank(energy(), 5), None, exceptions=NO_WEIGHTS | {"zero": BANK, "translation": BANK}),
    "frozen": Row(
        frozen(weighted([(0.5, energy()), (0.5, mmd(KERNEL))]), FIXED), None, exceptions=NO_WEIGHTS | FIXED_DATA
    ),
    "frozen, landmarks": Row(
        frozen(mmd(kernels.gaussian(1.5)), FIXED, landmarks=10), None, steps=300, exceptions=NO_WEIGHTS | FIXED_DATA
    ),
    "conditional": Row(under(BY_CLASS, of_class_one), None, exceptions=NO_WEIGHTS),
    "joint": Row(under(joint(mmd(kernels.labelled(KERNEL))), of_class_one), None, steps=400, exceptions=NO_WEIGHTS),
    "per_condition": Row(alone(energy()), None, exceptions=NO_WEIGHTS),
    "transported": Row(
        through(transported(energy(), 0.5), where_they_are),
        None,
        exceptions=NO_WEIGHTS,  # which costs nothing
    ),
    "annealed": Row(
        annealed(lambda scale: mmd(kernels.gaussian(scale)), lambda step: 1.5 + 1.0 / (1.0 + step.astype(float))),
        None,
        steps=400,
        exceptions=NO_WEIGHTS,
    ),
    "auto": Row(auto(lambda scale: mmd(kernels.gaussian(scale))), None, steps=400, exceptions=NO_WEIGHTS),
}
