"""Generated samples beside real ones, and the judges that are asked about them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from experiments.shared.seen import Seen
from igm_jax.data.ranges import ranged
from igm_jax.distributions import Scaling
from igm_jax.evaluation import Measure


class Comparison(NamedTuple):
    """What is compared, and how.

    Attributes:
        name: of what is judged.
        target: of what it should look like.
        real: (n, d) held-out data.
        fake: (n, d) generated samples.
        pool: (m, d) real data for the floor, m ≥ 2 n.
        judge: ``(real=, fake=) -> {name: number}``.
        image_shape: height, width and channels of images.
        more: how numbers are shown that are none of ``MEASURES``.
        scaling: from the units of images to those of the samples; None where it is not known.
        judged: the judge in whose features images are judged; None for other samples.
    """

    name: str
    target: str
    real: np.ndarray
    fake: np.ndarray
    pool: np.ndarray
    judge: Callable[..., dict[str, float]]
    image_shape: tuple[int, int, int] | None = None
    more: tuple[Measure, ...] = ()
    scaling: Scaling | None = None
    judged: str | None = None

    def units(self) -> Scaling:
        """The scaling if it is known, else that of ``own_units``."""
        return own_units(self.real) if self.scaling is None else self.scaling

    def seen_through(self, several: Sequence[Seen], seed: int) -> "Comparison":
        """The comparison with numbers in several features, too, each tried on a few samples before any work."""
        known = self
        for seen in several:
            seen.check(known.real, known.fake)
            known = known._replace(judge=seen.beside(known.judge, seed), more=(*known.more, *seen.measures()))
        return known


def own_units(real: np.ndarray) -> Scaling:
    """Samples as they are, with black and white at the ends of the first usual range that holds the real ones.

    Args:
        real: (n, d) images in units of their own.
    """
    found = ranged(real, "--real").scaling
    return Scaling(low=found.low, high=found.high)
