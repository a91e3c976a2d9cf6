"""Judges of a target, which no objective minimises: everything in the end, and one quick look through training."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.configs import Problem
from igm_jax.distributions import Splits
from igm_jax.evaluation import (
    UnlikeSamplesWarning,
    classifier_judge,
    evaluate_2d,
    evaluate_images,
    frechet_distance,
    mode_coverage,
    random_convolution_judges,
)

FEWEST_JUDGED, MOST_SEEN = 300, 10_000
"""Images that are judged against at least, where there are as many, and training images that judges see at most."""

Judgement = Callable[..., dict[str, float]]


class Judges(NamedTuple):
    """How a target's samples are judged: everything in the end, and one quick look through training."""

    real: np.ndarray
    final: Judgement
    quick: Callable[[np.ndarray], dict[str, float]]


def judges(problem: Problem, samples: int, directory: Path | None) -> Judges:
    """The judges of a target; none of them is minimised by any objective.

    Args:
        problem: the target.
        samples: how many fresh draws to judge against, where data are not limited.
        directory: where a trained classifier is kept.
    """
    if problem.splits is None:
        real = np.asarray(problem.held_out(jax.random.key(1), samples))
    else:
        most = max(samples, FEWEST_JUDGED) if problem.of_images else samples
        held_out = len(problem.some(["test", "validation"], sys.maxsize))
        real = problem.some(["test"], min(most, held_out // 2))  # as many again are left for the floor
    if not problem.of_images:
        modes = problem.target.modes

        def quick(fake: np.ndarray) -> dict[str, float]:
            if modes is None:
                return {"frechet": frechet_distance(real=real, fake=fake)}
            covered = mode_coverage(fake=fake, modes=modes)
            return {"modes": covered.modes, "high_quality": covered.high_quality}

        return Judges(real, silently(lambda real, fake: evaluate_2d(real=real, fake=fake, modes=modes)), quick)
    splits = problem.splits
    assert splits is not None  # images are always of a data set
    assert splits.image_shape is not None
    train_images, labels = _seen(splits)
    several = random_convolution_judges(splits.image_shape, draws=5)
    if labels is None:
        judge, several = several[0], several[1:]
    else:
        judge = classifier_judge(train_images, labels, splits.image_shape, directory=directory)
    seen = judge.features(real)

    def final(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        return evaluate_images(real=real, fake=fake, judge=judge, random_judges=several, train=train_images)

    return Judges(
        real, silently(final), lambda fake: {"frechet": frechet_distance(real=seen, fake=judge.features(fake))}
    )


def _seen(splits: Splits) -> tuple[np.ndarray, np.ndarray | None]:
    """Training images for judges, and their labels if all classes are among them, of which there are several."""
    images, labels = np.asarray(splits.train.values), splits.train.labels
    chosen = slice(None)
    if len(images) > MOST_SEEN:
        chosen = np.random.default_rng(0).permutation(len(images))[:MOST_SEEN]
    labels = None if labels is None else np.asarray(labels)[chosen]
    known = labels is not None and len(np.unique(labels)) == len(splits.label_names) > 1
    return images[chosen], labels if known else None


def silently(judge: Judgement) -> Judgement:
    """The judge without warnings of other units, which are known or have been told: a model may be as wrong as it likes."""

    def judgement(*, real: Any, fake: Any) -> dict[str, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnlikeSamplesWarning)
            return judge(real=real, fake=fake)

    return judgement
