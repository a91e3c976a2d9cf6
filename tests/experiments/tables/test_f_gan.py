"""The f-GAN's table: quadrature against closed forms, exact rows of the paper, and bounds that stay below."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from experiments.tables.command import Config, main
from experiments.tables.f_gan import CRITIC, PUBLICATION, PUBLISHED, best, bound, divergence

THETA = (0.8, 1.7)


def p(t):
    return 0.67 * norm.pdf(t, -1, 0.065**0.5) + 0.33 * norm.pdf(t, 2, 2**0.5)


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
    mean = -0.67 + 0.33 * 2
    variance = 0.67 * (0.065 + 1) + 0.33 * (2 + 4) - mean**2
    np.testing.assert_allclose(best("kl")[1:], (mean, variance**0.5), atol=1e-4)


def test_any_critic_is_a_bound(x64):
    for seed in range(3):
        critic = jax.tree.map(lambda leaf: 3 * leaf, CRITIC.init(jax.random.key(seed)))
        assert float(bound("jensen_shannon", critic, jnp.array(THETA))) < float(
            divergence("jensen_shannon", jnp.array(THETA))
        )


def test_the_table(tmp_path):
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    cell = {(entry["table"], entry["line"], entry["column"]): entry for entry in entries}
    fit, matrix = dict.fromkeys(entry["table"] for entry in entries)
    for column in ("KL", "Pearson"):
        assert cell[fit, "μ*", column]["agrees"]
        assert cell[fit, "F(critic, Q̂)", column]["agrees"]
        # The model has moved off its start, towards the mixture.
        assert abs(cell[fit, "σ̂", column]["ours"][0] - 1.0) > 0.05
    for line, other in (("KL", "Pearson"), ("Pearson", "KL")):
        own = cell[matrix, line, line]
        assert own["published"] < cell[matrix, other, line]["published"]
        assert 0 < own["ours"][0] <= own["published"]
    assert (tmp_path / "fits.png").stat().st_size > 5_000
