"""Transport whose plans OTT finds: the low-rank Sinkhorn divergence and the entropic Gromov-Wasserstein discrepancy.

Low-rank plans go through a few anchors, in memory and time linear in the samples. Gromov-Wasserstein ones compare distances
within each sample, so the samples may live in different spaces, and cost memory for all pairs.
"""

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred
from igm_jax.objectives.adversarial.base import not_negative
from igm_jax.pairwise.transport.ott import gromov_cost, low_rank_cost

__all__ = ["gromov_wasserstein", "low_rank_sinkhorn_divergence"]


def low_rank_sinkhorn_divergence(
    x: Rows,
    y: Rows,
    rank: int = 10,
    *,
    epsilon: float = 0.0,
    x_weights: Weights = None,
    y_weights: Weights = None,
    tolerance: float = 1e-3,
    max_iterations: int = 2000,
) -> Scalar:
    """The debiased cost of transport plans of low rank.

    ``D = LR(x, y) - ½ LR(x, x) - ½ LR(y, y)``, with ``LR = Σ π_ij ‖x_i - y_j‖²`` under the best plan of nonnegative rank r that
    OTT's mirror descent finds, ``π = Q diag(1/g) Rᵀ``.

    At rank 1 the plan is the product of the weights, and D the squared distance of the means; as r grows it tends to W2². The
    problem is not convex, so what is found depends a little on OTT's random start, which is fixed. The plan is a constant
    in the gradient. Make it an objective by ``stateless(partial(low_rank_sinkhorn_divergence, rank=10))``.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        rank: r, 1 ≤ r ≤ min(n, m).
        epsilon: ε ≥ 0, strength of the entropy of the factors; D is the cost without it.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: OTT's threshold on the change of the factors.
        max_iterations: stop after this many.

    Returns:
        Scalar, in squared units of the samples; it may be negative by what is left to converge.

    Raises:
        ValueError: for a rank out of range, a negative ε, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import low_rank_sinkhorn_divergence
        >>> round(float(low_rank_sinkhorn_divergence([[0.0], [1.0]], [[2.0], [3.0]], rank=1)), 2)
        4.0

    Source: Scetbon, Cuturi and Peyré, Low-Rank Sinkhorn Factorization, arXiv 2103.04737; debiased: arXiv 2205.12365.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    x, y = centred(x, y)
    rank, max_iterations = checks.count("rank", rank), checks.count("max_iterations", max_iterations)
    if rank > min(len(x), len(y)):
        raise ValueError(
            f"`rank` must be at most the number of samples of the smaller set, {min(len(x), len(y))}, but is {rank};"
            " lower it, or use `sinkhorn_divergence`"
        )
    not_negative("epsilon", epsilon)
    checks.positive("tolerance", tolerance)
    options = {"rank": rank, "epsilon": float(epsilon), "tolerance": float(tolerance), "max_iterations": max_iterations}

    def cost(x: Array, y: Array, a: Array, b: Array) -> Array:
        return low_rank_cost(x, y, a, b, **options)

    return cost(x, y, a, b) - (cost(x, x, a, a) + cost(y, y, b, b)) / 2


def gromov_wasserstein(
    x: Rows,
    y: Rows,
    epsilon: float = 0.1,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
    tolerance: float = 1e-3,
    max_iterations: int = 50,
) -> Scalar:
    """The entropic Gromov-Wasserstein discrepancy of two weighted samples, under squared Euclidean distances within each.

    ``GW = Σ_ijkl (‖x_i - x_k‖² - ‖y_j - y_l‖²)² π_ij π_kl``, for a plan π that OTT finds for this plus entropy of strength ε.

    It does not change when either sample is turned, reflected or shifted, so a model that minimises it learns the data's
    shape and not its place. The problem is not convex: OTT starts from the product of the weights and stops at a local minimum.
    The value leaves the entropy out and has no debiasing, so it is not zero for x = y unless ε is small. The plan is a
    constant in the gradient. Make it an objective by ``stateless(partial(gromov_wasserstein, epsilon=0.1))``.

    Args:
        x: (n, d) generated samples.
        y: (m, e) data; e and d may differ.
        epsilon: ε > 0, in the fourth power of the units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: OTT's threshold on the change of the cost.
        max_iterations: outer iterations at most, each a transport problem.

    Returns:
        Scalar, in the fourth power of the units; memory is n² + m² + n m.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import gromov_wasserstein
        >>> x, y = [[0.0], [1.0], [3.0]], [[0.0, 0.0], [0.0, -1.0], [0.0, -3.0]]
        >>> bool(gromov_wasserstein(x, y, epsilon=0.02) < 0.01)
        True

    Source: Peyré, Cuturi and Solomon, Gromov-Wasserstein Averaging, ICML 2016; Bunne et al., Learning Generative Models across
        Incomparable Spaces, arXiv 1905.05461.
    """
    x, y = checks.samples("x", x), checks.samples("y", y)
    dtype = jnp.promote_types(x.dtype, y.dtype)
    x, y = x.astype(dtype), y.astype(dtype)
    a, b = checks.weights("x_weights", x_weights, x), checks.weights("y_weights", y_weights, y)
    checks.positive("epsilon", epsilon)
    checks.positive("tolerance", tolerance)
    max_iterations = checks.count("max_iterations", max_iterations)
    x, y = (samples - jnp.mean(samples, axis=0, keepdims=True) for samples in (x, y))
    return gromov_cost(x, y, a, b, epsilon=float(epsilon), tolerance=float(tolerance), max_iterations=max_iterations)
