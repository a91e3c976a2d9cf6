"""The table of mode coverage: its networks, its one step of both players, and a run of seconds."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.tables.command import Config, main
from experiments.tables.mode_coverage import (
    BATCH,
    PUBLICATION,
    Players,
    adam,
    batches_of,
    game,
    maxout_critic,
    normalised_generator,
    step,
)
from igm_jax.objectives.adversarial.pac_gan import packs


def test_a_normalised_layer_does_not_see_the_scale_of_its_kernel():
    generator, z = normalised_generator(16, 2), jax.random.normal(jax.random.key(0), (50, 2))
    params = generator.init(jax.random.key(1))
    # As large as the variance of the first layer is beside the 1e-4 under its root, which is what breaks the invariance.
    first, second = params["hidden"]
    large = {**params, "hidden": [{**first, "kernel": 100 * first["kernel"]}, second]}
    larger = {**params, "hidden": [{**first, "kernel": 1e4 * first["kernel"]}, second]}
    np.testing.assert_allclose(generator.apply(large, z), generator.apply(larger, z), rtol=2e-3, atol=1e-4)
    assert np.abs(generator.apply(params, z)).max() > 0


def test_every_batch_of_a_pack_is_normalised_on_its_own():
    generator, key = normalised_generator(16, 2), jax.random.key(3)
    params = generator.init(jax.random.key(2))
    latents = jax.random.normal(key, (3, BATCH, 2))
    found = packs(batches_of(generator, params, key, 3), 3)
    assert found.shape == (BATCH, 6)
    for slot in range(3):
        expected = generator.apply(params, latents[slot])
        np.testing.assert_allclose(found[:, 2 * slot : 2 * slot + 2], expected, rtol=1e-4, atol=1e-6)


def test_one_maxout_layer_is_the_greatest_of_its_pieces():
    critic = maxout_critic(2, units=1, pieces=4, layers=1)
    params = critic.init(jax.random.key(0))
    params["last"]["kernel"] = jnp.ones((1, 1))
    params["hidden"][0]["bias"] = jnp.arange(4.0)
    x = np.asarray(jax.random.normal(jax.random.key(1), (7, 2)))
    kernel = np.asarray(params["hidden"][0]["kernel"])
    expected = [max(float(point @ kernel[:, piece]) + piece for piece in range(4)) for point in x]
    np.testing.assert_allclose(critic.apply(params, x), expected, rtol=1e-5)


@pytest.mark.slow
def test_both_players_move_against_the_other_as_it_was():
    generator, critic = normalised_generator(8, 1), maxout_critic(4, units=3, pieces=2, layers=1)
    objective, key = game(2, critic), jax.random.key(5)
    data = jax.random.normal(jax.random.key(0), (300, 2))
    params = generator.init(jax.random.key(1))
    state = objective.init(jax.random.key(2), data[:2])
    before = Players(params, adam().init(params), state)
    with jax.numpy_dtype_promotion("standard"):  # for optax
        after, _ = step(generator, objective, 2, data, before, key)
    key_samples = jax.random.split(key, 3)[1]

    def loss(params):
        pairs = packs(batches_of(generator, params, key_samples, 2), 2)
        return jnp.mean(jax.nn.softplus(-critic.apply(state.params, pairs)))

    with jax.numpy_dtype_promotion("standard"):
        moves, _ = adam().update(jax.grad(loss)(params), before.optimizer_state, params)
    expected = optax.apply_updates(params, moves)
    # The step of Adam is the sign of a gradient, so that a wrong critic would show; tiny gradients may round either way.
    found, wanted = (
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]) for tree in (after.params, expected)
    )
    start = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])
    assert np.mean(np.abs(found - wanted) < 1e-6) > 0.95
    assert np.mean(np.abs(found - start) > 5e-5) > 0.5
    assert any(np.any(a != b) for a, b in zip(*map(jax.tree.leaves, (after.objective_state, state)), strict=True))


@pytest.mark.slow
def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):  # for optax
        main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    ours = {(entry["line"], entry["column"]): entry["ours"][0] for entry in entries}
    assert not any(entry["agrees"] for entry in entries)  # a short run is not judged
    # 1.11 % of a Gaussian in the plane lie beyond three standard deviations, exp(-9/2); ± four standard errors of 2500.
    assert ours["data", "modes"] == 8
    assert abs(ours["data", "high quality, %"] - 100 * (1 - np.exp(-4.5))) < 4 * 0.21
    assert ours["data", "reverse KL"] < 10 * 7 / (2 * 2500)
    for method in ("GAN", "PacGAN2"):
        kl, modes = ours[method, "reverse KL"], ours[method, "modes"]
        assert (kl is None) == (modes == 0)
        assert kl is None or np.log(8 / modes) - 1e-9 <= kl <= np.log(8)  # modes that are reached evenly give the least
