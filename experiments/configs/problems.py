"""From a distribution or a data set to a problem: what is learned, on which scale, and what is held out."""

import jax
import numpy as np

from experiments.configs.choices import ImageShape, Pairs, Problem, Space
from igm_jax import kernels
from igm_jax.distributions import Distribution, Part, Scaling, Splits


def space_of(target: Distribution, image_shape: ImageShape | None = None) -> Space:
    """Shape and scale of a target."""
    # In one piece, since each small operation on its own would be compiled on its own.
    scale = jax.jit(lambda key: kernels.median_bandwidth(target(key, 1024)))(jax.random.key(0))
    return Space(target.dim, float(scale), image_shape, target)


def synthetic(name: str, target: Distribution) -> Problem:
    """A target of which there are as many draws as one likes."""
    return Problem(name, target, target, space_of(target))


def of_splits(splits: Splits, fingerprint: str | None = None) -> Problem:
    """A data set: its training part is learned, its validation part is for a first look."""
    if any(part.observed is not None for part in (splits.train, splits.validation, splits.test)):
        raise ValueError(
            f"{splits.name} has missing values, which few objectives take; drop their rows (`--missing drop`), or train in Python"
            " with `igm_jax.objectives.energy_scoring`"
        )
    target, held_out = splits.target(), splits.target("validation")
    return Problem(splits.name, target, held_out, space_of(target, splits.image_shape), splits, fingerprint)


def of_pairs(splits: Splits) -> Problem:
    """A data set whose values are learned given their conditions: what is judged are pairs, rows (value, condition)."""
    pairs = splits._replace(
        train=_paired(splits.train),
        validation=_paired(splits.validation),
        test=_paired(splits.test),
        image_shape=None,
        scaling=_beside(splits),
        columns=(*splits.columns, *splits.condition_names),
    )
    # Not those of the test part, which samples are compared with: both would then share them, and any model look near.
    given = Pairs(splits.target(conditional=True), np.asarray(splits.validation.condition))
    return of_splits(pairs, fingerprint=splits.digest)._replace(pairs=given)


def _paired(part: Part) -> Part:
    return Part(np.concatenate([np.asarray(part.values), np.asarray(part.condition)], axis=1), observed=part.observed)


def _beside(splits: Splits) -> Scaling:
    """The scaling of pairs: those of values and of conditions side by side."""
    sizes = np.shape(splits.train.values)[1], np.shape(splits.train.condition)[1]
    both = (splits.scaling, splits.condition_scaling)
    offset = np.concatenate([np.broadcast_to(one.offset, size) for one, size in zip(both, sizes, strict=True)])
    unit = np.concatenate([np.broadcast_to(one.unit, size) for one, size in zip(both, sizes, strict=True)])
    return Scaling(offset, unit, dtype=splits.scaling.dtype)
