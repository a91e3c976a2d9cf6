"""Can a classifier tell the fake from the real?"""

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import optimize, special, stats

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample.copies import copies, halves

# Weight of ½‖w‖² beside the summed logistic losses, for inputs of unit variance.
RIDGE = 10.0

# Numbers count as at most this many median distances from their feature's median.
REACH = 1000.0


class TwoSampleTest(NamedTuple):
    """The outcome of a classifier two-sample test.

    Attributes:
        accuracy: share of held-out samples whose origin was guessed, the mean of those of real and fake; ½ if nothing can be
            told.
        standard_error: binomial standard error of the accuracy.
        p_value: probability of this accuracy or a higher one if both laws are equal.
    """

    accuracy: float
    standard_error: float
    p_value: float


class Known(NamedTuple):
    """Samples with what may be known of them.

    Attributes:
        x: (n, p) the samples.
        which: (n,) their groups of copies.
        sizes: (n,) of these groups.
        atom: (n,) whether it is an atom.
        fake: (n,) whether they are fake.
    """

    x: Float[np.ndarray, "n p"]
    which: Int[np.ndarray, " n"]
    sizes: Int[np.ndarray, " n"]
    atom: Bool[np.ndarray, " n"]
    fake: Bool[np.ndarray, " n"]

    def at(self, some: Bool[np.ndarray, " n"]) -> "Known":
        """Some of them."""
        return Known(*(part[some] for part in self))


def classifier_two_sample_test(*, real: Any, fake: Any, seed: int = 0) -> TwoSampleTest:
    """How well a classifier tells fake from real on samples that it has not learned from, and whether that could be luck.

    As many of both as the smaller set has are drawn, half of each to learn from and half to guess. The classifier is logistic
    regression on what a sample is (its coordinates, their squares and the sum of those) and on where it lies (logarithms of
    the distances to the nearest and the ⌊√n⌋-th nearest real and fake samples, and the vote of the ⌊√n⌋ nearest of all). The
    second sees fine structure that the first cannot, and the first sees noise in many dimensions, where every sample's
    neighbours are real.

    Copies count as what they are. Samples that are equal (to single precision) are learned from together or guessed together,
    and never are each other's neighbours: so a set against itself is not "different", nor is a generator that memorised some of
    it. How often a sample occurs in both sets together is one more input, by which a generator that repeats itself is found out.
    A value that more than √(2n) of all samples share is an atom of the law: it is in both halves, and an input of its own.

    Under equal laws all ways to call as many of the held-out samples real are alike, whatever the classifier. So the number of
    fake ones that are called fake is hypergeometric, and the p-value is exact (Fisher's test).

    Distances and the sum of squares have units. A feature in small units, with large numbers, is all that they see:
    standardise features that are no lengths of one space.

    Cost: n² distances, n p numbers of memory; the fit is small.

    Args:
        real: (n, p) features of the data, n ≥ 4.
        fake: (m, p) features of the generated samples, m ≥ 4.
        seed: of the split; all else is deterministic.

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

    Source: Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, arXiv 1610.06545, Section 3; the classifier and the
    exact p-value are ours.
    """
    real, fake = _inputs.pair(real, fake, least=4)
    n = min(len(real), len(fake))
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    z = np.concatenate([_inputs.subsample(x, n, rng) for x in (real, fake)])
    found = copies(z)
    learns = halves(found, rng)
    known = Known(_within_reach(z), found.which, found.sizes, found.atoms, np.arange(2 * n) >= n)
    return _guessed(known.at(learns), known.at(~learns))


def _within_reach(z: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "n p"]:
    """Numbers that are very far from all others, brought nearer: a single one would leave nothing of the others' moments."""
    centre = np.median(z, axis=0)
    spread = np.median(np.abs(z - centre), axis=0)
    reach = np.where(spread > 0, REACH * spread, np.inf)
    return np.clip(z, centre - reach, centre + reach)


def _guessed(learn: Known, guess: Known) -> TwoSampleTest:
    fakes, reals = int(guess.fake.sum()), int((~guess.fake).sum())
    if not (fakes and reals and learn.fake.any() and not learn.fake.all()):
        # Few groups of copies, dealt out unluckily: nothing can be told.
        return TwoSampleTest(0.5, 0.5 / math.sqrt(max(1, len(guess.fake))), 1.0)
    called = _logistic(_clues(learn, learn), learn.fake, _clues(guess, learn)) > 0
    right_fake, right_real = int(np.sum(called & guess.fake)), int(np.sum(~called & ~guess.fake))
    accuracy = (right_fake * reals + right_real * fakes) / (2 * fakes * reals)
    error = math.sqrt(accuracy * (1 - accuracy) / len(called))
    luck = stats.hypergeom.sf(right_fake - 1, len(called), fakes, int(called.sum()))
    return TwoSampleTest(accuracy, error, float(luck))


def _clues(seen: Known, learn: Known) -> Float[np.ndarray, "n c"]:
    """What the classifier sees of samples."""
    real = learn.x[~learn.fake]
    centre, scale = real.mean(0), real.std() or 1.0
    standard = (seen.x - centre) / scale
    size = np.sum(standard**2, axis=1, keepdims=True)
    values = np.unique(learn.which[learn.atom])
    copied = [np.log(seen.sizes[:, None]), seen.which[:, None] == values]
    return np.concatenate([standard, standard**2, size, *_near(seen, learn, scale), *copied], axis=1)


def _near(seen: Known, learn: Known, scale: float) -> list[Float[np.ndarray, "n _"]]:
    """Logarithms of distances to real and to fake samples, and votes; neither itself nor copies are a sample's neighbours."""
    own = int(learn.sizes[~learn.atom].max(initial=1))
    sides = [learn.at((learn.fake == fake) & ~learn.atom) for fake in (False, True)]
    fewest = min(len(side.x) for side in sides)
    k = min(max(1, math.isqrt(fewest)), fewest - own)
    if k < 1:
        return []  # nearly all are atoms
    to_real, to_fake = (_distances(seen, side, k, own) for side in sides)
    cutoff = np.sort(np.concatenate([to_real, to_fake], axis=1), axis=1)[:, k - 1, None]
    vote = np.sum(to_fake <= cutoff, axis=1, keepdims=True) - np.sum(to_real <= cutoff, axis=1, keepdims=True)
    # A hair is added before the logarithm, for samples that are as good as copies.
    near = [np.log(found[:, [0, k - 1]] / scale + 1e-9) for found in (to_real, to_fake)]
    return [*near, vote.astype(float)]


def _distances(seen: Known, side: Known, k: int, own: int) -> Float[np.ndarray, "n k"]:
    """To the k nearest of a side that are no copies, of which there are at most ``own``."""
    distances, index = _inputs.nearest(seen.x, side.x, k + own)
    copy = side.which[index] == seen.which[:, None]
    first = np.argsort(copy, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, first, axis=1)


def _logistic(
    learn: Float[np.ndarray, "n c"], is_fake: Bool[np.ndarray, " n"], guess: Float[np.ndarray, "m c"]
) -> Float[np.ndarray, " m"]:
    """Log odds of being fake at ``guess``, by ridge logistic regression on standardised inputs."""
    mean, std = learn.mean(0), learn.std(0)
    std = np.where(std > 1e-9 * (1 + np.abs(mean)), std, np.inf)  # what does not vary tells nothing
    inputs, sign = (learn - mean) / std, np.where(is_fake, 1.0, -1.0)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (inputs @ w)
        slope = RIDGE * w - inputs.T @ (sign * special.expit(-margin))
        return float(np.sum(np.logaddexp(0, -margin)) + RIDGE / 2 * w @ w), slope

    # No intercept: there are about as many real as fake, and the inputs are centred.
    found = optimize.minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return ((guess - mean) / std) @ found.x
