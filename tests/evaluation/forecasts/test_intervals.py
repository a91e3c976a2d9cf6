import numpy as np
import pytest

from igm_jax.evaluation import interval_coverage

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [19, 25, 99])
def test_covers_as_often_as_it_says_for_every_number_of_draws(k):
    found = interval_coverage(real=RNG.normal(size=(6000, 2)), draws=RNG.normal(size=(6000, k, 2)), repeats=200)
    np.testing.assert_allclose(found.share, 0.9, atol=4 * np.sqrt(0.09 / 6000))
    assert (found.low < found.share).all()
    assert (found.share < found.high).all()


def test_the_ends_are_order_statistics_where_these_have_the_level():
    draws = RNG.normal(size=(50, 19, 1))
    found = interval_coverage(real=draws.min(axis=1), draws=draws)
    np.testing.assert_allclose(found.share, 1)  # the least of 19 is the end of the interval of 90 %
    np.testing.assert_allclose(found.width, (draws.max(axis=1) - draws.min(axis=1)).mean(0))


def test_blocks_widen_the_interval():
    real = np.repeat(RNG.normal(size=(40, 1)), 50, axis=0)
    draws = RNG.normal(size=(2000, 19, 1))
    alone, together = (
        interval_coverage(real=real, draws=draws, blocks=blocks) for blocks in (None, np.repeat(np.arange(40), 50))
    )
    assert (together.high - together.low) > 3 * (alone.high - alone.low)


def test_too_few_draws_for_a_level_are_explained():
    with pytest.raises(ValueError, match="at least 19 draws"):
        interval_coverage(real=np.ones((5, 1)), draws=np.ones((5, 18, 1)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval_coverage(real=np.ones((5, 1)), draws=np.ones((5, 18, 1)), level=90)
