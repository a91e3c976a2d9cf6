"""Kernels of more than the Euclidean distance: of inner products, of features one by one, of some columns, of classes."""

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel
from igm_jax.kernels.pairs import Pairs
from igm_jax.records import recorded


@recorded
def polynomial(degree: int = 3, offset: float = 1.0) -> Kernel:
    """The polynomial kernel, ``k = (x·y / d + c)^p`` in d dimensions; cubic by default, as in the kernel inception distance.

    Args:
        degree: p ≥ 1.
        offset: c ≥ 0.

    Returns:
        The kernel.

    Raises:
        ValueError: for a degree below one or a negative offset.

    Example:
        >>> from igm_jax.kernels import polynomial
        >>> polynomial()([[1.0, 1.0]], [[1.0, 1.0]]).tolist()
        [[8.0]]

    Source: Bińkowski et al., Demystifying MMD GANs, arXiv 1801.01401, Section 5.
    """
    degree = checks.count("degree", degree)
    if offset != 0:
        checks.positive("offset", offset)
    return Kernel(f"polynomial({degree}, {offset})", lambda pairs: (pairs.inner / pairs.x.shape[1] + offset) ** degree)


@recorded
def linear() -> Kernel:
    """The linear kernel, ``k = x·y``: its MMD² is the squared distance of the means.

    A squared MMD of it is taken about the samples. In sums with other kernels products grow with the distance from the origin,
    and rounding with them: subtract a common offset from both samples first.

    Returns:
        The kernel.

    Example:
        >>> from igm_jax.kernels import linear
        >>> linear()([[1.0, 2.0]], [[3.0, 4.0]]).tolist()
        [[11.0]]
    """
    return Kernel("linear()", lambda pairs: pairs.inner, linear=True)


@recorded
def manhattan_laplace(bandwidth: ArrayLike) -> Kernel:
    """The Laplace kernel of the Manhattan distance, ``k = exp(-Σ_j |x_j - y_j| / σ)``: a product over the features.

    In one dimension it is ``laplace``. It is not a function of the Euclidean distance, so its sums take the longer way.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import manhattan_laplace
        >>> round(float(manhattan_laplace(2.0)([[0.0, 0.0]], [[1.0, 1.0]])[0, 0]), 4)  # 1/e
        0.3679
    """
    checks.positive("bandwidth", bandwidth)

    def of(pairs: Pairs) -> Array:
        return jnp.exp(-pairs.manhattan / jnp.asarray(bandwidth).astype(checks.at_least_single(pairs.x.dtype)))

    return Kernel(f"manhattan_laplace({bandwidth})", of)


@recorded
def on_columns(kernel: KernelLike, start: int | None = None, stop: int | None = None) -> Kernel:
    """A kernel that sees some of the columns.

    ``k(x[start:stop], y[start:stop])``

    A product of such kernels compares joint distributions: ``on_columns(k, stop=3) * on_columns(l, 3)``.

    Args:
        kernel: from ``igm_jax.kernels``.
        start: the first column; from the beginning if None, from the end where negative.
        stop: the column after the last; to the end if None.

    Returns:
        The kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: while running, if no columns are left.

    Example:
        >>> from igm_jax.kernels import linear, on_columns
        >>> on_columns(linear(), 1)([[9.0, 2.0]], [[9.0, 3.0]]).tolist()
        [[6.0]]

    Source: Song et al., Hilbert space embeddings of conditional distributions, ICML 2009.
    """
    kernel = checked_kernel(kernel)

    def of(pairs: Pairs):
        x, y = pairs.x[:, start:stop], pairs.y[:, start:stop]
        if x.shape[1] == 0:
            raise ValueError(
                f"`on_columns` must leave at least one column, but {start}:{stop} of samples {pairs.x.shape} leaves none"
            )
        return kernel.of(Pairs(x, y, pairs.weights))

    return Kernel(f"on_columns({kernel.name}, {start}, {stop})", of)


@recorded
def equality() -> Kernel:
    """The kernel of equality, 1 where two samples are equal and else 0: for classes and other labels.

    ``k = 1[x = y]``

    Returns:
        The kernel.

    Example:
        >>> from igm_jax.kernels import equality
        >>> equality()([[1.0], [2.0]], [[2.0]]).tolist()
        [[0.0], [1.0]]
    """
    # Squared distances are exactly zero for equal rows and, of labels that are integers, one or more for others.
    return Kernel("equality()", lambda pairs: (pairs.squared == 0).astype(pairs.squared.dtype))


@recorded
def labelled(kernel: KernelLike) -> Kernel:
    """A kernel between rows ``(x, c)`` of one class: those of ``joint(mmd(labelled(kernel)))``, which makes a column of labels.

    ``k(x, y) 1[class of x = class of y]``

    Its MMD² is ``Σ_c ‖q_c μ_{x|c} - p_c μ_{y|c}‖²``: unlike ``igm_jax.objectives.conditional``, which compares class by class,
    it compares the joint distributions, and so the classes' frequencies, too.

    Args:
        kernel: of the samples, the columns before that of the labels.

    Returns:
        The kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.

    Example:
        >>> from igm_jax.kernels import labelled, linear
        >>> labelled(linear())([[2.0, 0.0]], [[3.0, 0.0], [3.0, 1.0]]).tolist()
        [[6.0, 0.0]]
    """
    return on_columns(kernel, stop=-1) * on_columns(equality(), start=-1)
