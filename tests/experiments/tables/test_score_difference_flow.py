"""The table of the score-difference flow: one step of it, its sources, and a run of seconds."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.tables.command import Config, main
from experiments.tables.score_difference_flow import PUBLICATION, SCENES, STRIDE, Scene, at_all_levels, flow
from igm_jax import velocity
from igm_jax.distributions import gaussian
from igm_jax.training import train


def test_one_step_moves_particles_towards_a_gaussian_as_the_formula_says():
    # Both blurred laws are Gaussian: N(0, (1 + σ²) I) for the particles and N(m, (1 + σ²) I) for the data, whose scores differ by
    # m / (1 + σ²) everywhere. In the mean a step therefore moves particles by η σ² m / (1 + σ²).
    mean, n, sigma = jnp.array([0.6, -0.3]), 1500, 1.0
    target = gaussian(mean, np.eye(2))
    start = jax.random.normal(jax.random.key(0), (n, 2))
    scene = Scene(target, lambda key, n: start, sigma, sigma)
    trained = train(flow(scene, 10, start), jax.random.key(1), 1, progress=False)
    moved = np.mean(np.asarray(trained.state.params - start), axis=0)
    expected = STRIDE * sigma**2 / (1 + sigma**2) * np.asarray(mean - start.mean(0))
    # Data and noise are draws: a standard error is about η σ²/(1 + σ²) √(2/n) = .009, and kernels add a little.
    np.testing.assert_allclose(moved, expected, atol=0.04)
    assert np.linalg.norm(expected) > 0.15


def test_the_mean_over_all_levels_moves_a_sample_towards_a_lone_datum():
    # With one datum and one sample both denoisers are constant, so that the field is their difference at every level.
    x, y = jnp.array([[1.0, 2.0]]), jnp.array([[4.0, -2.0]])
    objective = at_all_levels(1.0, 0.1)
    for seed in range(3):
        np.testing.assert_allclose(velocity(objective, jax.random.key(seed), (), x, y), y - x, rtol=1e-5)


@pytest.mark.slow
def test_sources_are_about_as_wide_as_their_targets():
    for scene in SCENES.values():
        widths = [np.asarray(draw(jax.random.key(0), 4000)).std() for draw in (scene.source, scene.target)]
        assert 0.5 < widths[0] / widths[1] < 2
        assert scene.end < scene.start


@pytest.mark.slow
def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):  # for optax
        main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    for name in SCENES:
        w2 = {e["line"]: e["ours"][0] for e in entries if name in e["table"] and e["column"] == "W2"}
        energy = {
            e["line"]: e["ours"][0] for e in entries if name in e["table"] and e["column"] == "10³ energy distance"
        }
        # Forty steps bring particles most of the way from the source to what other data give.
        assert w2["particles"] < 0.5 * (w2["source"] + w2["data against data"])
        assert 0 <= energy["particles"] < energy["source"]
    modes = {e["line"]: e["ours"][0] for e in entries if e["column"] == "modes"}
    assert modes["data against data"] == 25
    assert all(entry["published"] is None and entry["agrees"] is None for entry in entries)
    with np.load(tmp_path / "arrays" / "ring-to-swiss-roll-particles-0.npz") as kept:
        np.testing.assert_allclose(np.linalg.norm(kept["frames"][0], axis=1), 0.7, rtol=1e-5)  # they start on the ring
