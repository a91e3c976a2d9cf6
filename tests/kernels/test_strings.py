"""The kernel of shared substrings: counting by hand, linearity, and MMD through the engine."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import mmd2_biased
from igm_jax.kernels import substrings
from tests.kernels import formulas

SYMBOLS, LENGTH = 3, 6
TEXTS = np.random.default_rng(0).integers(0, SYMBOLS, size=(7, LENGTH))


def rows(tokens):
    return jnp.eye(SYMBOLS)[np.asarray(tokens)].reshape(len(tokens), -1)


def shared(a, b, decay):
    """Over all beginnings and ends, whether the two are equal there."""
    places = itertools.combinations(range(LENGTH + 1), 2)
    return sum(decay ** (end - start) for start, end in places if (a[start:end] == b[start:end]).all())


@pytest.mark.parametrize("decay", [0.3, 1.0])
def test_it_counts_the_substrings_that_two_texts_share(decay, x64):
    expected = [[shared(a, b, decay) for b in TEXTS] for a in TEXTS]
    np.testing.assert_allclose(substrings(SYMBOLS, decay)(rows(TEXTS), rows(TEXTS)), expected, rtol=1e-12)


def test_what_fills_a_row_is_shared_unless_its_numbers_are_zero(x64):
    words = rows([[0, 0, 2, 2, 2, 2], [1, 1, 2, 2, 2, 2]])
    kernel = substrings(SYMBOLS, 1.0)
    assert kernel(words, words)[0, 1] == 4 * 5 / 2  # no letter in common, and all substrings of four ends
    letters = words.reshape(2, LENGTH, SYMBOLS).at[..., -1].set(0.0).reshape(2, -1)
    np.testing.assert_array_equal(kernel(letters, letters), 3 * np.eye(2))


def test_positive_definite(x64):
    assert np.linalg.eigvalsh(np.asarray(substrings(SYMBOLS)(rows(TEXTS), rows(TEXTS)))).min() > -1e-12
    formulas.assert_formula(substrings(3), 0.7 * formulas.X @ formulas.Y.T)  # of one place: the linear kernel


def test_of_probabilities_it_is_the_mean_over_the_texts_they_spell(x64):
    p = np.random.default_rng(1).dirichlet(np.ones(SYMBOLS), size=LENGTH)
    every = np.array(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))
    chances = np.prod(p[np.arange(LENGTH), every], axis=1)
    kernel = substrings(SYMBOLS, 0.7)
    mean = chances @ np.asarray(kernel(rows(every), rows(TEXTS)))
    np.testing.assert_allclose(kernel(p.reshape(1, -1), rows(TEXTS))[0], mean, rtol=1e-12)


def test_the_engine_takes_it_with_weights_and_derivatives(x64):
    x, y = rows(TEXTS[:3]), rows(TEXTS[3:])
    weights = np.array([0.2, 0.3, 0.5])
    kernel = substrings(SYMBOLS)

    def value(x):
        return mmd2_biased(x, y, kernel, x_weights=weights)

    gap = np.concatenate([weights, np.full(4, -0.25)])
    both = jnp.concatenate([x, y])
    np.testing.assert_allclose(value(x), gap @ np.asarray(kernel(both, both)) @ gap, rtol=1e-10)
    move = np.random.default_rng(2).normal(size=x.shape)
    slope = jax.jvp(value, (x,), (jnp.asarray(move),))[1]
    np.testing.assert_allclose(slope, (value(x + 1e-5 * move) - value(x - 1e-5 * move)) / 2e-5, rtol=1e-6)


def test_bad_input_is_told():
    for wrong, told in (
        (lambda: substrings(39, 1.5), r"`decay` must be in \(0, 1\], but is 1.5"),
        (lambda: substrings(39, 0.0), "`decay` must be positive"),
        (lambda: substrings(0), "`symbols` must be"),
        (lambda: substrings(4)(rows(TEXTS), rows(TEXTS)), "so many times 4 numbers, but have 18"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()
