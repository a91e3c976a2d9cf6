"""Everything about one set of samples: a flat dictionary of numbers, a row of a comparison.

Distances that some objective minimises (energy, MMD, sliced Wasserstein) are left out: they would be judges of themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from igm_jax import checks
from igm_jax.distributions import Modes
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.judges.convolutions import Judge
from igm_jax.evaluation.metrics.frechet import frechet_distance
from igm_jax.evaluation.metrics.kid import kid
from igm_jax.evaluation.metrics.manifold import density_coverage, precision_recall
from igm_jax.evaluation.metrics.memorisation import authenticity, memorisation_ratio
from igm_jax.evaluation.metrics.modes import frequencies_kl, mode_coverage
from igm_jax.evaluation.metrics.transport import exact_w2
from igm_jax.evaluation.ranges import warn_of_unlike_ranges
from igm_jax.evaluation.two_sample.classifier import classifier_two_sample_test
from igm_jax.evaluation.two_sample.n50 import SMALLEST, n50

W2_POINTS = 1000

# Tests at each sample size: n50 then has a standard error of about a sixth of it.
N50_REPETITIONS = 20


class Measure(NamedTuple):
    """How a number of the summaries is shown and read.

    Attributes:
        name: its key in the dictionaries.
        label: a column's heading.
        better: ``"lower"``, ``"higher"``, or None where a model should match the floor, not pass it.
        digits: decimals to show.
        limited: whether a whole number is the least or the largest that could be tried: the truth is below or above.
    """

    name: str
    label: str
    better: Literal["lower", "higher"] | None
    digits: int = 3
    limited: bool = False

    def sign(self, values: Iterable[float]) -> str:
        """``"≥ "`` or ``"≤ "`` before the mean of such numbers, where some are at a limit, else nothing.

        Args:
            values: the numbers.

        Returns:
            What to put before their mean.
        """
        whole = {value for value in values if self.limited and float(value).is_integer()}
        return "" if not whole else "≤ " if max(whole) <= SMALLEST else "≥ "


_ALL = (
    Measure("w2", "W2", "lower"),
    Measure("sliced_w2", "sliced W2", "lower"),
    Measure("energy_distance", "energy distance", "lower", 4),
    Measure("mmd2", "MMD²", "lower", 4),
    Measure("mmd_fuse_p", "MMD-FUSE p-value", None),
    Measure("modes", "modes", "higher", 1),
    Measure("high_quality", "high quality", "higher"),
    Measure("reverse_kl", "reverse KL", "lower"),
    Measure("frechet", "Fréchet", "lower"),
    Measure("random_frechet", "Fréchet, random", "lower", 4),
    Measure("random_frechet_spread", "± over draws", None, 4),
    Measure("kid", "KID", "lower", 4),
    Measure("kid_error", "± KID", None, 4),
    Measure("precision", "precision", "higher"),
    Measure("recall", "recall", "higher"),
    Measure("density", "density", None),
    Measure("coverage", "coverage", "higher"),
    Measure("c2st", "C2ST accuracy", "lower"),
    Measure("c2st_p", "C2ST p-value", None),
    Measure("n50", "n50", "higher", 0, limited=True),
    Measure("class_reverse_kl", "class reverse KL", "lower"),
    Measure("confidence", "confidence", None),
    Measure("memorisation", "memorisation", None),
    Measure("authenticity", "authenticity", None),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every number that the summaries and ``experiments.evaluate`` give, by name, in the order of a table."""


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
        train: the images that the generator was trained on, for memorisation and authenticity (in pixels).
        k: neighbours for precision, recall, density and coverage.
        seed: of the random choices.

    Returns:
        ``frechet``, ``kid``, ``kid_error``, the numbers of ``evaluate_samples`` on features; with random judges the mean
        ``random_frechet`` and its standard deviation over them, ``random_frechet_spread``; with a classifier the
        ``class_reverse_kl`` (its guesses against its mean probabilities on the real images) and the mean ``confidence``; with
        ``train`` the ``memorisation`` ratio and the ``authenticity``.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

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
        numbers |= _classes(judge.probabilities(real), judge.probabilities(fake))
    if train is not None:
        numbers["memorisation"] = memorisation_ratio(train=train, test=real, fake=fake)
        numbers["authenticity"] = authenticity(train=train, fake=fake)
    return numbers


def _classes(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    counts = np.bincount(fake.argmax(1), minlength=fake.shape[1])
    return {"class_reverse_kl": frequencies_kl(counts, real.mean(0)), "confidence": float(fake.max(1).mean())}
