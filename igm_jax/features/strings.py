"""String kernels as exact feature maps of one-hot rows: counts of n-grams, with gaps or without.

A text of ``length`` places is a row of ``length · symbols`` numbers, at each place a distribution over symbols; of a text itself
all of it lies on one. The maps are linear in each place. So a row of probabilities has for features the mean of those of all
texts that it spells where the places are independent, and is differentiable, without sampling anything.

Each place counts, also those that a text leaves empty: the symbol that fills a row after the end of its text (the last one of
``igm_jax.data.one_hot_texts``) is counted like a letter. Of short texts in long rows the n-grams of ends alone are the most
frequent, and dominate distances. A place of zeros counts nothing, so that rows in which the numbers of that symbol are zero have
the counts of letters alone.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks

MOST = 10_000_000
"""Features of a map: more are refused, as (n, features) numbers would not fit."""


def ngram_counts(x: Any, symbols: int, order: int, *, gap: int = 0, decay: float = 1.0) -> Float[Array, "n features"]:
    """How often each n-gram of symbols occurs in each text: the map of the spectrum kernel, and of gappy n-grams.

    ``φ_u(x) = Σ_{i₁ < … < i_n} λ^(i_n - i₁ - n + 1) Π_k x[i_k, u_k]`` over neighbours ``i_{k+1} - i_k ≤ gap + 1``

    Then ``φ(x) · φ(y)`` is the kernel, exactly. Without a gap it is the spectrum kernel. The symbols that fill a row after its
    text's end are counted like letters; where their numbers are zero, they are not.

    Args:
        x: (n, length · symbols) texts as one-hot rows, or rows of probabilities.
        symbols: how many symbols there are.
        order: of the n-grams, at most the length.
        gap: how many places may be left out between two symbols; more than a text has are as many as it has.
        decay: λ, in (0, 1]: what each place that is left out is weighed by.

    Returns:
        (n, symbols^order) counts; the last symbol changes fastest.

    Raises:
        ValueError: for rows of another length, an order beyond it, or more than ten million features.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features import ngram_counts
        >>> aba = jnp.eye(2)[jnp.array([0, 1, 0])].reshape(1, -1)
        >>> ngram_counts(aba, 2, 2).tolist()  # aa, ab, ba, bb
        [[0.0, 1.0, 1.0, 0.0]]
        >>> ngram_counts(aba, 2, 2, gap=1, decay=0.5).tolist()
        [[0.5, 1.0, 1.0, 0.0]]

    Source: Leslie et al., The spectrum kernel, PSB 2002; gaps and decay: Lodhi et al., Text classification using string
    kernels, JMLR 2 (2002).
    """
    places, before = _before(x, symbols, order, gap, decay)
    if order == 1:
        return jnp.sum(places, axis=1)
    return jnp.einsum("nla,nlb->nab", before, places).reshape(len(places), -1)


def mean_ngram_counts(
    x: Any, symbols: int, order: int, *, gap: int = 0, decay: float = 1.0
) -> Float[Array, " features"]:
    """The mean of ``ngram_counts`` over the texts, without the map of each: one product of matrices.

    ``1/n Σ_i φ(x_i)``, whose squared distance between samples and data is MMD² under the string kernel; what fills a row after
    the end of its text counts, as in ``ngram_counts``.

    Args:
        x: (n, length · symbols) texts as one-hot rows, or rows of probabilities.
        symbols: how many symbols there are.
        order: of the n-grams, at most the length.
        gap: how many places may be left out between two symbols.
        decay: λ, in (0, 1]: what each place that is left out is weighed by.

    Returns:
        (symbols^order,) means.

    Raises:
        ValueError: as ``ngram_counts``.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features import mean_ngram_counts
        >>> texts = jnp.eye(2)[jnp.array([[0, 1, 0], [1, 1, 1]])].reshape(2, -1)
        >>> mean_ngram_counts(texts, 2, 2).tolist()
        [0.0, 0.5, 0.5, 1.0]
    """
    places, before = _before(x, symbols, order, gap, decay)
    if order == 1:
        return jnp.sum(places, axis=(0, 1)) / len(places)
    return jnp.einsum("nla,nlb->ab", before, places).reshape(-1) / len(places)


def _before(x: Any, symbols: int, order: int, gap: int, decay: float) -> tuple[Array, Array]:
    """The places (n, l, s), and for each what of n-grams one shorter may stand before it (n, l, s^(order - 1))."""
    places = in_places(x, symbols)
    checks.count("order", order)
    checks.count("gap", gap, least=0)
    if not 0 < decay <= 1:
        raise ValueError(f"`decay` must be in (0, 1], but is {decay}; 1 weighs n-grams with gaps like those without")
    number, length, _ = places.shape
    if order > length:
        raise ValueError(f"`order` must be at most the {length} places of a text, but is {order}")
    if symbols**order > MOST:
        raise ValueError(
            f"{symbols} symbols have {symbols**order} n-grams of order {order}, more than {MOST}: lower `order`, or take"
            " the kernel `igm_jax.kernels.substrings`, which needs no map"
        )
    ends, before = places, places
    for step in range(1, order):
        before = _shifted(ends, gap, decay)
        if step < order - 1:
            ends = (before[..., None] * places[:, :, None, :]).reshape(number, length, -1)
    return places, before


def _shifted(ends: Array, gap: int, decay: float) -> Array:
    """At each place, what ended one to ``gap + 1`` places before it, weighed by how many are left out."""
    length = ends.shape[1]
    moved = [jnp.pad(ends[:, : length - d], ((0, 0), (d, 0), (0, 0))) for d in range(1, min(gap + 2, length))]
    return sum((decay**left * one for left, one in enumerate(moved[1:], 1)), start=moved[0])


def in_places(x: Any, symbols: int) -> Float[Array, "n l s"]:
    """Rows folded to places and symbols, or an error.

    Args:
        x: (n, length · symbols) rows.
        symbols: how many there are.

    Returns:
        (n, length, symbols).

    Raises:
        ValueError: for rows of another length.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.strings import in_places
        >>> in_places(jnp.zeros((5, 6)), 2).shape
        (5, 3, 2)
    """
    x = checks.samples("x", x)
    checks.count("symbols", symbols)
    if x.shape[1] % symbols:
        raise ValueError(f"`x` must be rows of so many times {symbols} numbers, but has shape {x.shape}")
    return x.reshape(len(x), -1, symbols)
