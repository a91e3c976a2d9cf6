"""How good texts are: valid ones, words that exist, new ones, how n-grams are distributed, and how alike texts are."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from igm_jax import checks


def _texts(name: str, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else list(value)
    if isinstance(value, str) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"`{name}` must be a list of at least one text, but is {value!r:.80}")
    return texts


def valid_share(*, known: Any, fake: Any) -> float:
    """The share of texts that exist, as a whole.

    ``1/m Σ_j 1[fake_j ∈ known]``

    Args:
        known: all texts that are valid.
        fake: m generated texts.

    Returns:
        The share; an empty text is valid where it is known.

    Raises:
        ValueError: for no texts.

    Example:
        >>> from igm_jax.evaluation import valid_share
        >>> valid_share(known=["SPACE", "TILDE"], fake=["SPACE", "SPADE"])
        0.5
    """
    known = frozenset(_texts("known", list(known)))
    return float(np.mean([text in known for text in _texts("fake", fake)]))


def word_share(*, known: Any, fake: Any) -> float:
    """The share of words that exist, of all words of all texts.

    Args:
        known: texts whose words, between spaces, are valid.
        fake: m generated texts.

    Returns:
        The share; 0 where there are no words at all.

    Raises:
        ValueError: for no texts.

    Example:
        >>> from igm_jax.evaluation import word_share
        >>> word_share(known=["LATIN LETTER A", "DIGIT ONE"], fake=["LATIN LETTER QNE", "DIGIT A"])
        0.8
    """
    valid = {word for text in _texts("known", list(known)) for word in text.split()}
    words = [word for text in _texts("fake", fake) for word in text.split()]
    return float(np.mean([word in valid for word in words])) if words else 0.0


def novelty(*, train: Any, fake: Any) -> float:
    """The share of texts that are no copies of training texts.

    It says nothing about quality: noise is all new. ``valid_share`` of held-out texts says how many are new and valid.

    Args:
        train: what the model was trained on.
        fake: m generated texts.

    Returns:
        The share.

    Raises:
        ValueError: for no texts.

    Example:
        >>> from igm_jax.evaluation import novelty
        >>> novelty(train=["SPACE"], fake=["SPACE", "SPADE"])
        0.5
    """
    return 1.0 - valid_share(known=train, fake=fake)


def ngrams(text: str, order: int) -> list[str]:
    """The n-grams of symbols of a text and of its end, which is a line feed.

    Args:
        text: the text.
        order: of the n-grams.

    Returns:
        The n-grams from left to right; none where the text is too short.

    Example:
        >>> from igm_jax.evaluation.metrics.strings import ngrams
        >>> ngrams("ABC", 2)
        ['AB', 'BC', 'C\\n']
    """
    whole = text + "\n"
    return [whole[i : i + order] for i in range(len(whole) - order + 1)]


def ngram_divergence(*, real: Any, fake: Any, order: int = 2) -> float:
    """The Jensen-Shannon divergence of the n-grams of two sets of texts.

    ``JS(p, q) = ½ KL(p | r) + ½ KL(q | r)``, ``r = (p + q) / 2``, in nats, with p and q the shares of n-grams

    Between finite sets of one law it is not 0, the less the larger the order: see ``floor``.

    Args:
        real: n texts.
        fake: m generated texts.
        order: of the n-grams of symbols, of which the end of a text is one.

    Returns:
        The divergence, from 0 to log 2; log 2 where one of both has no n-grams.

    Raises:
        ValueError: for no texts, or an order below 1.

    Example:
        >>> from igm_jax.evaluation import ngram_divergence
        >>> ngram_divergence(real=["AB"], fake=["AB", "AB"]), round(ngram_divergence(real=["AB"], fake=["CD"], order=3), 4)
        (0.0, 0.6931)

    Source: Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991).
    """
    checks.count("order", order)
    counts = [Counter(gram for text in _texts(name, texts) for gram in ngrams(text, order))
              for name, texts in (("real", real), ("fake", fake))]  # fmt: skip
    if not all(counts):
        return math.log(2)
    every = sorted(counts[0] | counts[1])
    p, q = (np.array([one[gram] for gram in every], float) / one.total() for one in counts)
    r = (p + q) / 2
    return float(sum((a[a > 0] * np.log(a[a > 0] / r[a > 0])).sum() for a in (p, q)) / 2)


def self_bleu(fake: Any, *, order: int = 4) -> float:
    """How alike texts are: the mean BLEU of each with all others as its references. The higher, the less variety.

    ``BLEU = min(1, exp(1 - r/c)) (Π_{n=1}^N p_n)^(1/N)``, p_n the share of n-grams of symbols that a reference has, each counted
    at most as often as in the reference that has it most often; c the length of the text, r the nearest length of a reference

    Args:
        fake: m ≥ 2 texts.
        order: N. Texts that are shorter are judged by the orders that they have.

    Returns:
        From 0 to 1; 1 where every text occurs twice.

    Raises:
        ValueError: for fewer than two texts, or an order below 1.

    Example:
        >>> from igm_jax.evaluation import self_bleu
        >>> self_bleu(["ABCD", "ABCD"]), self_bleu(["ABCD", "EFGH"], order=3)
        (1.0, 0.0)

    Source: Zhu et al., Texygen, arXiv 1802.01886; Papineni et al., BLEU, ACL 2002. Symbols stand here for their words.
    """
    texts = _texts("fake", fake)
    checks.count("order", order)
    if len(texts) < 2:
        raise ValueError("`fake` must be at least two texts, to be compared with each other, but is one")
    logs, given = np.zeros(len(texts)), np.zeros(len(texts))
    for n in range(1, order + 1):
        precision, there = _precisions([Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in texts])
        with np.errstate(divide="ignore"):
            logs[there] += np.log(precision[there])
        given += there
    lengths = Counter(map(len, texts))
    brevity = [_brevity(len(text), lengths) for text in texts]
    return float(np.mean(np.where(given > 0, np.exp(logs / np.maximum(given, 1)), 0.0) * brevity))


def _precisions(counts: Sequence[Counter]) -> tuple[np.ndarray, np.ndarray]:
    """Of each text the share of its n-grams that another has, and whether it has any."""
    most: dict[str, tuple[int, int]] = {}  # the two largest counts of a text, for each n-gram
    for one in counts:
        for gram, number in one.items():
            first, second = most.get(gram, (0, 0))
            most[gram] = (number, first) if number > first else (first, max(second, number))
    shares = np.zeros(len(counts))
    for place, one in enumerate(counts):
        # Whoever has the most of an n-gram is compared with the next; where two have as many, both are.
        others = ((number, most[gram][1] if number == most[gram][0] else most[gram][0]) for gram, number in one.items())
        shares[place] = sum(min(pair) for pair in others) / max(one.total(), 1)
    return shares, np.array([one.total() > 0 for one in counts])


def _brevity(length: int, lengths: Counter) -> float:
    """The penalty of a text that is shorter than the nearest in length of the others, the shorter one of two."""
    others = [other for other, number in lengths.items() if other != length or number > 1]
    nearest = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= nearest or length == 0 else math.exp(1 - nearest / length)
