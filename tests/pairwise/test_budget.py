"""Budgets: what may be kept whole, tiles that cover all rows and no more, and blocks of rows that are all of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.pairwise import budget

SIZES = [(n, m) for n in (1, 63, 64, 256, 257, 1000, 70_000) for m in (1, 5000, 2**20, 10**7)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_matrices_fit_up_to_the_last_byte(dtype):
    numbers = budget.BYTES // jnp.dtype(dtype).itemsize
    assert budget.fits(1, numbers, dtype, matrices=1)
    assert not budget.fits(1, numbers + 1, dtype, matrices=1)
    assert budget.fits(numbers // 64, 16, dtype, matrices=4)
    assert not budget.fits(numbers // 64 + 1, 16, dtype, matrices=4)


@pytest.mark.parametrize("odd", [False, True])
def test_tiles_cover_all_rows_with_less_than_a_row_each_to_spare(odd):
    for n, m in SIZES:
        tiles, rows = budget.tiling(n, m, odd=odd)
        assert n <= tiles * rows < n + tiles
        assert rows <= budget.MOST_ROWS
        assert rows * m <= max(budget.TILE_PAIRS, budget.FEWEST_ROWS * m)
        assert not odd or tiles % 2 == 1


@pytest.mark.parametrize(("device", "pairs"), [("cpu", budget.WIDE_PAIRS), ("gpu", budget.GPU_PAIRS)])
def test_a_tile_has_a_row_and_stays_within_its_pairs(device, pairs, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    for n, m in SIZES:
        rows = budget.rows_of_a_tile(n, m)
        assert 1 <= rows <= n
        assert rows * m <= max(pairs, budget.FEWEST_ROWS * m)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_half_of_the_pairs_takes_blocks_enough_or_none(device, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    for n in (1, 63, 511, 512, 513, 5000, 70_000):
        rows = budget.rows_of_a_half(n)
        assert rows == n or budget.FEWEST_ROWS <= rows <= n // budget.LEAST_BLOCKS
    assert budget.rows_of_a_half(511) == 511
    assert budget.rows_of_a_half(512) == 64


def test_what_waits_is_unchanged_and_so_are_its_derivatives(x64):
    small, large = jnp.arange(6.0).reshape(3, 2), jnp.linspace(-1, 1, budget.LARGE + 1)
    for got, sample in zip(budget.after(jnp.asarray(3.0), small, large), (small, large), strict=True):
        np.testing.assert_array_equal(got, sample)
    slope_done, slope = jax.grad(lambda done, x: jnp.vdot(*budget.after(done, x, x)), (0, 1))(jnp.asarray(3.0), large)
    np.testing.assert_array_equal(slope, 2 * large)
    assert slope_done == 0


def test_only_the_large_wait():
    # What waits for a number that is none becomes none itself: the compiler cannot leave the wait out.
    small, large = budget.after(jnp.asarray(jnp.nan), jnp.ones(budget.LARGE), jnp.ones(budget.LARGE + 1))
    assert np.isfinite(small).all()
    assert np.isnan(large).all()


def test_padding_is_of_zeros_to_the_next_multiple():
    for n, length in ((1, 4), (4, 4), (5, 8)):
        points, weights = budget.padded((jnp.ones((n, 2)), jnp.ones(n)), 4)
        assert points.shape == (length, 2)
        np.testing.assert_array_equal(weights, np.arange(length) < n)
        np.testing.assert_array_equal(points, np.repeat(weights[:, None], 2, axis=1))


@pytest.mark.parametrize("n", [1, 256, 257, 515])
def test_blocks_of_rows_are_all_rows_in_order(n, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    x, seen = jnp.arange(1.0, n + 1), []

    def visit(total, block, index):
        seen.append(block.shape)
        np.testing.assert_equal(index.shape, block.shape)
        real = index < n
        return total + jnp.sum(jnp.where(real, block, 0)), (index, jnp.where(real, block, 1 - block))

    total, (index, out) = budget.by_rows(visit, jnp.zeros(()), x, n, 3)
    assert total == n * (n + 1) / 2
    np.testing.assert_array_equal(index, np.arange(n))
    np.testing.assert_array_equal(out, x)
    assert set(seen) == {(budget.rows_of_a_tile(n, 3),)}


def test_rows_that_pad_have_the_number_n_and_are_copies_of_the_first(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    x = jnp.arange(7.0, 7 + 257)  # two blocks of 129 rows

    def visit(padding, block, index):
        return padding + jnp.sum(jnp.where(index == 257, block, 0)), ()

    assert budget.by_rows(visit, jnp.zeros(()), x, 257, 1)[0] == 7


def test_derivatives_across_blocks(x64):
    x, factor = jnp.linspace(-1, 1, 259), jnp.asarray(1.3)

    @jax.jit
    def total(x, factor):
        def visit(carry, block, index):
            waves = jnp.where(index < 259, jnp.sin(factor * block), 0)
            return carry + jnp.sum(waves), waves**2

        carry, out = budget.by_rows(visit, jnp.zeros(()), x, 259, 1)
        return carry + jnp.sum(out)

    check_grads(total, (x, factor), order=1, modes=["fwd", "rev"], rtol=1e-6)
