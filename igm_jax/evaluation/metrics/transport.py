"""Wasserstein distances between samples: exact by assignment for small sets, sliced for large ones."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linear_sum_assignment

from igm_jax import checks, pairwise
from igm_jax.evaluation import _inputs
from igm_jax.objectives.transport.sliced import sliced_wasserstein

MOST_POINTS = 2000


def exact_w2(*, real: Any, fake: Any) -> float:
    """The 2-Wasserstein distance of two samples of equal size, exactly, by solving the assignment problem.

    ``W2 = (min_π (1/n) Σ_i ‖real_i - fake_π(i)‖²)^{1/2}`` over permutations π. It is W2, a distance, and not its square.
    Between finite samples it is biased upwards, by more the more dimensions there are: compare it with the real-against-real
    floor at the same n.

    Cost: n³ at worst in time, n² numbers of memory, and so at most 2000 points.

    Args:
        real: (n, d) data, n ≤ 2000.
        fake: (n, d) generated samples, as many.

    Returns:
        The distance, in the units of the samples.

    Raises:
        ValueError: for different sizes or more than 2000 points (the time grows as n³), wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import exact_w2
        >>> exact_w2(real=[[0.0, 0.0], [1.0, 0.0]], fake=[[1.0, 3.0], [0.0, 3.0]])
        3.0

    Source: Peyré and Cuturi, Computational Optimal Transport, arXiv 1803.00567, Section 2.2.
    """
    return exact_wasserstein(real=real, fake=fake, p=2)


def exact_wasserstein(*, real: Any, fake: Any, p: float = 1) -> float:
    """The p-Wasserstein distance of two samples of equal size, exactly, by solving the assignment problem.

    ``W_p = (min_π (1/n) Σ_i ‖real_i - fake_π(i)‖^p)^{1/p}`` over permutations π: an oracle for small samples.

    Cost: n³ at worst in time, n² numbers of memory, and so at most 2000 points.

    Args:
        real: (n, d) data, n ≤ 2000.
        fake: (n, d) generated samples, as many.
        p: exponent ≥ 1.

    Returns:
        The distance, in the units of the samples.

    Raises:
        ValueError: for an exponent below one, different sizes or more than 2000 points (the time grows as n³), wrong shapes, NaN
            or infinity.

    Example:
        >>> from igm_jax.evaluation import exact_wasserstein
        >>> exact_wasserstein(real=[[0.0, 0.0], [1.0, 0.0]], fake=[[1.0, 3.0], [0.0, 3.0]])
        3.0

    Source: Peyré and Cuturi, Computational Optimal Transport, arXiv 1803.00567, Section 2.2.
    """
    if checks.positive("p", p) < 1:
        raise ValueError(f"`p` must be at least 1, where W_p is a distance, but is {p}")
    real, fake = _inputs.pair(real, fake)
    if len(real) != len(fake):
        raise ValueError(
            f"`real` and `fake` must hold equally many samples, but have shapes {real.shape} and {fake.shape};"
            f" draw {min(len(real), len(fake))} at random from the larger set"
        )
    if len(real) > MOST_POINTS:
        raise ValueError(
            f"the exact distance takes at most {MOST_POINTS} points, but got {len(real)};"
            " pass random subsets, or use `sliced_w2`, which has no limit"
        )
    with jax.enable_x64(True):
        cost = np.asarray(_squared_distances(jnp.asarray(real), jnp.asarray(fake))) ** (p / 2)
    return float(cost[linear_sum_assignment(cost)].mean() ** (1 / p))


_squared_distances = jax.jit(pairwise.squared_distances)


def sliced_w2(*, real: Any, fake: Any, num_projections: int = 1000, seed: int = 0) -> float:
    """The sliced 2-Wasserstein distance: the root mean square over random directions of the distance in one dimension.

    ``SW2 = (E_θ W2²(θ·real, θ·fake))^{1/2}``, θ uniform on the unit sphere. It is a distance, and not its square; for a shift
    by δ in d dimensions it is ‖δ‖/√d. The objective ``sliced`` minimises its square, so it is no judge between objectives.

    Cost: num_projections · ((n + m) d + n log n + m log m) in time, (n + m) d numbers of memory and those of some projections.

    Args:
        real: (n, d) data.
        fake: (m, d) generated samples; m may differ from n.
        num_projections: how many directions.
        seed: of the directions.

    Returns:
        The distance, in the units of the samples.

    Raises:
        ValueError: for wrong shapes, NaN or infinity, or no projections.

    Example:
        >>> from igm_jax.evaluation import sliced_w2
        >>> round(sliced_w2(real=[[0.0], [1.0]], fake=[[2.0], [3.0]]), 6)
        2.0

    Source: Bonneel et al., Sliced and Radon Wasserstein barycenters of measures, JMIV 51 (2015).
    """
    real, fake = _inputs.pair(real, fake)
    checks.count("num_projections", num_projections)
    with jax.enable_x64(True):
        squared = sliced_wasserstein(
            jax.random.key(seed), jnp.asarray(fake), jnp.asarray(real), num_projections=num_projections, p=2
        )
    return float(np.sqrt(max(float(squared), 0.0)))
