"""String kernels as feature maps: counting by hand, linearity in each place, means over texts of independent places."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.features import mean_ngram_counts, ngram_counts
from igm_jax.features.strings import in_places
from igm_jax.objectives import mmd2_biased

SYMBOLS, LENGTH = 3, 5


def rows(tokens):
    return jnp.eye(SYMBOLS)[np.asarray(tokens)].reshape(len(tokens), -1)


TEXTS = np.random.default_rng(0).integers(0, SYMBOLS, size=(6, LENGTH))


def counted(text, order, gap, decay):
    """Over all ways to choose places: the definition, with no recursion."""
    found = np.zeros((SYMBOLS,) * order)
    for places in itertools.combinations(range(len(text)), order):
        steps = np.diff(places)
        if (steps <= gap + 1).all():
            found[tuple(text[i] for i in places)] += decay ** float((steps - 1).sum())
    return found.ravel()


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize(("gap", "decay"), [(0, 1.0), (1, 0.5), (3, 0.7), (9, 0.3)])
def test_counts_are_those_of_all_choices_of_places(order, gap, decay, x64):
    found = ngram_counts(rows(TEXTS), SYMBOLS, order, gap=gap, decay=decay)
    expected = np.array([counted(text, order, gap, decay) for text in TEXTS])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    mean = mean_ngram_counts(rows(TEXTS), SYMBOLS, order, gap=gap, decay=decay)
    np.testing.assert_allclose(mean, expected.mean(0), rtol=1e-12)


@pytest.mark.parametrize(("order", "gap"), [(2, 0), (3, 1)])
def test_the_map_of_probabilities_is_the_mean_over_the_texts_they_spell(order, gap, x64):
    p = np.random.default_rng(1).dirichlet(np.ones(SYMBOLS), size=LENGTH)
    every = np.array(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))
    chances = np.prod(p[np.arange(LENGTH), every], axis=1)
    mean = chances @ np.asarray(ngram_counts(rows(every), SYMBOLS, order, gap=gap, decay=0.5))
    found = ngram_counts(p.reshape(1, -1), SYMBOLS, order, gap=gap, decay=0.5)[0]
    np.testing.assert_allclose(found, mean, rtol=1e-12)


def test_derivatives_are_finite_differences(x64):
    x = np.random.default_rng(2).uniform(size=(1, LENGTH * SYMBOLS))
    move = np.random.default_rng(3).normal(size=x.shape)

    def value(x):
        return jnp.sum(jnp.sin(ngram_counts(x, SYMBOLS, 3, gap=1, decay=0.5)))

    slope = jax.jvp(value, (jnp.asarray(x),), (jnp.asarray(move),))[1]
    np.testing.assert_allclose(slope, (value(x + 1e-5 * move) - value(x - 1e-5 * move)) / 2e-5, rtol=1e-7)


def test_the_gap_of_means_is_the_mmd_under_the_string_kernel(x64):
    def kernel(a, b):
        return ngram_counts(a[None], SYMBOLS, 2)[0] @ ngram_counts(b[None], SYMBOLS, 2)[0]

    x, y = rows(TEXTS[:2]), rows(TEXTS[2:])
    gap = mean_ngram_counts(x, SYMBOLS, 2) - mean_ngram_counts(y, SYMBOLS, 2)
    np.testing.assert_allclose(gap @ gap, mmd2_biased(x, y, kernel), rtol=1e-12)


@pytest.mark.parametrize("gap", [0, 2])
def test_what_fills_a_row_counts_unless_its_numbers_are_zero(gap, x64):
    short, long = ([[0, 1, 1, *[2] * ends]] for ends in (1, 5))
    counts = [ngram_counts(rows(text), SYMBOLS, 2, gap=gap, decay=0.5)[0] for text in (short, long)]
    assert counts[0][-1] == 0  # one end is no pair of ends
    assert counts[1][-1] == counts[1].max() >= 4
    letters = [
        ngram_counts(rows(text).reshape(-1, SYMBOLS).at[:, -1].set(0.0).reshape(1, -1), SYMBOLS, 2, gap=gap)
        for text in (short, long)
    ]
    np.testing.assert_array_equal(letters[0], letters[1])
    np.testing.assert_array_equal(
        letters[0].reshape(SYMBOLS, SYMBOLS)[:2, :2],
        np.reshape(counted([0, 1, 1], 2, gap, 1.0), (SYMBOLS, SYMBOLS))[:2, :2],
    )


def test_bad_input_is_told():
    x = rows(TEXTS)
    for wrong, told in (
        (lambda: ngram_counts(x, 4, 2), r"so many times 4 numbers, but has shape \(6, 15\)"),
        (lambda: ngram_counts(x, SYMBOLS, 6), "`order` must be at most the 5 places"),
        (lambda: ngram_counts(x, SYMBOLS, 2, decay=0.0), r"`decay` must be in \(0, 1\], but is 0.0"),
        (lambda: ngram_counts(x, SYMBOLS, 2, gap=-1), "`gap` must be"),
        (lambda: mean_ngram_counts(jnp.zeros((1, 390)), 39, 5), "more than 10000000: lower `order`"),
        (lambda: in_places(x, 0), "`symbols` must be"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()


def test_a_gap_of_more_places_than_there_are_is_one_of_all(x64):
    np.testing.assert_array_equal(
        ngram_counts(rows(TEXTS), SYMBOLS, 2, gap=10**9), ngram_counts(rows(TEXTS), SYMBOLS, 2, gap=LENGTH)
    )
