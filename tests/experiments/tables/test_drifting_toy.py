"""The drifting table: its field and loss written out, and the smoke run from end to end."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.tables.command import Config, main
from experiments.tables.drifting_toy import PUBLICATION, TEMPERATURE, moving_average
from experiments.tables.perceptron import perceptron
from igm_jax.objectives import drifting


def test_the_loss_is_that_of_the_notebook():
    """The field by its formula in NumPy: joint targets, a masked diagonal, the roots of row and column sums."""
    rng = np.random.default_rng(0)
    x, y = 0.1 * rng.normal(size=(20, 2)), 0.1 * rng.normal(size=(30, 2)) + 0.05
    targets = np.concatenate([x, y])
    distances = np.sqrt(((x[:, None] - targets[None]) ** 2).sum(-1))
    distances[np.arange(20), np.arange(20)] = 1e6
    kernel = np.exp(-distances / TEMPERATURE)
    affinity = kernel / np.sqrt(kernel.sum(1, keepdims=True) * kernel.sum(0, keepdims=True))
    own, data = affinity[:, :20], affinity[:, 20:]
    field = (data * own.sum(1, keepdims=True)) @ y - (own * data.sum(1, keepdims=True)) @ x
    loss = drifting(TEMPERATURE, preset="paper").loss(
        jax.random.key(0), (), jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)
    )
    assert float(loss) == pytest.approx(np.mean(field**2), rel=1e-4)


def test_the_moving_average_of_a_jump():
    np.testing.assert_allclose(moving_average([1.0, 0.0, 0.0, 0.0]), 0.96 ** np.arange(4))


def test_the_perceptron_by_hand():
    network = perceptron((2, 3, 1), jnp.tanh)
    first, second = network.init(jax.random.key(0))
    x = jnp.array([[1.0, -2.0]])
    by_hand = np.tanh(x @ first["kernel"] + first["bias"][None]) @ second["kernel"] + second["bias"][None]
    np.testing.assert_allclose(network.apply([first, second], x), by_hand, rtol=1e-6)
    assert float(jnp.abs(first["kernel"]).max()) <= 2**-0.5


@pytest.mark.slow
def test_the_table(tmp_path):
    with jax.numpy_dtype_promotion("standard"):  # Adam raises a float to an integer count
        main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    cell = {(entry["line"], entry["column"]): entry["ours"] for entry in entries}
    for name in ("swiss roll", "checkerboard"):
        assert cell[name, "half-way"] == []  # so short a run has not been there
        assert cell[name, "W2"][0] > cell[name, "W2, data"][0] > 0
        with np.load(tmp_path / "arrays" / f"{name.replace(' ', '-')}-0.npz") as found:
            assert (found["losses"].shape, found["losses"].min() > 0) == ((40,), True)
            assert 1e5 * found["losses"][-1] == pytest.approx(cell[name, "step 40"][0])
    assert {"swiss-roll.png", "checkerboard.png", "losses.png"} <= {path.name for path in tmp_path.iterdir()}
