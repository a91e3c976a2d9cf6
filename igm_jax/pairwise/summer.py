"""What sums over all pairs give, and who computes them: the one interface of tiles, fused kernels and a ring of devices."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Array

from igm_jax.checks import OfSamples, Samples


class Sums(NamedTuple):
    """Sums over the other sample at each sample: ``Σ w φ``, and where asked for ``Σ w φ' (x - y)`` and ``Σ w φ'``."""

    values: OfSamples
    pulls: Samples | None = None
    mass: OfSamples | None = None


class Summer(NamedTuple):
    """Who sums over pairs. Samples are centred, and a form φ of squared distances comes with its parameters.

    A value of functions that are the same objects at every call, so that ``jit`` can know it again.

    Attributes:
        between: ``(form, parameters, x, y, a, b, slopes=False, columns=False)`` gives the sums over y, weighted by b, at x;
            and with ``columns`` those over x, weighted by a, at y, else None. With ``slopes`` they have pulls and mass.
        within: ``(form, parameters, x, a, slopes=False, each=True, distinct=False)`` gives the sums over x itself; without
            ``each`` only their total weighted by a is right, and cheaper. With ``distinct`` no sample meets itself.
        total: the sum of one number a sample, accurately.
        means: ``(form, parameters, points, y, b)`` gives ``Σ_j b_j φ(‖p_i - y_j‖²)`` at each point, from operations that JAX
            can differentiate in everything: for those derivatives that sums and pulls do not tell.
    """

    between: Callable[..., tuple[Sums, Sums | None]]
    within: Callable[..., Sums]
    total: Callable[[Array], Array]
    means: Callable[..., Array]
