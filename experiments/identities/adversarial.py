"""Identities of critics, densities and f-divergences: expectations by quadrature on the line, critics at their optimum."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.identities.claim import Outcome, P, Q, compared, family, line, mixture, states, steps, towards
from igm_jax import wasserstein_1d
from igm_jax.objectives import DIVERGENCES, alpha_divergence, density_ratio_value, f_gan_value, gan_value, wgan_value

GAN, FGAN, JS = "GAN", "f-GAN", "Jensen-Shannon"

IDENTITIES, claim = family()


def _weighted(value, critic: Array) -> Array:
    """A critic's value with expectations under p and q: the grid as samples, its masses as weights."""
    grid = line()
    return value(critic, critic, x_weights=grid.q / grid.q.sum(), y_weights=grid.p / grid.p.sum())


def _divergence(f) -> Array:
    grid = line()
    return jnp.sum(grid.q * f(grid.p / grid.q)) * grid.weight


def _js() -> Array:
    grid = line()
    middle = (grid.p + grid.q) / 2
    return sum(
        (jnp.sum(s * jnp.log(s / middle)) * grid.weight / 2 for s in (grid.p, grid.q)), jnp.zeros((), jnp.float64)
    )


@claim("the optimal GAN", (GAN, JS), "optimum")
@states("V at D = log p/q is −log 4 + 2 JSD", "arXiv 1406.2661")
def optimal_gan() -> Outcome:
    """At the logit log p/q."""
    grid = line()
    return compared(_weighted(gan_value, jnp.log(grid.p / grid.q)), -np.log(4) + 2 * _js())


@claim("no better logit", (GAN, "density ratio"), "optimum")
@states("∂V/∂D = 0 at D = log p/q", "arXiv 1406.2661")
def stationary_gan() -> Outcome:
    """No direction improves the value at log p/q: its slope beside the one at zero."""
    grid = line()
    slope = jax.grad(lambda logit: _weighted(gan_value, logit))
    optimum = jnp.log(grid.p / grid.q)
    return Outcome((float(jnp.abs(slope(optimum)).max() / jnp.abs(slope(jnp.zeros_like(optimum))).max()),))


@claim("the optimal logit's slope", (GAN, "score difference"), "optimum")
@states("∇ log p/q = ∇ log p − ∇ log q", "arXiv 2304.12906")
def logit_is_score_difference() -> Outcome:
    """The slope of the optimal logit, by the critic that a network would have to learn."""
    points = line().points[1200:2800]
    slope = jax.vmap(jax.grad(lambda t: jnp.log(mixture(t, P)) - jnp.log(mixture(t, Q))))(points)

    def score(parts: tuple[tuple[float, float, float], ...]) -> Array:
        weights = jnp.stack([w * jnp.exp(-0.5 * ((points - m) / s) ** 2) / s for w, m, s in parts])
        pulls = jnp.stack([-(points - m) / s**2 for _, m, s in parts])
        return (weights * pulls).sum(0) / weights.sum(0)

    return compared(slope, score(P) - score(Q))


@claim("the optimal f-GANs", (FGAN, "f-divergence"), "optimum", bound=1e-9)
@states("F at g(V) = f′(p/q) is D_f, eight divergences", "arXiv 1606.00709")
def optimal_f_gans() -> Outcome:
    """All nine at the output whose activation is f'(p/q): the largest discrepancy of the bound from the divergence."""
    grid, worst = line(), 0.0
    ratio = grid.p / grid.q
    for divergence in DIVERGENCES.values():
        if divergence.name == "total_variation":
            continue  # its optimum lies at the ends of the activation's range: see the identity of its own
        slope = jax.vmap(jax.grad(divergence.f))(ratio)
        output = _inverse(divergence.activation, slope)
        truth = _divergence(divergence.f)
        found = _weighted(partial(f_gan_value, divergence), output)
        worst = max(worst, compared(found, truth).discrepancy)
    return Outcome((worst,))


def _inverse(increasing, values: Array) -> Array:
    """Bisection of an increasing function between -700 and 700."""
    low, high = jnp.full_like(values, -700.0), jnp.full_like(values, 700.0)
    for _ in range(90):
        middle = (low + high) / 2
        above = increasing(middle) > values
        low, high = jnp.where(above, low, middle), jnp.where(above, middle, high)
    return (low + high) / 2


@claim("the GAN among the f-GANs", (GAN, FGAN), "exact")
@states("F_gan = V for every critic", "arXiv 1606.00709")
def js_of_both() -> Outcome:
    """For any critic the two games differ by a constant, once their outputs are the same logit."""
    grid = line()
    logit = jnp.sin(grid.points)
    return compared(_weighted(partial(f_gan_value, "gan"), logit), _weighted(gan_value, logit))


@claim("twice Jensen-Shannon", (FGAN, JS), "exact")
@states("f-GAN's JS = 2 JSD", "arXiv 1606.00709")
def jensen_shannon() -> Outcome:
    """f-GAN's "jensen_shannon" is 2 JSD."""
    return compared(_divergence(DIVERGENCES["jensen_shannon"].f), 2 * _js())


@claim("Jeffrey", ("f-divergence", "KL"), "exact")
@states("J = KL(P‖Q) + KL(Q‖P)", "Jeffreys 1946")
def jeffrey() -> Outcome:
    """The symmetric sum."""
    sides = [_divergence(DIVERGENCES[name].f) for name in ("kl", "reverse_kl")]
    return compared(_divergence(DIVERGENCES["jeffrey"].f), sides[0] + sides[1])


@claim("total variation is both", ("f-divergence", "IPM"), "optimum")
@states("½∫|p − q| = sup over |f| ≤ ½ of E_P f − E_Q f", "Müller 1997")
def total_variation() -> Outcome:
    """As an f-divergence, and as the best gap of a critic between -½ and ½."""
    grid = line()
    gap = _weighted(wgan_value, jnp.sign(grid.p - grid.q) / 2)
    return compared(gap, _divergence(DIVERGENCES["total_variation"].f))


@claim("Fisher's IPM", ("IPM", "f-divergence"), "optimum")
@states("sup over Var_Q f ≤ 1 of (E_P f − E_Q f)² = χ²", "arXiv 1705.09675")
def fisher_is_chi_square() -> Outcome:
    """sup E_P f - E_Q f with E_Q f² ≤ 1 about E_Q f is reached at p/q - 1: the root of Pearson's χ²."""
    grid = line()
    critic = grid.p / grid.q - 1
    critic = critic / jnp.sqrt(jnp.sum(grid.q * critic**2) * grid.weight)
    return compared(jnp.square(_weighted(wgan_value, critic)), _divergence(DIVERGENCES["pearson"].f))


@claim("Pinsker", ("f-divergence", "KL"), "bound", bound=0.0)
@states("TV ≤ √(KL/2), TV ≤ √χ²/2, H² ≤ 2 TV", "Tsybakov 2009, section 2.4")
def pinsker() -> Outcome:
    """TV ≤ √(KL/2), TV ≤ √(χ²)/2 and H² ≤ 2 TV (f-GAN's H² is twice the usual): violations."""
    size = {name: float(_divergence(DIVERGENCES[name].f)) for name in DIVERGENCES}
    tv = size["total_variation"]
    excess = (tv - (size["kl"] / 2) ** 0.5, tv - size["pearson"] ** 0.5 / 2, size["squared_hellinger"] - 2 * tv)
    return Outcome((max(0.0, *excess),))


@claim("Kantorovich", ("WGAN", "W1, 1-d"), "optimum")
@states("sup over 1-Lipschitz f of E_P f − E_Q f = W1", "arXiv 1701.07875")
def kantorovich() -> Outcome:
    """The critic with slope ±1 wherever the distribution functions differ reaches W1."""
    draws = np.random.default_rng(5)
    x, y = jnp.sort(jnp.asarray(draws.normal(size=30))), jnp.sort(jnp.asarray(0.5 + 0.5 * draws.normal(size=40)))
    ends = jnp.sort(jnp.concatenate([x, y]))
    below = [steps(s, ends[:-1]) for s in (x, y)]
    rises = jnp.sign(below[0] - below[1]) * jnp.diff(ends)
    dual = jnp.concatenate([jnp.zeros(1), jnp.cumsum(rises)])
    x_outputs, y_outputs = (dual[jnp.searchsorted(ends, s)] for s in (x, y))
    return compared(wgan_value(x_outputs, y_outputs), wasserstein_1d(x, y, p=1))


@claim("α to KL", ("α-divergence", "KL"), "limit", rate=1.0)
@states("D_α → KL(P‖Q) as α → 1, error α − 1", "Amari 1985")
def alpha_to_kl() -> Outcome:
    """The family of α-divergences at α = 1 + h."""
    kl = _divergence(DIVERGENCES["kl"].f)
    return towards(lambda h: _divergence(alpha_divergence(1 + h).f), kl, (0.02, 0.01, 0.005, 0.0025))


@claim("bounds of KL", ("density ratio", "KL"), "optimum")
@states("DV at log p/q + c, and NWJ at log p/q + 1, are KL(P‖Q)", "arXiv 1801.04062; Nguyen et al. 2010")
def ratio_bounds() -> Outcome:
    """Donsker-Varadhan and NWJ at their optimum: the larger discrepancy from KL."""
    grid = line()
    ratio, kl = jnp.log(grid.p / grid.q), _divergence(DIVERGENCES["kl"].f)
    errors = [
        compared(_weighted(partial(density_ratio_value, name), ratio + constant), kl).discrepancy
        for name, constant in (("donsker_varadhan", 3.0), ("nwj", 1.0))
    ]
    return Outcome((max(errors),))
