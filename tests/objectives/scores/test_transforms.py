import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import differences, pooled, spectrum

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5, 24))


def test_means_over_blocks(x64):
    blocks = ROWS.reshape(5, 4, 6)
    expected = [[blocks[n, i : i + 2, j : j + 2].mean() for i in (0, 2) for j in (0, 2, 4)] for n in range(5)]
    np.testing.assert_allclose(pooled((4, 6), 2)(jnp.asarray(ROWS)), expected, rtol=1e-12)


def test_differences_of_neighbours(x64):
    grid = ROWS.reshape(5, 4, 6)
    expected = np.concatenate([np.diff(grid, axis=1).reshape(5, -1), np.diff(grid, axis=2).reshape(5, -1)], axis=1)
    np.testing.assert_allclose(differences((4, 6))(jnp.asarray(ROWS)), expected, rtol=1e-12)


def test_amplitudes_keep_the_sum_of_squares(x64):
    """Parseval: waves between the ends count twice."""
    found = np.asarray(spectrum(24)(jnp.asarray(ROWS)))
    times = np.r_[1, np.full(11, 2), 1]
    np.testing.assert_allclose((times * found**2).sum(1), (ROWS**2).sum(1), rtol=1e-10)


def test_the_slope_of_silence_is_zero():
    np.testing.assert_array_equal(jax.grad(lambda x: jnp.sum(spectrum(8)(x)))(jnp.zeros((1, 8))), 0)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: pooled((4, 6), 4), ValueError, "must divide every axis"),
        (lambda: pooled((), 2), TypeError, "lengths of the axes"),
        (lambda: differences((1,)), ValueError, "an axis of two numbers"),
        (lambda: pooled((4, 6), 2)(jnp.ones((3, 25))), ValueError, "rows of 24 numbers"),
        (lambda: spectrum(0), ValueError, "length"),
    ],
)
def test_what_does_not_fit_is_explained(make, error, text):
    with pytest.raises(error, match=text):
        make()
