"""Identities of kernels, distances and sums of moments."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.identities.claim import Outcome, compared, conservative, family, plane, spread, states, steps, towards
from igm_jax import energy_distance, energy_distance_1d, kernels, mmd2_biased, mmd2_unbiased, sliced_energy_distance
from igm_jax.base import Key
from igm_jax.objectives import (
    characteristic_distance,
    energy,
    mmd,
    mmd_witness,
    normal_frequencies,
    nystrom_mmd2,
    random_feature_mmd2,
)

ENERGY, MMD, MEANS = "energy distance", "MMD", "squared mean difference"

IDENTITIES, claim = family()


def _gap(x: Array, y: Array) -> Array:
    return jnp.sum(jnp.square(x.mean(0) - y.mean(0)))


def _dense(kernel: Array, x: Array, y: Array) -> Array:
    """The V-statistic from the matrix of all pairs of [x; y]."""
    signed = jnp.concatenate([jnp.full(len(x), 1 / len(x)), jnp.full(len(y), -1 / len(y))])
    return signed @ kernel @ signed


@claim("a distance is a kernel", (ENERGY, MMD), "exact")
@states("ED(x, y) = MMD²(x, y; ‖a‖ + ‖b‖ − ‖a − b‖)", "Sejdinovic et al., Ann. Statist. 41 (2013)")
def energy_as_mmd() -> Outcome:
    """Against the positive definite kernel ‖a‖ + ‖b‖ - ‖a - b‖, summed densely."""
    x, y = plane()
    both = jnp.concatenate([x, y])
    length = jnp.linalg.norm(both, axis=1)
    distance = jnp.linalg.norm(both[:, None] - both[None], axis=2)
    return compared(energy_distance(x, y), _dense(length[:, None] + length[None] - distance, x, y))


@claim("Cramér", (ENERGY, "Cramér distance"), "exact")
@states("d = 1: ED = 2 ∫ (F − G)²", "Székely and Rizzo 2013; arXiv 1705.10743")
def energy_as_cramer() -> Outcome:
    """The integral of the step functions, piece by piece."""
    x, y = plane(dim=1)
    ends = jnp.sort(jnp.concatenate([x[:, 0], y[:, 0]]))
    below = [steps(s[:, 0], ends[:-1]) for s in (x, y)]
    integral = 2 * jnp.sum(jnp.square(below[0] - below[1]) * jnp.diff(ends))
    return compared(energy_distance(x, y), integral)


@claim("by sorting", (ENERGY, "sliced energy"), "exact")
@states("d = 1: ED by sorting = ED by pairs", "arXiv 2305.11463")
def sorted_energy() -> Outcome:
    """In n log n against n²."""
    x, y = plane(dim=1)
    return compared(energy_distance_1d(x[:, 0], y[:, 0]), energy_distance(x, y))


@claim("exponent 2", (ENERGY, MEANS), "exact")
@states("ED with ‖·‖² = 2 ‖E x − E y‖²", "Székely and Rizzo 2013")
def energy_squared() -> Outcome:
    """At the exponent 2 only means are left."""
    x, y = plane()
    return compared(energy_distance(x, y, beta=2.0), 2 * _gap(x, y))


@claim("linear kernel", (MMD, MEANS), "exact")
@states("MMD²(x, y; a·b) = ‖E x − E y‖²", "Gretton et al., JMLR 13 (2012)")
def linear_mmd() -> Outcome:
    """The kernel x·y."""
    x, y = plane()
    return compared(mmd2_biased(x, y, kernels.linear()), _gap(x, y))


@claim("wide Gaussian", (MMD, MEANS), "limit", rate=-2.0)
@states("σ² MMD²(Gaussian σ) → ‖E x − E y‖², error σ⁻²", "Taylor's theorem")
def wide_gaussian() -> Outcome:
    """1 - exp(-r²/2σ²) is r²/2σ² to first order."""
    x, y = plane()
    at = (8.0, 16.0, 32.0, 64.0, 128.0)
    return towards(lambda width: width**2 * mmd2_biased(x, y, kernels.gaussian(width)), _gap(x, y), at)


@claim("wide Laplace", (MMD, ENERGY), "limit", rate=-1.0)
@states("σ MMD²(Laplace σ) → ED, error σ⁻¹", "Taylor's theorem")
def wide_laplace() -> Outcome:
    """1 - exp(-r/σ) is r/σ to first order."""
    x, y = plane()
    at = (32.0, 64.0, 128.0, 256.0, 512.0)
    return towards(lambda width: width * mmd2_biased(x, y, kernels.laplace(width)), energy_distance(x, y), at)


@claim("slices of energy", ("sliced energy", ENERGY), "limit", rate=-0.5)
@states("mean over k directions of ED / E|θ₁| → ED, error k^(−½)", "arXiv 2305.11463")
def sliced_energy() -> Outcome:
    """The mean over directions, divided by E|θ₁|, against directions in number."""
    x, y = plane(dim=3)
    constant = math.gamma(1.5) / (math.sqrt(math.pi) * math.gamma(2.0))

    def draw(key: Key, number: int) -> Array:
        return sliced_energy_distance(key, x, y, num_projections=number) / constant

    return spread(draw, float(energy_distance(x, y)), (16, 64, 256))


@claim("kernel inception distance", ("KID", MMD), "exact")
@states("KID = unbiased MMD² of the kernel (a·b/d + 1)³", "arXiv 1801.01401")
def kid_is_mmd() -> Outcome:
    """The estimate of the paper, densely, against the U-statistic of the cubic kernel."""
    x, y = plane(48, 48, dim=5)
    inner = lambda a, b: (a @ b.T / 5 + 1) ** 3  # noqa: E731
    xx, yy = (np.asarray(inner(s, s)) for s in (x, y))
    within = sum((k.sum() - np.trace(k)) / (48 * 47) for k in (xx, yy))
    return compared(mmd2_unbiased(x, y, kernels.polynomial()), within - 2 * inner(x, y).mean())


@claim("the V-statistic's excess", ("unbiased MMD", MMD), "exact")
@states("V − U = (1 − E k(x,x′))/(n−1) + (1 − E k(y,y′))/(m−1)", "Gretton et al., JMLR 13 (2012)")
def biased_and_unbiased() -> Outcome:
    """n (n - 1) against n² pairs: the diagonal is one for a Gaussian kernel."""
    x, y = plane()
    kernel, n, m = kernels.gaussian(1.0), len(x), len(y)
    mean_xx, mean_yy = (jnp.mean(kernel(s, s)) for s in (x, y))
    excess = (1 - mean_xx) / (n - 1) + (1 - mean_yy) / (m - 1)
    return compared(mmd2_biased(x, y, kernel) - mmd2_unbiased(x, y, kernel), excess)


@claim("MMD moves along its witness", (MMD, "witness"), "exact")
@states("v = −∇w", "arXiv 1906.04370")
def mmd_velocity() -> Outcome:
    """The contract: the force on a sample is the slope of the witness."""
    return conservative(mmd(kernels.gaussian(0.8)), *plane())


@claim("energy moves along its witness", (ENERGY, "witness"), "exact")
@states("v = −∇w", "arXiv 1906.04370")
def energy_velocity() -> Outcome:
    """The contract again."""
    return conservative(energy(), *plane())


@claim("the witness's gap", (MMD, "witness"), "exact")
@states("E_x w − E_y w = 2 MMD²", "Gretton et al., JMLR 13 (2012)")
def witness_mean_is_mmd() -> Outcome:
    """The witness is twice the embedding's difference, so its mean gap is twice the squared distance."""
    x, y = plane()
    kernel = kernels.laplace(0.9)
    height = [jnp.mean(mmd_witness(points, x, y, kernel)) for points in (x, y)]
    return compared(height[0] - height[1], 2 * mmd2_biased(x, y, kernel))


@claim("characteristic functions", ("characteristic functions", MMD), "exact")
@states("Σ_k |φ_x(ω_k) − φ_y(ω_k)|² = MMD² of Σ_k cos ω_k·(a − b)", "arXiv 1909.07425")
def characteristic_functions() -> Outcome:
    """Any frequencies: their distance against the dense sum of cosines."""
    x, y = plane()
    frequencies = jnp.asarray(np.random.default_rng(3).normal(size=(2, 7)))
    both = jnp.concatenate([x, y]) @ frequencies
    kernel = jnp.mean(jnp.cos(both[:, None] - both[None]), axis=2)
    return compared(characteristic_distance(x, y, frequencies), _dense(kernel, x, y))


@claim("random features", ("characteristic functions", MMD), "limit", rate=-0.5)
@states("k draws of ω ~ N(0, 1/σ²) → MMD²(Gaussian σ), error k^(−½)", "Rahimi and Recht 2007")
def random_features() -> Outcome:
    """Against the Gaussian kernel."""
    x, y = plane()

    def draw(key: Key, number: int) -> Array:
        return random_feature_mmd2(key, x, y, normal_frequencies(1 / 0.8), num_features=number).value

    return spread(draw, float(mmd2_biased(x, y, kernels.gaussian(0.8))), (32, 128, 512))


@claim("all landmarks", ("Nyström MMD", MMD), "exact", bound=1e-9)
@states("with every datum a landmark, Nyström MMD² = MMD²", "arXiv 2201.13055")
def all_landmarks() -> Outcome:
    """A projection on the span of all data is none."""
    x, y = plane()
    kernel = kernels.laplace(0.8)
    return compared(
        nystrom_mmd2(jax.random.key(0), x, y, kernel, num_landmarks=len(y)).value, mmd2_biased(x, y, kernel)
    )
