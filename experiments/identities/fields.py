"""Identities of velocity fields: score differences and drifts."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from experiments.identities.claim import Outcome, compared, family, plane, states, towards
from igm_jax import velocity
from igm_jax.kernels import gaussian
from igm_jax.objectives import (
    drifting_field,
    kde_drift_field,
    ksd2_biased,
    score_difference,
    score_difference_field,
    score_difference_witness,
    svgd_field,
)
from igm_jax.pairwise.reductions import soft_barycentres

SCORE, DRIFT = "score difference", "drifting"

IDENTITIES, claim = family()


def _log_density(points: Array, centres: Array, width: float) -> Array:
    squares = jnp.sum(jnp.square(points[:, None] - centres[None]), axis=2)
    return jax.nn.logsumexp(-squares / (2 * width**2), axis=1)


@claim("mean shift", (SCORE, "kernel density"), "exact")
@states("v = ∇ log p̂_σ − ∇ log q̂_σ", "arXiv 2304.12906; Cheng 1995")
def mean_shift() -> Outcome:
    """Against the slopes of the logarithms of dense kernel density estimates."""
    x, y = plane()
    width = 0.7
    slopes = [
        jax.grad(lambda points, centres=centres: jnp.sum(_log_density(points, centres, width)))(x) for centres in (y, x)
    ]
    field = score_difference_field(x, y, width, leave_one_out=False)
    return compared(field, slopes[0] - slopes[1])


@claim("denoisers", (SCORE, "denoiser"), "exact")
@states("σ² v = D_p − D_q", "arXiv 2304.12906")
def denoisers() -> Outcome:
    """The weighted means that data and samples pull to."""
    x, y = plane()
    width = 0.7
    towards_data, towards_model = (
        soft_barycentres(x, s, jnp.full(len(s), 1 / len(s)), jnp.asarray(width)) for s in (y, x)
    )
    return compared(width**2 * score_difference_field(x, y, width, leave_one_out=False), towards_data - towards_model)


@claim("score difference moves along its witness", (SCORE, "witness"), "exact")
@states("v(x_i) = −∇w of the others", "arXiv 2304.12906")
def score_velocity() -> Outcome:
    """A sample moves along the slope of the witness of the others."""
    x, y = plane(12, 15)
    objective = score_difference(0.7)
    field = velocity(objective, jax.random.key(0), (), x, y)

    def slope(index: int) -> Array:
        others = jnp.delete(x, index, axis=0)
        return jax.grad(lambda p: objective.witness((), p[None], others, y)[0])(x[index])

    return compared(field, -jnp.stack([slope(index) for index in range(len(x))]))


@claim("wide kernels see means", (SCORE, "squared mean difference"), "limit", rate=-2.0)
@states("σ² v → E y − E x, error σ⁻²", "Taylor's theorem")
def wide_kernel() -> Outcome:
    """As the kernel widens only means are left."""
    x, y = plane()
    at = (8.0, 16.0, 32.0, 64.0)
    gap = jnp.broadcast_to(y.mean(0) - x.mean(0), x.shape)
    return towards(lambda width: width**2 * score_difference_field(x, y, width, leave_one_out=False), gap, at)


def _antisymmetric(field) -> float:
    """The largest antisymmetric entry of a field's Jacobian in one point, over the largest entry."""
    x, y = plane(10, 12)

    def at(point: Array) -> Array:
        return field(jnp.concatenate([point[None], x]), y)[0]

    jacobian = jax.vmap(jax.jacfwd(at))(x + 0.1)
    return float(jnp.abs(jacobian - jnp.swapaxes(jacobian, 1, 2)).max() / jnp.abs(jacobian).max())


@claim("score difference is a gradient", (SCORE, "gradient flow"), "exact")
@states("∂v_k/∂x_l = ∂v_l/∂x_k", "arXiv 2304.12906")
def score_is_a_gradient() -> Outcome:
    """Its Jacobian is symmetric."""
    return Outcome((_antisymmetric(lambda x, y: score_difference_field(x, y, 0.7)),))


@claim("drifting is no gradient", (DRIFT, "gradient flow"), "denied", bound=1e-3)
@states("∂v_k/∂x_l ≠ ∂v_l/∂x_k", "arXiv 2602.04770; 2603.07514")
def drifting_is_none() -> Outcome:
    """Its Jacobian is not."""
    return Outcome((_antisymmetric(lambda x, y: drifting_field(x, y, 0.5).field),))


@claim("equilibrium", (SCORE, "kernel density"), "exact")
@states("v = 0 for x against itself", "arXiv 2304.12906")
def symmetric_drift() -> Outcome:
    """Data and samples that are the same push as they pull: the field of x against x vanishes beside that against y."""
    x, y = plane()
    alike = score_difference_field(x, x, 0.7, leave_one_out=False)
    other = score_difference_field(x, y, 0.7, leave_one_out=False)
    return Outcome((float(jnp.abs(alike).max() / jnp.abs(other).max()),))


@claim("descent", (SCORE, "KL"), "exact")
@states("d/dt E_q log q̂/p̂ = −E‖v‖²", "arXiv 2304.12906")
def descends_reverse_kl() -> Outcome:
    """d/dt of KL(q_σ ‖ p_σ), estimated by E_q of the witness, is minus the mean squared field, for mass at q's own samples."""
    x, y = plane()
    width = 0.9

    def witness(points: Array) -> Array:
        return jnp.sum(score_difference_witness(points, x, y, width))

    field = score_difference_field(x, y, width, leave_one_out=False)
    change = jax.jvp(witness, (x,), (field,))[1]
    return compared(change, -jnp.sum(jnp.square(field)))


@claim("descent of KL between estimates", ("KDE drift", SCORE), "exact")
@states("for KL(q̂‖p̂): v = ∇ log p̂ − ∇ log q̂", "arXiv 2603.10592")
def kde_descent() -> Outcome:
    """Of the five divergences of kernel density estimates, KL(q ‖ p) moves along the score difference."""
    x, y = plane()
    return compared(kde_drift_field(x, y, 0.7), score_difference_field(x, y, 0.7))


@claim("Stein", ("SVGD", "KSD"), "exact")
@states("E_q[s·φ + ∇·φ] = KSD² for the field φ of SVGD", "arXiv 1608.04471")
def stein_norm() -> Outcome:
    """The Stein operator of the target, put on the field of SVGD, averages to KSD²: the rate at which KL falls."""
    x, _ = plane(20, 5)
    kernel = gaussian(0.9)

    def score(points: Array) -> Array:
        return -points / jnp.array([[1.0, 0.5]])

    def field(point: Array) -> Array:
        return svgd_field(x, score, kernel, points=point[None])[0]

    def stein(point: Array) -> Array:
        return field(point) @ score(point[None])[0] + jnp.trace(jax.jacfwd(field)(point))

    return compared(ksd2_biased(x, score, kernel), jnp.mean(jax.vmap(stein)(x)))


@claim("SVGD descends KL", ("SVGD", "KL"), "bound", bound=0.0)
@states("d/dt KL(q‖p) = −E_q[s·φ + ∇·φ] = −KSD² ≤ 0", "arXiv 1608.04471")
def never_uphill() -> Outcome:
    """KSD² of samples of many kinds: the most negative, relative to the largest."""
    found = [
        float(ksd2_biased(plane(15, 5, seed=seed)[0] + seed / 4, lambda z: -z, gaussian(0.8))) for seed in range(8)
    ]
    return Outcome((max(0.0, -min(found) / max(found)),))
