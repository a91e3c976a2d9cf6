"""N-gram models of short texts, an explicit rival: counts, smoothed by the model one shorter, with exact likelihoods."""

from typing import NamedTuple

import numpy as np

from igm_jax import checks


class NgramModel(NamedTuple):
    """The probability of each symbol after the ones before it, at most ``order - 1`` of them.

    Attributes:
        table: (symbols + 1,) * (order - 1) + (symbols,) probabilities; the last index of a symbol before stands for "before the
            text".
        end: the symbol that ends a text.
    """

    table: np.ndarray
    end: int

    @property
    def order(self) -> int:
        return self.table.ndim

    def nats(self, tokens: np.ndarray) -> float:
        """Minus the logarithm of the probability, a symbol, of (n, length) texts; what comes after their end counts nothing."""
        logs = np.log(self.table[(*contexts(tokens, self.order, self.table.shape[-1]), tokens)])
        there = counted(tokens, self.end)
        return float(-logs[there].mean())

    def sample(self, number: int, length: int, rng: np.random.Generator) -> np.ndarray:
        """(number, length) texts, symbol by symbol."""
        symbols = self.table.shape[-1]
        tokens = np.full((number, length), self.end)
        before = np.full((number, self.order - 1), symbols)
        going = np.ones(number, bool)
        for place in range(length):
            shares = np.cumsum(self.table[tuple(before.T)] if self.order > 1 else np.tile(self.table, (number, 1)), 1)
            drawn = np.minimum((rng.random((number, 1)) * shares[:, -1:] > shares).sum(1), symbols - 1)
            tokens[:, place] = np.where(going, drawn, self.end)
            going &= drawn != self.end
            before = np.concatenate([before, drawn[:, None]], 1)[:, 1:]
        return tokens


def counted(tokens: np.ndarray, end: int) -> np.ndarray:
    """(n, length) which symbols count: those of a text, and the first of its end."""
    ended = np.cumsum(tokens == end, axis=1)
    return ended - (tokens == end) == 0


def contexts(tokens: np.ndarray, order: int, start: int) -> list[np.ndarray]:
    """The ``order - 1`` symbols before each, from the farthest on; ``start`` before the text."""
    length = tokens.shape[1]
    padded = np.concatenate([np.full((len(tokens), order - 1), start), tokens], axis=1)
    return [padded[:, k : k + length] for k in range(order - 1)]


def ngram_model(tokens: np.ndarray, symbols: int, order: int, strength: float = 1.0) -> NgramModel:
    """A model of the order, smoothed by those below it.

    ``p_n(a | h) = (c(ha) + κ p_{n-1}(a | h')) / (c(h) + κ)``, with h' without its farthest symbol and p_0 uniform

    Args:
        tokens: (n, length) integers; the last symbol is the end.
        symbols: how many there are.
        order: n, from 1.
        strength: κ > 0.

    Returns:
        The model.

    Source: MacKay and Peto, A hierarchical Dirichlet language model, Natural Language Engineering 1 (1995).
    """
    checks.count("order", order)
    there = counted(tokens, symbols - 1)
    table = np.full(symbols, 1 / symbols)
    for n in range(1, order + 1):
        counts = np.zeros((symbols + 1,) * (n - 1) + (symbols,))
        np.add.at(counts, tuple(part[there] for part in [*contexts(tokens, n, symbols), tokens]), 1)
        below = np.broadcast_to(table, counts.shape)  # the same whatever the farthest symbol is
        table = (counts + strength * below) / (counts.sum(-1, keepdims=True) + strength)
    return NgramModel(table, symbols - 1)
