"""The KL-WGAN's table: its loss with the ratio differentiated, its targets, and a run of seconds."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.tables.command import Config, main
from experiments.tables.kl_wgan import PUBLICATION, TARGETS, differentiated_kl_wgan, judged, rmsprop
from experiments.tables.perceptron import spectral_critic
from igm_jax import velocity


def test_velocity_is_minus_the_gradient_of_the_witness():
    objective = differentiated_kl_wgan(spectral_critic((2, 8, 1)), rmsprop())
    x, y = jax.random.normal(jax.random.key(0), (2, 6, 2))
    state = objective.init(jax.random.key(1), x)
    slope = jax.jit(jax.grad(lambda points: jnp.sum(objective.witness(state, points, x, y))))(x)
    field = jax.jit(lambda x: velocity(objective, jax.random.key(2), state, x, y))(x)
    np.testing.assert_allclose(field, -slope, rtol=1e-4, atol=1e-6)


def test_the_differentiated_loss_is_the_tilted_mean_of_the_critic():
    critic = spectral_critic((2, 8, 1))
    x, y = jax.random.normal(jax.random.key(0), (2, 6, 2))
    objective = differentiated_kl_wgan(critic, rmsprop())
    state = objective.init(jax.random.key(1), x)
    fake = np.asarray(critic.apply(state.params, x), float)
    expected = -np.sum(np.exp(fake) * fake) / np.sum(np.exp(fake))
    np.testing.assert_allclose(objective.loss(jax.random.key(2), state, x, y), expected, rtol=1e-5)


def test_targets_have_the_moments_that_their_definitions_give():
    n = 40_000
    draws = {name: np.asarray(target(jax.random.key(0), n), float) for name, target in TARGETS.items()}
    clipped = np.minimum(np.exp(-2 * np.random.default_rng(0).normal(size=400_000)), 10).mean()
    variances = {
        "MoG": (16.25, 0.25),
        "Banana": (4, 1 + 2 * 0.2**2 * 16),
        "Rings": (12.52, 12.52),
        "Square": (3, 3),
        "Cosine": (16 / 3, 1 + 9 * (0.5 + np.sin(16) / 32) - (3 * np.sin(8) / 8) ** 2),
        "Funnel": (4, clipped),
    }
    for name, expected in variances.items():
        np.testing.assert_allclose(draws[name].var(0), expected, rtol=0.05, err_msg=name)
    np.testing.assert_allclose(np.linalg.norm(draws["Rings"], axis=1).std(), 0.2, rtol=0.02)


@pytest.mark.slow
def test_discrepancy_of_samples_that_are_far_away():
    # Distances 2, 2 and √8 within both, and nothing between them: twice the mean of k = exp(-r²/4).
    samples = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    expected = 2 * (3 + 4 * np.exp(-1) + 2 * np.exp(-2)) / 9
    np.testing.assert_allclose(judged(samples, samples + 100)["mmd"], 1e3 * expected, rtol=1e-5)
    assert abs(judged(samples, samples)["mmd"]) < 1e-3


@pytest.mark.slow
def test_smoke(tmp_path):
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    ours = {(entry["table"].split(": ")[1], entry["line"]): entry["ours"][0] for entry in entries}
    # No density gives fresh data a higher mean log density than their own: minus the entropy of the two Gaussians.
    entropy = np.log(2) + 1 + np.log(2 * np.pi * 0.25)
    assert ours["log-likelihood", "KL"] < ours["log-likelihood", "data"] < -entropy + 0.1
    # After two epochs nothing is learned; the training data are as near as 1/n says: 1/512 (1 - E k) on each side.
    assert ours["10³ MMD²", "data"] < 12
    assert ours["10³ MMD²", "hinge"] > 20
    assert (tmp_path / "mog.png").read_bytes().startswith(b"\x89PNG")
