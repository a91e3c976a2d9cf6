"""Identities of optimal transport."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.optimize import linear_sum_assignment

from experiments.identities.claim import Outcome, compared, conservative, family, plane, spread, states, steps, towards
from igm_jax import energy_distance_1d, sinkhorn_divergence, sliced_wasserstein, velocity, wasserstein_1d
from igm_jax.base import Key
from igm_jax.objectives import (
    chamfer_distance,
    imle_loss,
    score_difference_field,
    sinkhorn,
    sinkhorn_drift_field,
    sinkhorn_potentials,
    sliced,
)

SINKHORN, SLICED, W2, MEANS = "Sinkhorn divergence", "sliced W2", "W2", "squared mean difference"

IDENTITIES, claim = family()


def _solved(x: Array, y: Array, epsilon: float, **options) -> Array:
    return sinkhorn_divergence(x, y, epsilon, tolerance=1e-11, max_iterations=20_000, **options)


def assignment(x: Array, y: Array) -> float:
    cost = np.asarray(jnp.sum(jnp.square(x[:, None] - y[None]), axis=2))
    return float(cost[linear_sum_assignment(cost)].mean())


@claim("much entropy", (SINKHORN, MEANS), "limit", rate=-1.0)
@states("S_ε → ‖E x − E y‖² as ε → ∞, error 1/ε", "arXiv 1706.00292, 1810.08278")
def much_entropy() -> Outcome:
    """The plan becomes the product, and the debiased rest is that of the means."""
    x, y = plane()
    at = (50.0, 100.0, 200.0, 400.0, 800.0)
    return towards(lambda epsilon: _solved(x, y, epsilon), jnp.sum(jnp.square(x.mean(0) - y.mean(0))), at)


@claim("no entropy", (SINKHORN, W2), "optimum", bound=1e-2)
@states("S_ε → W2² as ε → 0 (at ε = 0.002)", "arXiv 1706.00292")
def no_entropy() -> Outcome:
    """Between as many samples, against the exact assignment."""
    x, y = plane(20, 20)
    return compared(_solved(x, y, 2e-3), assignment(x, y))


@claim("translations", (SINKHORN, W2), "exact", bound=1e-9)
@states("S_ε(x, x + t) = ‖t‖² for every ε", "arXiv 1810.08278")
def translation() -> Outcome:
    """A translation is the best plan, and entropy's bias cancels."""
    x, _ = plane()
    shift = jnp.array([0.8, -0.5])
    return compared(_solved(x, x + shift[None], 0.3), jnp.sum(jnp.square(shift)))


@claim("duality", (SINKHORN, "entropic OT"), "exact", bound=1e-9)
@states("E f + E g = ⟨C, π⟩ + ε KL(π ‖ a⊗b)", "arXiv 1306.0895")
def duality() -> Outcome:
    """The dual value of the potentials against the cost and entropy of their plan."""
    x, y = plane(25, 30)
    epsilon = 0.4
    f, g, *_ = sinkhorn_potentials(x, y, epsilon, tolerance=1e-12, max_iterations=20_000)
    cost = jnp.sum(jnp.square(x[:, None] - y[None]), axis=2)
    density = jnp.exp((f[:, None] + g[None] - cost) / epsilon)
    plan = density / (len(x) * len(y))
    primal = jnp.sum(plan * cost) + epsilon * jnp.sum(plan * jnp.log(density))
    return compared(jnp.mean(f) + jnp.mean(g), primal)


@claim("strict marginals", ("unbalanced OT", SINKHORN), "limit", rate=-1.0)
@states("S_ε with ρ KL marginals → S_ε as ρ → ∞, error 1/ρ", "arXiv 1910.12958")
def strict_marginals() -> Outcome:
    """The price of missing a marginal goes to infinity."""
    x, y = plane(15, 18)
    at = (100.0, 200.0, 400.0, 800.0)
    return towards(lambda rho: _solved(x, y, 0.5, rho=rho), _solved(x, y, 0.5), at)


@claim("one direction", (SLICED, "W2, 1-d"), "exact")
@states("d = 1: SW2² = W2²", "arXiv 1803.11188")
def one_dimension() -> Outcome:
    """Every direction of a line is the line."""
    x, y = plane(dim=1)
    return compared(
        sliced_wasserstein(jax.random.key(0), x, y, num_projections=3), wasserstein_1d(x[:, 0], y[:, 0], p=2)
    )


@claim("sorting is assignment", ("W2, 1-d", W2), "exact")
@states("d = 1: Σ (x_(i) − y_(i))² / n = min over assignments", "arXiv 1803.00567")
def sorted_is_assigned() -> Outcome:
    """On a line the best assignment is the sorted one."""
    x, y = plane(30, 30, dim=1)
    return compared(wasserstein_1d(x[:, 0], y[:, 0], p=2), assignment(x, y))


@claim("area between steps", ("W1, 1-d", "Cramér distance"), "exact")
@states("W1 = ∫ |F − G|, beside ED = 2 ∫ (F − G)²", "Vallender 1974")
def quantiles_and_steps() -> Outcome:
    """W1 as the area between the distribution functions."""
    x, y = plane(dim=1)
    ends = jnp.sort(jnp.concatenate([x[:, 0], y[:, 0]]))
    below = [steps(s[:, 0], ends[:-1]) for s in (x, y)]
    area = jnp.sum(jnp.abs(below[0] - below[1]) * jnp.diff(ends))
    return compared(wasserstein_1d(x[:, 0], y[:, 0], p=1), area)


@claim("slices of a translation", (SLICED, MEANS), "limit", rate=-0.5)
@states("SW2²(x, x + t) → ‖t‖²/d, error k^(−½)", "arXiv 1803.11188")
def sliced_translation() -> Outcome:
    """The mean over directions of (θ·t)² is ‖t‖²/d, at 1/√k."""
    x, _ = plane()
    shift = jnp.array([0.8, -0.5])

    def draw(key: Key, number: int) -> Array:
        return sliced_wasserstein(key, x, x + shift[None], num_projections=number)

    return spread(draw, float(jnp.sum(jnp.square(shift)) / 2), (16, 64, 256))


@claim("energy below transport", ("energy distance", "W1, 1-d"), "bound", bound=0.0)
@states("ED ≤ 2 W1 ≤ 2 W2", "triangle inequality")
def energy_below_transport() -> Outcome:
    """ED ≤ 2 W1, and W1² ≤ W2²: violations over random pairs on a line, relative."""
    worst = 0.0
    for seed in range(20):
        x, y = plane(20, 25, dim=1, seed=seed)
        x, y = x[:, 0], y[:, 0]
        w1, w2 = (float(wasserstein_1d(x, y, p=p)) for p in (1, 2))
        worst = max(worst, float(energy_distance_1d(x, y)) / (2 * w1) - 1, w1 / math.sqrt(w2) - 1)
    return Outcome((max(worst, 0.0),))


@claim("Sinkhorn moves along its witness", (SINKHORN, "witness"), "exact", bound=1e-8)
@states("v = −∇w", "arXiv 1810.08278")
def sinkhorn_velocity() -> Outcome:
    """The envelope theorem's gradient against the slope of the extended potentials."""
    return conservative(sinkhorn(0.5, tolerance=1e-11, max_iterations=20_000), *plane(20, 25))


@claim("slices move along their witness", (SLICED, "witness"), "exact")
@states("v = −∇w", "arXiv 1803.11188")
def sliced_velocity() -> Outcome:
    """Sorted matches against the slope of the mean potential."""
    x, y = plane(20, 25)
    objective, key = sliced(8), jax.random.key(0)
    state, _ = objective.update(key, objective.init(key, x), x, y)
    field = velocity(objective, key, state, x, y)
    # The potential of n equal samples is flat in their ranks: one at a time moves, the others stay.
    slope = jax.vmap(lambda point: jax.grad(lambda p: objective.witness(state, p[None], x, y)[0])(point))(x)
    return compared(field, -slope)


@claim("Chamfer is both sides of IMLE", ("IMLE", "Chamfer"), "exact")
@states("C(x, y) = L(x, y) + L(y, x)", "arXiv 1809.09087")
def both_sides() -> Outcome:
    """Data to samples, and samples to data."""
    x, y = plane()
    return compared(chamfer_distance(x, y), imle_loss(x, y) + imle_loss(y, x))


@claim("one-sided drift", ("Sinkhorn drift", "score difference"), "exact")
@states("one update of one side: v = ε/2 (∇ log p̂ − ∇ log q̂), σ² = ε/2", "arXiv 2603.12366")
def one_sided_drift() -> Outcome:
    """One update of one side is a normalised Gaussian kernel of variance ε/2."""
    x, y = plane()
    epsilon = 0.9
    shift = epsilon / 2 * score_difference_field(x, y, math.sqrt(epsilon / 2), leave_one_out=False)
    return compared(sinkhorn_drift_field(x, y, epsilon, two_sided=False), shift)
