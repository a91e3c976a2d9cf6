"""The MMD under random signs."""

import numpy as np
import pytest

from igm_jax.evaluation import mmd_wild_bootstrap_test
from tests.evaluation.two_sample.samples import QUICK, normal


def test_wild_bootstrap_has_the_one_sample_statistic():
    real, fake = normal(0), 1.5 * normal(1)
    result = mmd_wild_bootstrap_test(real=real, fake=fake, **QUICK)
    kernel = lambda x, y: np.exp(-np.sum((x[:, None] - y[None]) ** 2, -1) / (2 * result.bandwidth**2))  # noqa: E731
    h = kernel(real, real) + kernel(fake, fake) - kernel(real, fake) - kernel(fake, real)
    expected = (h.sum() - np.trace(h)) / (40 * 39)
    assert result.statistic == pytest.approx(expected, rel=1e-3)


def test_without_a_partner_there_is_no_sign():
    with pytest.raises(ValueError, match="equally many samples, but hold 40 and 30"):
        mmd_wild_bootstrap_test(real=normal(0), fake=normal(1, 30))
