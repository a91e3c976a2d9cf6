import itertools

import numpy as np
import pytest

from experiments.shared.ngrams import counted, ngram_model

SYMBOLS, LENGTH = 3, 4  # the last symbol is the end
END = SYMBOLS - 1
TEXTS = np.array([[0, 1, 2, 2], [0, 0, 1, 2], [1, 2, 2, 2], [0, 1, 0, 1], [2, 2, 2, 2]])


def all_texts():
    every = np.array(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))
    return every[[bool((row[np.cumsum(row == END) > 0] == END).all()) for row in every]]


def test_what_counts_is_the_text_and_its_end():
    np.testing.assert_array_equal(counted(TEXTS, END).sum(1), [3, 4, 2, 4, 1])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_probabilities_of_all_texts_sum_to_one(order):
    model = ngram_model(TEXTS, SYMBOLS, order)
    every = all_texts()
    chances = [np.exp(-model.nats(row[None]) * counted(row[None], END).sum()) for row in every]
    assert sum(chances) == pytest.approx(1)


def test_without_smoothing_it_is_the_share_of_what_followed():
    model = ngram_model(TEXTS, SYMBOLS, 2, strength=1e-9)
    # After 0: itself once, 1 four times, and the end never; before a text: 0, 1 and the end three, one and one time.
    np.testing.assert_allclose(model.table[0], [0.2, 0.8, 0], atol=1e-6)
    np.testing.assert_allclose(model.table[SYMBOLS], [0.6, 0.2, 0.2], atol=1e-6)


def test_samples_have_the_probabilities_of_the_model():
    model = ngram_model(TEXTS, SYMBOLS, 2)
    drawn = model.sample(20_000, LENGTH, np.random.default_rng(0))
    for row in all_texts():
        chance = np.exp(-model.nats(row[None]) * counted(row[None], END).sum())
        share = (drawn == row).all(1).mean()
        assert abs(share - chance) < 5 * np.sqrt(chance * (1 - chance) / 20_000) + 1e-9


def test_a_longer_memory_is_worth_something_where_there_is_one():
    texts = np.array([[0, 0, 1, 1, 0, 0, 1, 1], [0, 1, 1, 0, 0, 1, 1, 0]] * 20)
    nats = [ngram_model(texts, SYMBOLS, order).nats(texts) for order in (1, 2, 3)]
    assert nats[0] > nats[1] - 0.05 > nats[2]
    with pytest.raises(ValueError, match="`order` must be at least 1"):
        ngram_model(texts, SYMBOLS, 0)
