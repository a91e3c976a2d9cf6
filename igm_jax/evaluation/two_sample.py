"""Can a classifier tell the fake from the real?"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from igm_jax.evaluation import _inputs


class TwoSampleTest(NamedTuple):
    """Attributes:
    accuracy: share of held-out samples whose origin was guessed; ½ if nothing can be told.
    standard_error: binomial standard error of the accuracy.
    p_value: probability of this accuracy or a higher one if both laws are equal.
    """

    accuracy: float
    standard_error: float
    p_value: float


def classifier_two_sample_test(*, real: Any, fake: Any, seed: int = 0) -> TwoSampleTest:
    """How well a nearest-neighbour classifier tells fake from real on held-out samples, and whether that could be luck.

    As many of both as the smaller set has are drawn, half of each to learn from and half to guess, by the majority of the
    ``k = ⌊√n⌋`` nearest of the n to learn from (one more if even). Under equal laws the number of right guesses is binomial
    with probability ½ (at most as spread out, exactly as in the mean), so the p-value is honest at any n.

    An accuracy well *below* ½ is a warning of its own: fake samples are copies of the real ones, so that the nearest
    neighbour of each comes from the other side.

    Args:
        real: (n, p) features of the data, n ≥ 4.
        fake: (m, p) features of the generated samples, m ≥ 4.
        seed: of the split.

    Returns:
        Accuracy, its standard error and the one-sided p-value.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import classifier_two_sample_test
        >>> real = np.random.default_rng(0).normal(size=(100, 2))
        >>> classifier_two_sample_test(real=real, fake=real + 10.0).accuracy
        1.0

    Source: Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, arXiv 1610.06545, Section 3.
    """
    real, fake = _inputs.pair(real, fake, least=4)
    n = min(len(real), len(fake))
    rng = np.random.default_rng(seed)
    real, fake = (_inputs.subsample(x, n, rng) for x in (real, fake))
    learn, guess = (np.concatenate([real[part], fake[part]]) for part in (slice(None, n // 2), slice(n // 2, None)))
    k = math.isqrt(len(learn)) | 1  # odd: no ties
    neighbours = _inputs.nearest(guess, learn, k)[1]
    guessed_fake = np.mean(neighbours >= n // 2, axis=1) > 0.5
    is_fake = np.arange(len(guess)) >= n - n // 2
    right = int(np.sum(guessed_fake == is_fake))
    accuracy = right / len(guess)
    error = math.sqrt(accuracy * (1 - accuracy) / len(guess))
    return TwoSampleTest(accuracy, error, float(stats.binom.sf(right - 1, len(guess), 0.5)))
