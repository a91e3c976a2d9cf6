"""What each objective is compared with: three candidates for each objective and target, the winner first.

``python -m experiments.tune`` trains every candidate under the same budget, judges it on held-out data, and says whether the
first is still the best. So each objective has been tuned as hard as every other one, which is not very hard: of images most
winners are the largest or the smallest of their three.
"""

from typing import NamedTuple

from experiments.configs import OBJECTIVES, Critic, ObjectiveConfig
from experiments.configs.adversarial import f_gan, gan, wgan_gp
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

Candidates = dict[str, tuple[ObjectiveConfig, ...]]

_slow, _fast, _faster = Critic(rate=5e-4), Critic(rate=2e-3), Critic(rate=3e-3)

GRID: Candidates = {
    "mmd": (
        mmd("laplace", (0.02, 0.07, 0.23, 0.7)),
        mmd("laplace", (0.07, 0.23, 0.7)),
        mmd("gaussian", (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)),
    ),
    "energy": (energy(0.5), energy(1.0), energy(1.5)),
    "sinkhorn": (sinkhorn(0.003), sinkhorn(0.01), sinkhorn(0.03)),
    "sliced": (sliced(64), sliced(32), sliced(16)),
    "gan": (gan(critic=_slow), gan(), gan(critic=_fast)),
    "wgan-gp": (wgan_gp(1.0, 2, _faster), wgan_gp(10.0, 2, _fast), wgan_gp(10.0, 2)),
    "f-gan": (f_gan("jensen_shannon"), f_gan("kl"), f_gan("reverse_kl")),
    "score-difference": (score_difference(0.12), score_difference(0.06), score_difference(0.24)),
    "drifting": (
        drifting((0.012, 0.05, 0.25), "paper"),
        drifting((0.025,), "paper"),
        drifting((0.05, 0.2, 1.0), "released", 1e-3),
    ),
}

DIGITS: Candidates = {
    "mmd": (
        mmd("laplace", (0.1, 0.3)),
        mmd("laplace", (0.3, 0.8, 1.6)),
        mmd("gaussian", (0.2, 0.5, 1.0)),
    ),
    "energy": (energy(0.5), energy(1.0), energy(1.5)),
    "sinkhorn": (sinkhorn(0.15), sinkhorn(0.05), sinkhorn(0.02)),
    "sliced": (sliced(64), sliced(32), sliced(16)),
    "gan": (gan(critic=_fast), gan(), gan(critic=_slow)),
    "wgan-gp": (wgan_gp(1.0, 2), wgan_gp(10.0, 2), wgan_gp(10.0, 2, _fast)),
    "f-gan": (f_gan("kl"), f_gan("jensen_shannon"), f_gan("reverse_kl")),
    "score-difference": (score_difference(0.3), score_difference(0.2), score_difference(0.45)),
    "drifting": (
        drifting((0.08,), "paper"),
        drifting((0.03, 0.08, 0.16), "paper"),
        drifting((0.05, 0.2, 0.5), "released", 1e-3),
    ),
}

PATCHES: Candidates = {
    "mmd": (
        mmd("gaussian", (0.2, 0.5, 1.0)),
        mmd("laplace", (0.3, 0.8, 1.6)),
        mmd("laplace", (0.1, 0.3)),
    ),
    "energy": (energy(0.5), energy(1.0), energy(1.5)),
    "sinkhorn": (sinkhorn(0.15), sinkhorn(0.05), sinkhorn(0.02)),
    "sliced": (sliced(64), sliced(32), sliced(16)),
    "gan": (gan(critic=_fast), gan(), gan(critic=_slow)),
    "wgan-gp": (wgan_gp(10.0, 2, _fast), wgan_gp(1.0, 2), wgan_gp(10.0, 2)),
    "f-gan": (f_gan("kl"), f_gan("jensen_shannon"), f_gan("reverse_kl")),
    "score-difference": (score_difference(0.45), score_difference(0.3), score_difference(0.2)),
    "drifting": (
        drifting((0.05, 0.2, 0.5), "released", 1e-3),
        drifting((0.03, 0.08, 0.16), "paper"),
        drifting((0.08,), "paper"),
    ),
}

CANDIDATES: dict[str, Candidates] = {"grid": GRID, "digits": DIGITS, "photo-patches": PATCHES}
"""For each target that has been tuned for, three settings of every objective."""


def settings(target: str, objective: str, images: bool) -> ObjectiveConfig:
    """The setting of an objective on a target: the winner of the search, or of the nearest kind of target searched.

    Args:
        target: its word on the command line.
        objective: its name. One that was not searched has its config's defaults.
        images: whether the target's samples are images.
    """
    searched = candidates(target, images)
    return searched[objective][0] if objective in searched else OBJECTIVES[objective]()


def candidates(target: str, images: bool) -> Candidates:
    """What is searched on a target. Lengths are in the data's median distance, so targets of which nothing is known have the
    candidates of ``grid`` for points and rows, and of ``digits`` for images."""
    return CANDIDATES.get(target, DIGITS if images else GRID)
