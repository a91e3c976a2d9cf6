"""Does the generator repeat its training data: are the samples new, or copies?"""

from typing import Any

import numpy as np
from scipy.special import betainc

from igm_jax import checks
from igm_jax.evaluation import _inputs


def memorisation_ratio(*, train: Any, test: Any, fake: Any) -> float:
    """How near the fake samples are to the training data, compared with held-out data that the model never saw.

    With d(A, B) the mean distance from a sample of A to the nearest of B (other than itself)::

        ratio = [d(fake, train) / d(fake, test)] / [d(test, train) / d(test, test)]

    About 1 for a model that has learned the distribution, and 0 for one that copies its training set; when a share s of the
    samples are copies it falls to about 1 - s. The second bracket is what fresh real data would give, so that ``train`` and
    ``test`` need not have equal sizes.

    Cost: n l + m l + n m + m² distances, (n + m + l) d numbers of memory.

    Args:
        train: (n, d) data that the model was trained on.
        test: (m, d) held-out data, m ≥ 2.
        fake: (l, d) generated samples.

    Returns:
        The ratio; 1 where everything coincides and there is nothing to tell apart.

    Raises:
        ValueError: for wrong shapes, different numbers of features, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import memorisation_ratio
        >>> train, test = [[0.0], [2.0]], [[1.0], [3.0]]
        >>> memorisation_ratio(train=train, test=test, fake=train), memorisation_ratio(train=train, test=test, fake=[[1.5]])
        (0.0, 2.0)

    Source: comparing with held-out data: Meehan et al., A Non-Parametric Test to Detect Data-Copying, arXiv 2004.05675.
    """
    train, test, fake = _inputs.same_features(
        train=_inputs.samples("train", train),
        test=_inputs.samples("test", test, least=2),
        fake=_inputs.samples("fake", fake),
    )
    to_train, to_test = (np.mean(_inputs.nearest(fake, data, 1)[0]) for data in (train, test))
    fresh_to_train, fresh_to_test = np.mean(_inputs.nearest(test, train, 1)[0]), np.mean(_inputs.radii(test, 1))
    # One fraction: it is 0/0 only if there is nothing to tell apart.
    above, below = to_train * fresh_to_test, to_test * fresh_to_train
    if below == 0:
        return 1.0 if above == 0 else float("inf")
    return float(above / below)


def authenticity(*, train: Any, fake: Any) -> float:
    """The share of the fake samples that do not crowd a training sample.

    A sample g counts as a copy of the training sample t that is nearest to it, if it is nearer to t than every other
    training sample is::

        authenticity = (1/m) Σ_j 1[ ‖g_j - t(j)‖ > min over t' ≠ t(j) of ‖t' - t(j)‖ ]

    Copies of training data give 0 and bad samples 1. Fresh draws of the same law do not give 1, but a number between 1/3
    and 1/2 (see ``expected_authenticity``): compare with it, or with held-out data in place of the fake. It says nothing
    about quality or variety.

    Cost: n² + n m distances; time n (n + m) p.

    Args:
        train: (n, p) data that the model was trained on, n ≥ 2.
        fake: (m, p) generated samples.

    Returns:
        A share from 0 to 1.

    Raises:
        ValueError: for a single training sample, wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import authenticity
        >>> authenticity(train=[[0.0], [1.0], [5.0]], fake=[[0.0], [1.5], [9.5]])
        0.3333333333333333

    Source: Alaa et al., How Faithful is your Synthetic Data?, arXiv 2102.08921, Section 3.3.
    """
    train, fake = _inputs.same_features(
        train=_inputs.samples("train", train, least=2), fake=_inputs.samples("fake", fake)
    )
    distance, index = (found[:, 0] for found in _inputs.nearest(fake, train, 1))
    return float(np.mean(distance > _inputs.radii(train, 1)[index] * (1 + _inputs.ROUNDING)))


def expected_authenticity(dim: int) -> float:
    """The authenticity of fresh draws of the training data's own law, where that has a density and n and m are large.

    A fresh sample is a copy of its nearest if each is the other's nearest. Nearby, samples are a Poisson process, so that has
    the probability 1/u with u the volume of two unit balls, either with its centre on the other's rim, over that of one::

        1 - 1/u,   u = 2 - I_{3/4}((d + 1)/2, 1/2)

    with the regularised incomplete beta function I: 1/3 in one dimension, .3785 in two, towards 1/2 in many.

    Cost: none.

    Args:
        dim: the dimension d of the law's support.

    Returns:
        The share.

    Raises:
        ValueError: for a dimension below one.

    Example:
        >>> from igm_jax.evaluation import expected_authenticity
        >>> round(expected_authenticity(1), 12), round(expected_authenticity(2), 4)
        (0.333333333333, 0.3785)

    Source: mutual nearest neighbours: Dacey, Proportion of reflexive nth order neighbors, Geographical Analysis 1 (1969).
    """
    return float(1 - 1 / (2 - betainc((checks.count("dim", dim) + 1) / 2, 0.5, 0.75)))
