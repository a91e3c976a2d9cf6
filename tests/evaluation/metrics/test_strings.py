"""Metrics of texts: values by hand, and what they must be for equal and for disjoint sets."""

import math

import numpy as np
import pytest

from igm_jax.evaluation import ngram_divergence, novelty, self_bleu, valid_share, word_share
from igm_jax.evaluation.metrics.strings import ngrams

NAMES = ["LATIN LETTER A", "LATIN LETTER B", "DIGIT ONE", "SPACE"]


def test_shares_count_texts_and_words():
    fake = ["SPACE", "LATIN LETTER", "DIGIT ONE", "", "LETTERS ONE"]
    assert valid_share(known=NAMES, fake=fake) == 2 / 5
    assert novelty(train=NAMES, fake=fake) == 3 / 5
    assert word_share(known=NAMES, fake=fake) == 6 / 7
    assert word_share(known=NAMES, fake=["", " "]) == 0


def test_ngrams_end_with_the_end():
    assert ngrams("AB", 1) == ["A", "B", "\n"]
    assert ngrams("AB", 3) == ["AB\n"]
    assert ngrams("", 2) == []


def test_the_divergence_of_two_laws_by_hand():
    # of A, B and the end: p = (1, 0, 1)/2, q = (0, 1, 1)/2, r = (1, 1, 2)/4
    assert ngram_divergence(real=["A"], fake=["B"], order=1) == pytest.approx(math.log(2) / 2)
    assert ngram_divergence(real=["AB"], fake=["CD"], order=3) == pytest.approx(math.log(2))
    assert ngram_divergence(real=NAMES, fake=NAMES * 3, order=4) == pytest.approx(0)
    assert ngram_divergence(real=NAMES, fake=["", ""], order=2) == math.log(2)


def test_the_divergence_is_symmetric_and_grows_with_the_order():
    rng = np.random.default_rng(0)
    real, fake = (
        ["".join(rng.choice(list("ABC"), 12, p=p)) for _ in range(50)] for p in ((0.5, 0.3, 0.2), (0.3,) * 2 + (0.4,))
    )
    values = [ngram_divergence(real=real, fake=fake, order=n) for n in (1, 2, 3, 4)]
    assert values == sorted(values)
    assert values[1] == pytest.approx(ngram_divergence(real=fake, fake=real, order=2))


def grams(text, n):
    return [text[i : i + n] for i in range(len(text) - n + 1)]


def bleu(text, others, order=4):
    """BLEU as its paper has it, text by text."""
    logs = []
    for n in range(1, min(order, len(text)) + 1):
        mine = grams(text, n)
        clipped = sum(min(mine.count(g), max(grams(o, n).count(g) for o in others)) for g in set(mine))
        logs.append(math.log(clipped / len(mine)) if clipped else -math.inf)
    nearest = min((len(other) for other in others), key=lambda r: (abs(r - len(text)), r))
    penalty = 1.0 if len(text) >= nearest else math.exp(1 - nearest / len(text))
    return penalty * math.exp(sum(logs) / len(logs)) if logs else 0.0


def test_self_bleu_is_the_bleu_of_each_against_the_others():
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("AB"), rng.integers(2, 9))) for _ in range(12)] + ["AAAA", "AAAA", "B", "CABAB"]
    expected = np.mean([bleu(text, texts[:i] + texts[i + 1 :]) for i, text in enumerate(texts)])
    assert self_bleu(texts) == pytest.approx(expected)
    assert self_bleu(["ABCD", "ABCD", "EFGH", "EFGH"]) == pytest.approx(1)
    assert self_bleu(["ABCD", "EFGH"]) == 0


def test_bad_input_is_told():
    for wrong, told in (
        (lambda: valid_share(known=NAMES, fake=[]), "`fake` must be a list of at least one text"),
        (
            lambda: ngram_divergence(real="SPACE", fake=NAMES),
            "`real` must be a list of at least one text, but is 'SPACE'",
        ),
        (lambda: ngram_divergence(real=NAMES, fake=NAMES, order=0), "`order` must be at least 1"),
        (lambda: self_bleu(["A"]), "at least two texts"),
        (lambda: novelty(train=NAMES, fake=[1]), "`fake` must be"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()
