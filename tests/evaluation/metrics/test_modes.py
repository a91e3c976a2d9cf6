"""Mode coverage by construction."""

import math

import jax
import numpy as np
import pytest

from igm_jax.distributions import Modes, grid
from igm_jax.evaluation import mode_coverage

MEANS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
EQUAL = Modes(MEANS, 0.5, np.full(4, 0.25))


def test_perfect_samples():
    assert mode_coverage(fake=MEANS, modes=EQUAL) == (4, 1.0, 0.0)


def test_dropped_modes():
    result = mode_coverage(fake=MEANS[:2], modes=EQUAL)
    assert result[:2] == (2, 1.0)
    assert result.reverse_kl == pytest.approx(math.log(4) - math.log(2))
    assert mode_coverage(fake=MEANS[:1], modes=EQUAL).reverse_kl == pytest.approx(math.log(4))


def test_only_good_samples_count():
    # 1.5 is three standard deviations; what lies further out is no sample of any mode.
    fake = np.concatenate([MEANS[:3] + np.array([1.49, 0.0]), MEANS[3:] + np.array([1.51, 0.0])])
    result = mode_coverage(fake=fake, modes=EQUAL)
    assert result[:2] == (3, 0.75)
    assert result.reverse_kl == pytest.approx(math.log(4) - math.log(3))


def test_uneven_spread_is_log_k_minus_entropy():
    fake = np.repeat(MEANS, [1, 2, 5, 0], axis=0)
    shares = np.array([1, 2, 5]) / 8
    assert mode_coverage(fake=fake, modes=EQUAL).reverse_kl == pytest.approx(
        math.log(4) + np.sum(shares * np.log(shares))
    )


def test_unequal_weights_are_the_reference():
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    modes = Modes(MEANS, 0.5, weights)
    assert mode_coverage(fake=np.repeat(MEANS, [1, 2, 3, 4], axis=0), modes=modes).reverse_kl == pytest.approx(
        0, abs=1e-12
    )
    assert mode_coverage(fake=MEANS, modes=modes).reverse_kl == pytest.approx(np.mean(np.log(0.25 / weights)))


def test_no_good_sample_at_all():
    assert mode_coverage(fake=MEANS + 3.0, modes=EQUAL) == (0, 0.0, math.inf)


def test_real_draws_of_the_grid():
    target, n = grid(), 2500
    result = mode_coverage(fake=target(jax.random.key(0), n), modes=target.modes)
    inside = 1 - math.exp(-4.5)  # within three standard deviations in the plane
    assert result.modes == 25
    assert result.high_quality == pytest.approx(inside, abs=4 * math.sqrt(inside * (1 - inside) / n))
    assert result.reverse_kl == pytest.approx(24 / (2 * n), abs=4 * math.sqrt(48) / (2 * n)), (
        "χ² with 24 degrees of freedom / 2n"
    )


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        (EQUAL._replace(means=MEANS[:, :1]), "`fake` and `means` must have the same number of features"),
        (EQUAL._replace(std=0.0), "`modes.std` must be positive"),
        (EQUAL._replace(weights=np.full(3, 1 / 3)), "`modes.weights` must be 4 positive numbers"),
        (EQUAL._replace(weights=np.array([1.0, 0.0, 0.0, 0.0])), "`modes.weights` must be 4 positive numbers"),
    ],
)
def test_modes_that_do_not_fit_are_refused(modes, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(fake=MEANS, modes=modes)
