"""The f-GAN's table: quadrature against closed forms, exact rows of the paper, and bounds that stay below."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from experiments.tables.command import Config, main
from experiments.tables.f_gan import CRITIC, PUBLICATION, PUBLISHED, best, bound, divergence, judged, played

THETA = (0.8, 1.7)


def p(t):
    return 0.33 * norm.pdf(t, -1, 0.065**0.5) + 0.67 * norm.pdf(t, 2, 2**0.5)


def q(t):
    return norm.pdf(t, *THETA)


INTEGRANDS = {
    "kl": lambda t: p(t) * np.log(p(t) / q(t)),
    "reverse_kl": lambda t: q(t) * np.log(q(t) / p(t)),
    "jensen_shannon": lambda t: p(t) * np.log(2 * p(t) / (p(t) + q(t))) + q(t) * np.log(2 * q(t) / (p(t) + q(t))),
    "jeffrey": lambda t: (p(t) - q(t)) * np.log(p(t) / q(t)),
    "pearson": lambda t: p(t) ** 2 / q(t) - q(t),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_divergences_by_adaptive_quadrature(name, x64):
    known, _ = quad(INTEGRANDS[name], -12, 14, points=(-2, -1, 0, 2), limit=200)
    assert float(divergence(name, jnp.array(THETA))) == pytest.approx(known, abs=1e-7)


@pytest.mark.parametrize("name", ["kl", "pearson"])
def test_exact_rows(name):
    known = PUBLISHED[name]
    np.testing.assert_allclose(best(name), (known.divergence, known.mu, known.sigma), atol=3e-4)


def test_the_best_under_kl_has_the_moments_of_the_mixture():
    mean = -0.33 + 0.67 * 2
    variance = 0.33 * (0.065 + 1) + 0.67 * (2 + 4) - mean**2
    np.testing.assert_allclose(best("kl")[1:], (mean, variance**0.5), atol=1e-4)


def test_any_critic_is_a_bound(x64):
    for seed in range(3):
        critic = jax.tree.map(lambda leaf: 3 * leaf, CRITIC.init(jax.random.key(seed)))
        assert float(bound("jensen_shannon", critic, jnp.array(THETA))) < float(
            divergence("jensen_shannon", jnp.array(THETA))
        )


def test_each_divergence_is_least_at_its_own_minimiser(x64):
    for name in ("kl", "pearson"):
        for other in {"kl", "pearson"} - {name}:
            assert float(divergence(name, jnp.array(best(other)[1:]))) > best(name)[0] + 0.01


@pytest.mark.slow
def test_a_game_moves_the_model_and_a_fixed_model_stays():
    keys, thetas = jax.random.split(jax.random.key(0), 1), jnp.array([[0.0, 1.0]])
    moved, stayed = (played("kl", keys, thetas, 100, learns) for learns in (True, False))
    assert jnp.array_equal(stayed.theta, thetas)
    assert float(moved.theta[0, 0]) > 0.02  # P lies to the right
    assert 0.0 < float(judged("kl", stayed)[1][0]) < float(judged("kl", stayed)[2][0])


def test_the_table(tmp_path):
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    cell = {(entry["line"], entry["column"]): entry for entry in entries}
    assert cell["μ*", "KL"]["agrees"]
    assert cell["σ*", "KL"]["agrees"]
    assert cell["D_f(P‖Q̂)", "KL"]["ours"][0] > cell["D_f(P‖Q*)", "KL"]["ours"][0]
    assert cell["F(critic, Q̂)", "KL"]["ours"][0] < cell["D_f(P‖Q̂)", "KL"]["ours"][0]
    assert cell["KL", "KL"]["published"] == pytest.approx(cell["D_f(P‖Q*)", "KL"]["ours"][0], rel=1e-12)
    assert 0 < cell["KL", "KL"]["ours"][0] < cell["KL", "KL"]["published"]
    assert (tmp_path / "fits.png").stat().st_size > 5_000
