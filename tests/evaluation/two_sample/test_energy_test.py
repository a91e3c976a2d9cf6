"""The energy distance as a permutation test."""

import numpy as np
import pytest

from igm_jax.evaluation import energy_permutation_test
from tests.evaluation.two_sample.samples import QUICK, normal


def test_energy_is_the_v_statistic():
    real, fake = normal(0, 30), 2 * normal(1, 50)
    distance = lambda x, y: np.linalg.norm(x[:, None] - y[None], axis=-1).mean()  # noqa: E731
    expected = 2 * distance(real, fake) - distance(real, real) - distance(fake, fake)
    assert energy_permutation_test(real=real, fake=fake, **QUICK).statistic == pytest.approx(expected, rel=1e-4)


def test_its_statistic_is_in_the_units_of_the_samples():
    real, fake = normal(0), normal(1) + 0.3
    one, other = (energy_permutation_test(real=scale * real, fake=scale * fake, **QUICK) for scale in (1, 1000))
    assert other.statistic == pytest.approx(1000 * one.statistic, rel=1e-4)
    assert other.p_value == one.p_value
