"""Everything about one set of samples: a flat dictionary of numbers, a row of a comparison.

Distances that some objective minimises (energy, MMD, sliced Wasserstein) are left out: they would be judges of themselves.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.distributions import Modes
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.judges.convolutions import Judge
from igm_jax.evaluation.measures import suffixed
from igm_jax.evaluation.metrics.frechet import frechet_distance
from igm_jax.evaluation.metrics.kid import kid
from igm_jax.evaluation.metrics.manifold import density_coverage, precision_recall
from igm_jax.evaluation.metrics.memorisation import authenticity, memorisation_ratio
from igm_jax.evaluation.metrics.modes import frequencies_kl, mode_coverage
from igm_jax.evaluation.metrics.transport import exact_w2
from igm_jax.evaluation.ranges import warn_of_unlike_ranges
from igm_jax.evaluation.two_sample.classifier import classifier_two_sample_test
from igm_jax.evaluation.two_sample.n50 import n50

W2_POINTS = 1000

# Tests at each sample size: n50 then has a standard error of about a sixth of it.
N50_REPETITIONS = 20


def evaluate_samples(*, real: Any, fake: Any, k: int = 5, seed: int = 0) -> dict[str, float]:
    """Quality and variety of samples in their own space, or of features.

    Args:
        real: (n, d) held-out data.
        fake: (m, d) generated samples.
        k: neighbours for precision, recall, density and coverage.
        seed: of the tests.

    Returns:
        ``precision``, ``recall``, ``density``, ``coverage``, ``c2st`` (accuracy), ``c2st_p`` and ``n50``, with nearest
        neighbours; where no size suffices to tell fake from real, the largest that was tried, half of the samples. Tables put
        "≥" before it.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Warns:
        UnlikeSamplesWarning: where real and fake look as if they were in different units (see ``unlike_ranges``).

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import evaluate_samples
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 100, 2))
        >>> sorted(evaluate_samples(real=real, fake=fake))
        ['c2st', 'c2st_p', 'coverage', 'density', 'n50', 'precision', 'recall']
    """
    warn_of_unlike_ranges(real=real, fake=fake)
    return _told_apart(real, fake, k, seed)


def _told_apart(real: Any, fake: Any, k: int, seed: int) -> dict[str, float]:
    """The numbers of ``evaluate_samples``, whose ranges were looked at."""
    manifold = precision_recall(real=real, fake=fake, k=k)
    balls = density_coverage(real=real, fake=fake, k=k)
    test = classifier_two_sample_test(real=real, fake=fake, seed=seed)
    size = n50(real=real, fake=fake, repetitions=N50_REPETITIONS, seed=seed)
    tests = {"c2st": test.accuracy, "c2st_p": test.p_value, "n50": float(min(size.n50, size.largest))}
    return manifold._asdict() | balls._asdict() | tests


def evaluate_2d(
    *, real: Any, fake: Any, modes: Modes | None = None, k: int = 5, points: int = W2_POINTS, seed: int = 0
) -> dict[str, float]:
    """All about samples in the plane, or wherever Euclidean distances mean something.

    Args:
        real: (n, d) fresh draws of the target.
        fake: (m, d) generated samples.
        modes: the target's modes, where it has some.
        k: neighbours for precision, recall, density and coverage.
        points: the exact distance takes this many random samples of each (fewer where there are fewer).
        seed: of the random choices.

    Returns:
        ``w2``, with modes also ``modes``, ``high_quality`` and ``reverse_kl``, then the numbers of ``evaluate_samples``.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Warns:
        UnlikeSamplesWarning: where real and fake look as if they were in different units (see ``unlike_ranges``).

    Example:
        >>> import jax
        >>> from igm_jax import distributions, evaluation
        >>> target = distributions.grid()
        >>> real, fake = target(jax.random.key(0), 400), target(jax.random.key(1), 400)
        >>> int(evaluation.evaluate_2d(real=real, fake=fake, modes=target.modes)["modes"])
        25
    """
    real, fake = _inputs.pair(real, fake)
    warn_of_unlike_ranges(real=real, fake=fake)
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    size = min(len(real), len(fake), checks.count("points", points))
    chosen = {"real": _inputs.subsample(real, size, rng), "fake": _inputs.subsample(fake, size, rng)}
    numbers = {"w2": exact_w2(**chosen)}
    if modes is not None:
        numbers |= {name: float(value) for name, value in mode_coverage(fake=fake, modes=modes)._asdict().items()}
    return numbers | _told_apart(real, fake, k, seed)


def evaluate_images(
    *,
    real: Any,
    fake: Any,
    judge: Judge,
    random_judges: Sequence[Judge] = (),
    more: Sequence[Judge] = (),
    class_names: Sequence[str] = (),
    train: Any | None = None,
    k: int = 5,
    seed: int = 0,
) -> dict[str, float]:
    """All about generated images, in features of judges that no generator was trained on.

    Args:
        real: (n, h·w·c) held-out images.
        fake: (m, h·w·c) generated images.
        judge: the features for all metrics; a ``classifier_judge`` gives the class measures too.
        random_judges: for a second opinion, see ``random_convolution_judges``.
        more: further judges, for another one; their numbers have their name as a suffix.
        class_names: of the classifier's classes, in order, for the share of each.
        train: the images that the generator was trained on, for memorisation and authenticity (in pixels).
        k: neighbours for precision, recall, density and coverage.
        seed: of the random choices.

    Returns:
        ``frechet``, ``kid``, ``kid_error``, the numbers of ``evaluate_samples`` on features; with random judges the mean
        ``random_frechet`` and its standard deviation over them, ``random_frechet_spread``; with a classifier the
        ``class_reverse_kl`` (its guesses against its mean probabilities on the real images), the ``class_entropy`` of its guesses
        in nats, the mean ``confidence`` and, with names, the ``class_share/NAME`` of each; with ``train`` the ``memorisation``
        ratio and the ``authenticity``. For each of ``more`` the Fréchet distance, precision, recall, density and coverage in its
        features, e.g. ``frechet@lite0``; ``MEASURES`` knows them by these keys, too.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity, two judges of one name, two classes of one name, names of
            other classes or of a judge without classes.

    Warns:
        UnlikeSamplesWarning: where real and fake look as if they were in different units (see ``unlike_ranges``).

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import evaluate_images, random_convolution_judges
        >>> first, *others = random_convolution_judges((4, 4, 1), draws=3)
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 16))
        >>> numbers = evaluate_images(real=real, fake=fake, judge=first, random_judges=others)
        >>> numbers["random_frechet"] > 0
        True
    """
    if len({suffixed("", other.name) for other in more}) < len(more):
        raise ValueError(f"`more` must be judges of different names, but they are {[other.name for other in more]}")
    if len(class_names) and (judge.probabilities is None or len(set(class_names)) < len(class_names)):
        wrong = "different names" if judge.probabilities is not None else f"left out, as {judge.name} tells no classes"
        raise ValueError(f"`class_names` must be {wrong}, but are {list(class_names)}")
    seen = {"real": judge.features(real), "fake": judge.features(fake)}
    warn_of_unlike_ranges(real=real, fake=fake)
    distance = kid(**seen, seed=seed)
    numbers = {"frechet": frechet_distance(**seen), "kid": distance.value, "kid_error": distance.standard_error}
    numbers |= _told_apart(seen["real"], seen["fake"], k, seed)
    if random_judges:
        values = [frechet_distance(real=other.features(real), fake=other.features(fake)) for other in random_judges]
        numbers |= {
            "random_frechet": float(np.mean(values)),
            "random_frechet_spread": float(np.std(values, ddof=len(values) > 1)),
        }
    if judge.probabilities is not None:
        numbers |= _classes(judge.probabilities(real), judge.probabilities(fake), class_names)
    for other in more:
        numbers |= {suffixed(name, other.name): value for name, value in _opinion(other, real, fake, k).items()}
    if train is not None:
        numbers["memorisation"] = memorisation_ratio(train=train, test=real, fake=fake)
        numbers["authenticity"] = authenticity(train=train, fake=fake)
    return numbers


def _opinion(judge: Judge, real: Any, fake: Any, k: int) -> dict[str, float]:
    """What a further judge says."""
    seen = {"real": judge.features(real), "fake": judge.features(fake)}
    manifold, balls = precision_recall(**seen, k=k), density_coverage(**seen, k=k)
    return {"frechet": frechet_distance(**seen), **manifold._asdict(), **balls._asdict()}


def _classes(real: np.ndarray, fake: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    counts = np.bincount(fake.argmax(1), minlength=fake.shape[1])
    if len(names) and len(names) != len(counts):
        raise ValueError(f"`class_names` must name the {len(counts)} classes of the judge, but are {len(names)}")
    shares = counts / counts.sum()
    entropy = -sum(float(share * np.log(share)) for share in shares if share)
    numbers = {"class_reverse_kl": frequencies_kl(counts, real.mean(0)), "class_entropy": float(entropy)}
    numbers["confidence"] = float(fake.max(1).mean())
    return numbers | {f"class_share/{name}": float(share) for name, share in zip(names, shares, strict=len(names) > 0)}
