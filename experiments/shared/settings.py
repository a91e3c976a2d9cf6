"""What each objective is compared with: for each target a ladder of settings for every objective, and the one that is used.

``python -m experiments.tune`` tries five settings of each ladder with several seeds under the same budget, goes on where the best
stands at an edge, and says whether the one that is used is still the best. So each objective is tuned as hard as every other
one, along one number.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from experiments.configs import OBJECTIVES, Critic, ObjectiveConfig
from experiments.configs.adversarial import f_gan, gan, r3gan, wgan_gp
from experiments.configs.choices import ImageShape
from experiments.configs.fields import drifting, score_difference
from experiments.configs.moments import energy, mmd
from experiments.configs.transport import sinkhorn, sliced


class Effort(NamedTuple):
    """How everybody trains: updates of the generator, samples (and data) in each minibatch, and the first learning rate."""

    steps: int
    batch_size: int
    rate: float


PLANE, IMAGES = Effort(1000, 512, 1e-2), Effort(1500, 128, 3e-3)
"""Small minibatches miscount narrow modes in the plane; images cost more an update, and critics of them need many."""


class Ladder(NamedTuple):
    """Settings of an objective along one number, on which a search goes up and down.

    Attributes:
        of: from the number to the setting.
        places: the numbers that are tried first, rising.
        used: the number that comparisons use.
        least: how low a search may go.
        most: how high.
    """

    of: Callable[[float], ObjectiveConfig]
    places: tuple[float, ...]
    used: float
    least: float = 0.0
    most: float = math.inf

    def beyond(self, places: Sequence[float], best: float) -> float | None:
        """The next number to try, where the best of some stands at their edge; None where it does not, or none is left.

        Args:
            places: those that were tried.
            best: the one that was best.
        """
        ordered = sorted(places)
        if best == ordered[0]:
            further = round_to(ordered[0] ** 2 / ordered[1])
        elif best == ordered[-1]:
            further = round_to(ordered[-1] ** 2 / ordered[-2])
        else:
            return None
        return further if self.least <= further <= self.most else None


def round_to(number: float, digits: int = 3) -> float:
    """The number to three digits, so that a ladder goes on in numbers that can be written."""
    return float(f"{number:.{digits}g}")


Ladders = dict[str, Ladder]


def _times(of: Callable[[tuple[float, ...]], ObjectiveConfig], lengths: tuple[float, ...]) -> Ladder:
    """A bank of lengths, all of them made shorter or longer."""
    return Ladder(lambda factor: of(tuple(factor * one for one in lengths)), (0.25, 0.5, 1.0, 2.0, 4.0), 1.0)


def _around(of: Callable[[float], ObjectiveConfig], used: float, ratio: float = 2.0, **bounds: float) -> Ladder:
    """A number, and two below and two above it, each ``ratio`` times the one before."""
    places = tuple(used if k == 0 else round_to(used * ratio**k) for k in range(-2, 3))
    return Ladder(of, places, used, **bounds)


def _at_rate(of: Callable[[Critic], ObjectiveConfig], used: float) -> Ladder:
    """The learning rate of a critic, from four times slower to four times faster."""
    return _around(lambda rate: of(Critic(rate=rate)), used)


def _exponent(used: float) -> Ladder:
    return Ladder(energy, (0.25, 0.5, 1.0, 1.5, 1.75), used, least=0.1, most=1.9)


def _directions(used: int) -> Ladder:
    return _around(lambda number: sliced(int(number)), used, least=1, most=1024)


GRID: Ladders = {
    "mmd": _times(lambda widths: mmd("laplace", widths), (0.02, 0.07, 0.23, 0.7)),
    "energy": _exponent(0.5),
    "sinkhorn": _around(sinkhorn, 0.003),
    "sliced": _directions(64),
    "gan": _at_rate(lambda critic: gan(critic=critic), 5e-4),
    "wgan-gp": _at_rate(lambda critic: wgan_gp(1.0, 2, critic), 3e-3),
    "f-gan": _at_rate(lambda critic: f_gan("jensen_shannon", critic=critic), 1e-3),
    "score-difference": _around(score_difference, 0.12),
    "drifting": _times(lambda lengths: drifting(lengths, "paper"), (0.012, 0.05, 0.25)),
}

DIGITS: Ladders = {
    "mmd": _times(lambda widths: mmd("laplace", widths), (0.1, 0.3)),
    "energy": _exponent(0.5),
    "sinkhorn": _around(sinkhorn, 0.15),
    "sliced": _directions(64),
    "gan": _at_rate(lambda critic: gan(critic=critic), 2e-3),
    "wgan-gp": _around(lambda penalty: wgan_gp(penalty, 2), 1.0),
    "f-gan": _at_rate(lambda critic: f_gan("kl", critic=critic), 1e-3),
    "score-difference": _around(score_difference, 0.3, 1.5),
    "drifting": _around(lambda length: drifting((length,), "paper"), 0.08),
}

PATCHES: Ladders = {
    "mmd": _times(lambda widths: mmd("gaussian", widths), (0.2, 0.5, 1.0)),
    "energy": _exponent(0.5),
    "sinkhorn": _around(sinkhorn, 0.15),
    "sliced": _directions(64),
    "gan": _at_rate(lambda critic: gan(critic=critic), 2e-3),
    "wgan-gp": _at_rate(lambda critic: wgan_gp(10.0, 2, critic), 2e-3),
    "f-gan": _at_rate(lambda critic: f_gan("kl", critic=critic), 1e-3),
    "score-difference": _around(score_difference, 0.45, 1.5),
    "drifting": _times(lambda lengths: drifting(lengths, "released", 1e-3), (0.05, 0.2, 0.5)),
}

_GARMENTS: Ladders = {
    "mmd": _times(lambda widths: mmd("laplace", widths), (0.1, 0.3)),
    "energy": _exponent(1.0),
    "sinkhorn": _around(sinkhorn, 0.05),
    "sliced": _directions(64),
    "gan": _at_rate(lambda critic: gan(critic=critic), 1e-3),
    "r3gan": _around(lambda strength: r3gan(strength, strength), 0.1),
    "wgan-gp": _at_rate(lambda critic: wgan_gp(10.0, 2, critic), 1e-3),
    "f-gan": _at_rate(lambda critic: f_gan("jensen_shannon", critic=critic), 1e-3),
    "score-difference": _around(score_difference, 0.3, 1.5),
    "drifting": _times(lambda lengths: drifting(lengths, "released"), (0.02, 0.05, 0.2)),
}

_WON = {"energy": 0.125, "sliced": 1020, "gan": 2e-3, "r3gan": 0.00313, "wgan-gp": 4e-3, "drifting": 0.5}
"""What won the search on Fashion-MNIST (500 updates of 64) where it is not what the search began around. ``energy`` and
``sliced`` stand at the end of their ladders, where the search had to stop; neighbours of others are as good within the error."""

GARMENTS: Ladders = {name: ladder._replace(used=_WON.get(name, ladder.used)) for name, ladder in _GARMENTS.items()}

LADDERS: dict[str, Ladders] = {"grid": GRID, "digits": DIGITS, "photo-patches": PATCHES, "fashion-mnist": GARMENTS}
"""For each target the settings of every objective. Those used of ``grid``, ``digits`` and ``photo-patches`` won a search of three
candidates with one seed; those of ``fashion-mnist`` one of five candidates and more with three seeds each."""

SMALL = 16
"""Images of fewer pixels a side take over what was found for digits, others what was found for garments."""


def settings(target: str, objective: str, image_shape: ImageShape | None) -> ObjectiveConfig:
    """The setting of an objective on a target, or on the nearest kind of target that has ladders.

    Args:
        target: its word on the command line.
        objective: its name. One that was not searched has its config's defaults.
        image_shape: of the target's samples; None if they are no images.
    """
    searched = ladders(target, image_shape)
    return searched[objective].of(searched[objective].used) if objective in searched else OBJECTIVES[objective]()


def ladders(target: str, image_shape: ImageShape | None) -> Ladders:
    """What is searched on a target. Lengths are in the data's median distance, so targets of which nothing is known have the
    ladders of ``grid`` for points and rows, of ``digits`` for small images and of ``fashion-mnist`` for others."""
    nearest = GRID if image_shape is None else DIGITS if max(image_shape[:2]) < SMALL else GARMENTS
    return LADDERS.get(target, nearest)
