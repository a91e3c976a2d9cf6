import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared import language

SYMBOLS, LENGTH, END = 3, 4, 2
TEXTS = np.array([[0, 1, 0, 1], [0, 1, 2, 2]] * 20)


def every_text():
    every = np.array(list(itertools.product(range(SYMBOLS), repeat=LENGTH)), np.int32)
    return every[[bool((row[np.cumsum(row == END) > 0] == END).all()) for row in every]]


@pytest.fixture(autouse=True)
def usual_types():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def net():
    return language.transformer(SYMBOLS, LENGTH, width=8, depth=2, heads=2)


def test_the_probabilities_of_all_texts_sum_to_one(key):
    params = net().init(key)
    logs, there = language.log_likelihoods(net(), params, jnp.asarray(every_text()), END)
    assert float(jnp.sum(jnp.exp(logs))) == pytest.approx(1, rel=1e-4)
    assert there.min() == 1


def test_no_place_sees_what_comes_after_it(key):
    params = net().init(key)
    before, after = (net().apply(params, jnp.array([row])) for row in ([0, 1, 0, 1], [0, 1, 1, 0]))
    np.testing.assert_allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not np.allclose(before[:, 3], after[:, 3])


def test_it_learns_a_law_and_speaks_it(key):
    params = language.fit_transformer(net(), TEXTS, END, 150, key, batch_size=32, rate=1e-2)
    assert language.nats(net(), params, TEXTS, END) == pytest.approx(
        np.log(2) / 3.5, abs=0.02
    )  # one choice in 7 symbols
    drawn = language.spoken(net(), params, key, 200, LENGTH, END)
    known = [(drawn == row).all(1).mean() for row in TEXTS[:2]]
    assert sum(known) > 0.97
    assert min(known) > 0.35


def test_samples_have_the_models_own_likelihood(key):
    params = net().init(key)
    drawn = language.spoken(net(), params, key, 4000, LENGTH, END)
    logs, _ = language.log_likelihoods(net(), params, jnp.asarray(every_text()), END)
    for row, chance in zip(every_text(), np.exp(logs), strict=True):
        assert abs((drawn == row).all(1).mean() - chance) < 5 * np.sqrt(chance / 4000)


def test_an_autoencoder_mends_what_it_learned(key):
    nets = language.autoencoder(LENGTH * SYMBOLS, 4, 16)
    rows = np.eye(SYMBOLS, dtype=np.float32)[TEXTS].reshape(len(TEXTS), -1)
    told = []
    params = language.fit_autoencoder(nets, rows, SYMBOLS, 120, key, batch_size=32, told=told.append)
    back = (
        nets[1].apply(params[1], nets[0].apply(params[0], jnp.asarray(rows[:2]))).reshape(2, LENGTH, SYMBOLS).argmax(2)
    )
    np.testing.assert_array_equal(back, TEXTS[:2])
    assert told == [50, 100, 120]
