"""Does the generator repeat its training data?"""

from typing import Any

import numpy as np

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
