"""Judges of a target, which no objective minimises: everything in the end, and one quick look through training."""

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.configs import Problem
from experiments.shared.judge_files import OPTION, remembered
from igm_jax.distributions import Scaling, Splits
from igm_jax.evaluation import (
    PUBLISHED,
    Judge,
    UnlikeSamplesWarning,
    classifier_judge,
    convolutional_classifier_judge,
    efficientnet_lite0,
    evaluate_2d,
    evaluate_images,
    frechet_distance,
    mode_coverage,
    random_convolution_judges,
)
from igm_jax.evaluation.judges.convolutional import RECIPE
from igm_jax.evaluation.judges.pixels import coloured_shape, range_of

FEWEST_JUDGED, MOST_SEEN = 300, 10_000
"""Images that are judged against at least, where there are as many, and training images that judges see at most."""

NAMES = ("lite0", "classifier", "random")
"""Judges of images: EfficientNet-Lite0, a classifier trained on the labels, random convolutions."""

FEWEST = 6
"""Samples that a part must have, since measures of neighbours look at five."""

LARGE = 28
"""Pixels from which on Lite0 looks at images, and the classifier is a convolutional one."""

Judgement = Callable[..., dict[str, float]]

Files = Mapping[str, Path]
"""The user's files of published networks, by the networks' short names."""

NO_FILES: Files = MappingProxyType({})


class Judges(NamedTuple):
    """How a target's samples are judged.

    Attributes:
        real: what they are compared with.
        final: everything, in the end.
        quick: a look through training.
        judge: for images, in whose features.
        told: what tells results under these judges from those under others; nothing for judges that have always been the same.
    """

    real: np.ndarray
    final: Judgement
    quick: Callable[[np.ndarray], dict[str, float]]
    judge: str | None = None
    told: Mapping[str, Any] = {}


def judges(
    problem: Problem, samples: int, directory: Path | None, names: Sequence[str] = NAMES, files: Files = NO_FILES
) -> Judges:
    """The judges of a target; none of them is minimised by any objective.

    Args:
        problem: the target.
        samples: how many fresh draws to judge against, where data are not limited.
        directory: where a trained classifier is kept.
        names: which judges of images, of ``NAMES``; those that cannot be had are left out.
        files: of published networks, which judge images, too.
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
    train_images, _ = _seen(splits)
    panel = panel_of(splits, directory, names, files)
    judge = panel.judge
    seen = judge.features(real)

    def final(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        return evaluate_images(
            real=real, fake=fake, train=train_images, class_names=panel.classes(splits), **panel.sets()
        )

    def quick_look(fake: np.ndarray) -> dict[str, float]:
        return {"frechet": frechet_distance(real=seen, fake=judge.features(fake))}

    usual = min(splits.image_shape[:2]) < LARGE and not files
    told = {} if usual else {"judges": [RECIPE, *panel.names()]}
    return Judges(real, silently(final), quick_look, judge.name, told)


class Panel(NamedTuple):
    """The judges of images: the one that a table is about, draws of random convolutions, and others."""

    judge: Judge
    random_judges: list[Judge]
    more: list[Judge]

    def sets(self) -> dict[str, Any]:
        """As ``evaluate_images`` takes them."""
        return self._asdict()

    def names(self) -> list[str]:
        """Which judges there are."""
        return [self.judge.name, *(judge.name for judge in (*self.random_judges, *self.more))]

    def classes(self, splits: Splits) -> tuple[str, ...]:
        """The classes' names, if the judge tells them."""
        return tuple(splits.label_names) if self.judge.probabilities is not None else ()


def panel_of(splits: Splits, directory: Path | None, names: Sequence[str] = NAMES, files: Files = NO_FILES) -> Panel:
    """The judges of a data set's images, the classifier trained on its labels if it has some.

    Args:
        splits: the data set.
        directory: where the trained classifier is kept.
        names: which judges, of ``NAMES``.
        files: of published networks, which judge, too.

    Raises:
        ValueError, OSError: if none of those that are asked for can be had, or a file is not the network's.
    """
    assert splits.image_shape is not None
    classifier, (images, labels) = None, _seen(splits)
    if labels is not None and "classifier" in names:
        large = min(splits.image_shape[:2]) >= LARGE
        make = convolutional_classifier_judge if large else classifier_judge
        classifier = make(images, labels, splits.image_shape, directory=directory)._replace(name="classifier")
    panel = paneled(splits.image_shape, splits.scaling, names, classifier)
    return panel._replace(more=[*panel.more, *_published(splits, files)])


def _published(splits: Splits, files: Files) -> list[Judge]:
    """The published networks in the user's files, which do not look twice at an image."""
    assert splits.image_shape is not None
    made = [PUBLISHED[name](path, splits.image_shape, splits.scaling) for name, path in files.items()]
    return [judge._replace(features=remembered(judge.features)) for judge in made]


def check_judges(problems: Iterable[Problem], names: Sequence[str], files: Files) -> None:
    """A ``ValueError`` or ``OSError`` if targets cannot be judged as they are asked to be; nothing is trained.

    Args:
        problems: the targets.
        names: judges of images, of ``NAMES``, of which one must be there for each target of images.
        files: of published networks, which must be what they are called, and have images to look at.
    """
    problems = list(problems)
    if files and not any(problem.of_images for problem in problems):
        told = ", ".join(problem.name for problem in problems)
        raise ValueError(f"{OPTION} goes with images, but these are none: {told}; drop it, or add a target of images")
    for problem in problems:
        check_judged(problem)
        check_names(problem, names)
        if problem.of_images and problem.splits is not None:
            _published(problem.splits, files)


def check_judged(problem: Problem) -> None:
    """A ``ValueError`` if a data set holds too few samples for validation or test to judge by."""
    for part in ("validation", "test") if problem.splits is not None else ():
        number = len(problem.some([part], FEWEST))
        if number < FEWEST:
            raise ValueError(
                f"a comparison judges by at least {FEWEST} samples for validation and for test, but {problem.name} has {number}"
                f" for {part}; add data"
            )


def check_names(problem: Problem, names: Sequence[str]) -> None:
    """A ``ValueError`` if none of the judges can be had for a target of images; nothing is trained."""
    splits = problem.splits
    if not problem.of_images or splits is None or splits.image_shape is None:
        return
    if "classifier" not in names or _seen(splits)[1] is None:
        paneled(splits.image_shape, splits.scaling, names)


def paneled(
    image_shape: tuple[int, int, int],
    scaling: Scaling,
    names: Sequence[str],
    classifier: Judge | None = None,
    draws: int = 5,
    seed: int = 0,
) -> Panel:
    """The judges of images that are asked for and can be had.

    If Lite0 is left out of images that are large enough for it, the error stream says why.

    Args:
        image_shape: (height, width, channels).
        scaling: of the images, for Lite0.
        names: of ``NAMES``.
        classifier: a trained one, which is then the first judge; else it is random convolutions, or Lite0 where only that is.
        draws: how many random convolutions.
        seed: of the random convolutions.

    Raises:
        ValueError: if none of those that are asked for can be had.
    """
    several = random_convolution_judges(image_shape, draws, seed) if "random" in names else []
    more = [_lite0(image_shape, scaling)] if "lite0" in names and min(image_shape[:2]) >= LARGE else []
    found = [*([] if classifier is None else [classifier]), *several[:1], *(judge for judge in more if judge)]
    if not found:
        raise ValueError(
            f"none of the judges {', '.join(names)} can be had for images {image_shape}; add random, or"
            f" {'lite0 for images of 28 pixels and more' if min(image_shape[:2]) < LARGE else 'its package'}"
        )
    if found[0] in several:
        several = several[1:]
    return Panel(found[0], several, [judge for judge in more if judge and judge is not found[0]])


def _lite0(image_shape: tuple[int, int, int], scaling: Scaling) -> Judge | None:
    """The judge, which does not look twice at an image; None, with a word, where it cannot be had."""
    try:
        coloured_shape(image_shape)
        range_of(scaling)
    except ValueError as error:
        return _left_out(error)
    try:
        judge = efficientnet_lite0(image_shape, scaling)
    except ImportError as error:
        return _left_out(error)
    return judge._replace(features=remembered(judge.features))


def _left_out(error: Exception) -> None:
    print(f"note: the judge Lite0 is left out: {error}", file=sys.stderr)


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
