import numpy as np
import pytest

from igm_jax.evaluation.forecasts.inputs import forecasts, in_blocks, mean_over, resampled_means

RNG = np.random.default_rng(0)


def test_shapes_are_explained():
    with pytest.raises(ValueError, match=r"k draws of each, but they have \(3, 1\) and \(3, 1\)"):
        forecasts(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="at least 2 draws"):
        forecasts(np.ones((3, 1)), np.ones((3, 1, 1)))
    with pytest.raises(ValueError, match="finite"):
        forecasts(np.full((3, 1), np.nan), np.ones((3, 2, 1)))
    with pytest.raises(ValueError, match="there must be a condition"):
        forecasts(np.ones((0, 1)), np.ones((0, 2, 1)))
    with pytest.raises(ValueError, match="a label for each condition"):
        in_blocks([1, 2], 3)
    with pytest.raises(ValueError, match="some are NaN"):
        in_blocks([1.0, np.nan], 2)
    with pytest.raises(ValueError, match="at least two blocks"):
        resampled_means(np.ones((5, 1)), np.zeros(5), 10, 0)
    with pytest.raises(ValueError, match="as many numbers in each row"):
        forecasts(np.ones((2, 1)), [[[1.0]], [[1.0], [2.0]]])


def test_the_error_of_a_mean_is_the_usual_one_or_that_of_blocks():
    values = RNG.normal(size=40)
    np.testing.assert_allclose(mean_over(values).standard_error, values.std(ddof=1) / np.sqrt(40), rtol=1e-12)
    # Blocks whose members are copies of each other are so many numbers, not more.
    found = mean_over(np.repeat(values, 5), np.repeat(np.arange(40), 5))
    np.testing.assert_allclose(found, (values.mean(), values.std(ddof=1) / np.sqrt(40)), rtol=1e-12)
    with pytest.raises(ValueError, match="at least two blocks"):
        mean_over(values, np.zeros(40))


def test_blocks_are_drawn_whole():
    means = resampled_means(np.array([[1.0], [0.0], [1.0], [0.0]]), ["a", "b", "a", "c"], 250, 0)
    # Of three blocks, of which the first has two conditions, so many were the first.
    expected = {2 * count / (2 * count + 3 - count) for count in range(4)}
    assert {round(float(mean), 9) for mean in means[:, 0]} == {round(one, 9) for one in expected}
