"""Kernels on some of the columns, and products of them: for joint distributions, such as of samples and their classes."""

from igm_jax.pairwise.costs import Pairs
from igm_jax.pairwise.kernels import Kernel


def on_columns(kernel: Kernel, start: int | None = None, stop: int | None = None) -> Kernel:
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
    if not isinstance(kernel, Kernel):
        raise TypeError(f"`kernel` must come from `igm_jax.kernels`, such as `gaussian(1.0)`, but is {kernel!r}")

    def of(pairs: Pairs):
        x, y = pairs.x[:, start:stop], pairs.y[:, start:stop]
        if x.shape[1] == 0:
            raise ValueError(
                f"`on_columns` must leave at least one column, but {start}:{stop} of samples {pairs.x.shape} leaves none"
            )
        return kernel.of(Pairs(x, y, pairs.weights))

    return Kernel(f"on_columns({kernel.name}, {start}, {stop})", of)


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


def labelled(kernel: Kernel) -> Kernel:
    """A kernel between samples of one class, whose last column is their class.

    ``k(x, y) 1[class of x = class of y]``

    Its MMD² is ``Σ_c ‖q_c μ_{x|c} - p_c μ_{y|c}‖²``: unlike ``igm_jax.objectives.conditional``, which compares class by class,
    it compares the joint distributions, and so the classes' frequencies, too.

    Args:
        kernel: of the columns before the last.

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
