"""What a problem of entropic transport is, and what a solution is."""

from typing import NamedTuple, Never

import jax.numpy as jnp
from jaxtyping import Array, Int

from igm_jax.checks import OfData, OfSamples, Scalar
from igm_jax.pairwise.transport.solvers import Solver


class Potentials(NamedTuple):
    """Dual potentials of an entropic optimal transport problem, and how far it was solved.

    ``π_ij = a_i b_j exp((f_i + g_j - C_ij)/ε)`` has exactly the first marginal ``a``.

    Attributes:
        f: (n,) potential of the rows.
        g: (m,) potential of the columns.
        marginal_error: ``Σ_j |Σ_i π_ij - b_j|``, measured, between 0 and 2.
        iterations: how often both potentials were updated.
        solver: which algorithm ran, and how it was to stop; static data under JAX's transformations.
    """

    f: OfSamples
    g: OfData
    marginal_error: Scalar
    iterations: Int[Array, ""]
    solver: Solver


def strength(rho: Array | None, epsilon: Array) -> Array:
    """``κ = ρ/(ρ + ε)``, and 1 for marginals that must be met, ``None``."""
    return jnp.ones_like(epsilon) if rho is None else rho / (rho + epsilon)


class Problem(NamedTuple):
    """Two weighted samples and how their transport is regularised.

    Attributes:
        x: (n, d) samples.
        y: (m, d) samples.
        a: (n,) weights.
        b: (m,) weights.
        epsilon: ε > 0.
        rho: ρ > 0 or None.
    """

    x: Array
    y: Array
    a: Array
    b: Array
    epsilon: Array
    rho: Array | None


class Relaxation(NamedTuple):
    """How one update of a potential is made: ``f ← f + ω (κ T - f)``, with T the soft minimum.

    Attributes:
        epsilon: ε > 0.
        omega: ω, 1 for the plain update, up to 2 for over-relaxed ones, less for averaged ones.
        kappa: κ = ρ/(ρ + ε) where marginals are penalised with strength ρ, 1 where they are met.
    """

    epsilon: Array
    omega: Array
    kappa: Array


def no_second_derivative(*arguments: object) -> Never:
    """The derivative rule of what is solved: an error, since the envelope theorem holds for one derivative."""
    raise NotImplementedError(
        "the Sinkhorn divergence has no second derivatives here: its gradient treats solved potentials as constants,"
        " which is exact once; difference the gradient instead, or stop it with `jax.lax.stop_gradient`"
    )
