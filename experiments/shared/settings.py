"""What each objective is compared with: three candidates for each objective and target, the winner first.

``python -m experiments.tune`` trains every candidate under the same budget, judges it on held-out data, and says whether the
first is still the best. So each objective has been tuned as hard as every other one, which is not very hard: of images most
winners are the largest or the smallest of their three.
"""

from typing import NamedTuple

from experiments.configs import (
    FGAN,
    GAN,
    MMD,
    OBJECTIVES,
    WGANGP,
    Critic,
    Drifting,
    Energy,
    ObjectiveConfig,
    ScoreDifference,
    Sinkhorn,
    Sliced,
)


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
        MMD("laplace", (0.02, 0.07, 0.23, 0.7)),
        MMD("laplace", (0.07, 0.23, 0.7)),
        MMD("gaussian", (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)),
    ),
    "energy": (Energy(0.5), Energy(1.0), Energy(1.5)),
    "sinkhorn": (Sinkhorn(0.003), Sinkhorn(0.01), Sinkhorn(0.03)),
    "sliced": (Sliced(64), Sliced(32), Sliced(16)),
    "gan": (GAN(critic=_slow), GAN(), GAN(critic=_fast)),
    "wgan-gp": (WGANGP(1.0, 2, _faster), WGANGP(10.0, 2, _fast), WGANGP(10.0, 2)),
    "f-gan": (FGAN("jensen_shannon"), FGAN("kl"), FGAN("reverse_kl")),
    "score-difference": (ScoreDifference(0.12), ScoreDifference(0.06), ScoreDifference(0.24)),
    "drifting": (
        Drifting((0.012, 0.05, 0.25), "paper"),
        Drifting((0.025,), "paper"),
        Drifting((0.05, 0.2, 1.0), "released"),
    ),
}

DIGITS: Candidates = {
    "mmd": (
        MMD("laplace", (0.1, 0.3)),
        MMD("laplace", (0.3, 0.8, 1.6)),
        MMD("gaussian", (0.2, 0.5, 1.0)),
    ),
    "energy": (Energy(0.5), Energy(1.0), Energy(1.5)),
    "sinkhorn": (Sinkhorn(0.15), Sinkhorn(0.05), Sinkhorn(0.02)),
    "sliced": (Sliced(64), Sliced(32), Sliced(16)),
    "gan": (GAN(critic=_fast), GAN(), GAN(critic=_slow)),
    "wgan-gp": (WGANGP(1.0, 2), WGANGP(10.0, 2), WGANGP(10.0, 2, _fast)),
    "f-gan": (FGAN("kl"), FGAN("jensen_shannon"), FGAN("reverse_kl")),
    "score-difference": (ScoreDifference(0.3), ScoreDifference(0.2), ScoreDifference(0.45)),
    "drifting": (
        Drifting((0.08,), "paper"),
        Drifting((0.03, 0.08, 0.16), "paper"),
        Drifting((0.05, 0.2, 0.5), "released"),
    ),
}

PATCHES: Candidates = {
    "mmd": (
        MMD("gaussian", (0.2, 0.5, 1.0)),
        MMD("laplace", (0.3, 0.8, 1.6)),
        MMD("laplace", (0.1, 0.3)),
    ),
    "energy": (Energy(0.5), Energy(1.0), Energy(1.5)),
    "sinkhorn": (Sinkhorn(0.15), Sinkhorn(0.05), Sinkhorn(0.02)),
    "sliced": (Sliced(64), Sliced(32), Sliced(16)),
    "gan": (GAN(critic=_fast), GAN(), GAN(critic=_slow)),
    "wgan-gp": (WGANGP(10.0, 2, _fast), WGANGP(1.0, 2), WGANGP(10.0, 2)),
    "f-gan": (FGAN("kl"), FGAN("jensen_shannon"), FGAN("reverse_kl")),
    "score-difference": (ScoreDifference(0.45), ScoreDifference(0.3), ScoreDifference(0.2)),
    "drifting": (
        Drifting((0.05, 0.2, 0.5), "released"),
        Drifting((0.03, 0.08, 0.16), "paper"),
        Drifting((0.08,), "paper"),
    ),
}

CANDIDATES: dict[str, Candidates] = {"grid": GRID, "digits": DIGITS, "photo-patches": PATCHES}
"""For each target that has been tuned for, three settings of every objective."""


def settings(target: str, objective: str) -> ObjectiveConfig:
    """The setting of an objective on a target: the winner of the search, or of the nearest kind of target searched.

    Args:
        target: a name of ``experiments.configs.targets.TARGETS``.
        objective: a name of ``experiments.configs.OBJECTIVES``.

    Returns:
        The objective's config. Lengths are in the data's median distance, so targets that were not searched take over the
        setting of ``grid`` in the plane and of ``digits`` for images.
        Objectives that were not searched have their config's defaults.
    """
    images = target in ("digits", "photo-patches", "file")
    searched = CANDIDATES.get(target, DIGITS if images else GRID)
    return searched[objective][0] if objective in searched else OBJECTIVES[objective]()
