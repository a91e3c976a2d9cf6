"""What a problem of entropic transport is, how it is solved, and what a solution is."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.pairwise.budget import fits


class Potentials(NamedTuple):
    """Dual potentials of an entropic optimal transport problem, and how far it was solved.

    ``π_ij = a_i b_j exp((f_i + g_j - C_ij)/ε)`` has exactly the first marginal ``a``.

    Attributes:
        f: (n,) potential of the rows.
        g: (m,) potential of the columns.
        marginal_error: ``Σ_j |Σ_i π_ij - b_j|``, measured, between 0 and 2.
        iterations: how often both potentials were updated.
    """

    f: Float[Array, " n"]
    g: Float[Array, " m"]
    marginal_error: Float[Array, ""]
    iterations: Int[Array, ""]


class Stopping(NamedTuple):
    """When to stop: static settings of a solver.

    Attributes:
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        most: stop after this many updates, solved or not.
        fixed: make exactly ``most`` updates, whatever the error: cheap under ``jax.vmap``, which runs a loop for all
            problems until the last is solved.
    """

    tolerance: float = 1e-4
    most: int = 1000
    fixed: bool = False


def strength(rho: Array | None, epsilon: Array) -> Array:
    """``κ = ρ/(ρ + ε)``, and 1 for marginals that must be met, ``None``."""
    return jnp.ones_like(epsilon) if rho is None else rho / (rho + epsilon)


# With fewer features, costs are computed as fast as they are read.
KEPT_FEATURES = 32


class Settings(NamedTuple):
    """What is known before any numbers are: hashable, and compiled for.

    Attributes:
        stopping: when the solvers stop.
        streaming: whether costs are computed anew in every sweep rather than kept; None lets the memory budget decide.
    """

    stopping: Stopping
    streaming: bool | None = None

    def keeps(self, n: int, m: int, x: Array) -> bool:
        """Whether the costs of n × m pairs are kept."""
        if self.streaming is not None:
            return not self.streaming
        return x.shape[1] >= KEPT_FEATURES and fits(n, m, x.dtype)


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
