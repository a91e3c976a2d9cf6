"""What every objective does with one problem of the plane: its witness in colour, its velocity as arrows, a picture each.

    python -m experiments.portraits                               about five minutes on one core
    python -m experiments.portraits --objectives mmd energy gan
    python -m experiments.portraits --smoke                       seconds an objective

Half of the samples lie where half of the data are; the other half of the data, on the right, has no samples, and the other
half of the samples, below, has no data. So a witness should be near zero on the left, negative on the right, positive below,
and arrows should lead from below to the right. What learns, such as a critic, learns on fresh draws of both first. Where there
is no witness the arrows are what one more sample would do there, the mean over several draws of whatever is random.

Settings are those of the command line where an objective is on it (``experiments.configs``), in median distances of the data.
A picture of each goes to ``docs/pictures/objectives``, or with ``--smoke`` to ``docs/pictures/objectives-smoke``.
"""

import dataclasses
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.configs import OBJECTIVES, Space, narrowed
from experiments.shared.portrayed import by_side, carried_from, guided_sides, undone, within_sides
from experiments.shared.scenarios import median_distance
from experiments.shared.study import aside, command, progress, writable
from igm_jax import Objective, checks, energy_distance, kernels, objectives
from igm_jax.base import Key
from igm_jax.distributions import Distribution, gaussian_mixture
from igm_jax.networks import mlp_critic
from igm_jax.objectives import mmd_witness, score_difference_field, score_difference_witness
from igm_jax.reporting import Field, field_on_grid, write_whole
from igm_jax.reporting.style import View
from igm_jax.reporting.terminal import ended
from igm_jax.training.average import strong

LEFT, RIGHT, BELOW, STD = (-1.35, 0.55), (1.35, 0.55), (0.0, -0.95), 0.33
"""Where data and samples are, only data, only samples; and how wide each heap is."""
VIEW = View((-2.4, -1.9), (2.4, 1.7))
WIDE, HIGH, ARROWS = 61, 46, (17, 13)
"""The grid of the witness and the arrows, across and up."""
DRAWS = 16


@dataclasses.dataclass(frozen=True)
class Config:
    """A picture of every objective's witness and velocity on one problem of the plane."""

    output: Path = Path("docs/pictures/objectives")
    """The directory of the pictures."""
    objectives: tuple[str, ...] = ()
    """Which constructors of igm_jax.objectives, by name; all by default."""
    preset: Literal["full", "smoke"] = "full"
    """smoke: little training and small critics, which shows that everything works; --smoke is short for it."""
    seed: int = 0
    """Seed of everything random."""


class Sizes(NamedTuple):
    """What a preset stands for: samples, updates before the picture, units of a critic's hidden layers."""

    samples: int
    updates: int
    width: int


PRESETS = {"full": Sizes(256, 400, 64), "smoke": Sizes(32, 4, 8)}


class Portrait(NamedTuple):
    """An objective as it is portrayed.

    Attributes:
        objective: of samples in the plane.
        inner_steps: its updates before each step of a generator; so many times the preset's are made.
    """

    objective: Objective
    inner_steps: int = 1


def target() -> Distribution:
    """The data: two equal heaps, on the left and on the right."""
    return gaussian_mixture([LEFT, RIGHT], STD)


def model() -> Distribution:
    """The samples: two equal heaps, on the left and below."""
    return gaussian_mixture([LEFT, BELOW], STD)


def space() -> Space:
    """What an objective of the command line may know of the data."""
    data = np.asarray(target()(jax.random.key(0), 2000))
    return Space(2, median_distance(data), target=target())


# Objectives that are not on the command line, or there under another name. Lengths are in median distances s.
NAMED = {"learned_score_difference": "learned-score", "augmented": "augmented-gan"}
BESIDE: dict[str, Callable[[float, int], Portrait]] = {
    "relativistic_average_gan": lambda s, width: Portrait(
        objectives.relativistic_average_gan(*_critic(width), penalties=(objectives.r1_penalty(0.1 * s**2),))
    ),
    "sharp_drifting": lambda s, width: Portrait(objectives.sharp_drifting(kernels.laplace(0.1 * s))),
    "denoiser_difference": lambda s, width: Portrait(objectives.denoiser_difference(0.1 * s)),
    "guided_drifting": lambda s, width: Portrait(
        objectives.guided_drifting(gaussian_mixture([LEFT, RIGHT, (0.0, 1.5)], STD), 1.5, 0.2 * s)
    ),
    "on_features": lambda s, width: Portrait(objectives.on_features(objectives.energy(), lambda p: p[:, :1])),
    "on_feature_groups": lambda s, width: Portrait(
        objectives.on_feature_groups(
            objectives.energy(), lambda p: {"first": p[:, :1], "all": p}, {"first": s / 2, "all": s}
        )
    ),
    "weighted": lambda s, width: Portrait(
        objectives.weighted([(1.0, objectives.energy()), (1.0, objectives.mmd(kernels.laplace(0.1 * s)))])
    ),
    "frechet_loss": lambda s, width: Portrait(objectives.frechet_loss(objectives.moments_of(_all()), rate=0.1)),
    "frozen": lambda s, w: Portrait(objectives.frozen(objectives.mmd(kernels.laplace(0.3 * s)), _all(), landmarks=256)),
    "with_bank": lambda s, width: Portrait(objectives.with_bank(objectives.energy(), 1024)),
    "annealed": lambda s, width: Portrait(
        objectives.annealed(
            lambda scale: objectives.mmd(kernels.gaussian(scale)),
            lambda step: s * jnp.maximum(0.5 * 0.995 ** step.astype(float), 0.1),
        )
    ),
    "auto": lambda s, width: Portrait(
        objectives.auto(lambda scale: objectives.mmd(objectives.kernel_bank(kernels.laplace, scale, (0.1, 0.3, 1.0))))
    ),
    "conditional": lambda s, width: Portrait(by_side(_by_class())),
    "conditional_field": lambda s, width: Portrait(
        by_side(
            objectives.conditional_field(
                partial(score_difference_field, bandwidth=0.15 * s),
                2,
                partial(score_difference_witness, bandwidth=0.15 * s),
            )
        )
    ),
    "guided_field": lambda s, width: Portrait(
        guided_sides(objectives.guided_field(lambda x, y, **o: objectives.drifting_field(x, y, 0.2 * s, **o).field, 2))
    ),
    "transported": lambda s, width: Portrait(carried_from(BELOW, objectives.transported(objectives.energy(), 0.3 / s))),
    "cycle_consistent": lambda s, width: Portrait(
        undone(objectives.cycle_consistent(objectives.energy(), objectives.energy(), 1.0))
    ),
    "energy_scoring": lambda s, width: Portrait(objectives.energy_scoring()),
    "crps_scoring": lambda s, width: Portrait(objectives.crps_scoring()),
    "kernel_scoring": lambda s, width: Portrait(objectives.kernel_scoring(kernels.laplace(0.3 * s))),
    "per_condition": lambda s, width: Portrait(within_sides(objectives.per_condition(objectives.energy_scoring()))),
    "joint": lambda s, width: Portrait(
        by_side(objectives.joint(objectives.mmd(kernels.labelled(kernels.laplace(0.3 * s)))))
    ),
    # The command line's temperature is for many updates of a generator; here it would show each sample by itself.
    "banked_drifting": lambda s, width: Portrait(objectives.banked_drifting(1024, 0.15 * s, weight=0.5)),
    "transformed": lambda s, width: Portrait(
        objectives.transformed(
            objectives.energy(),
            lambda key, p: p + 0.2 * s * jax.random.normal(key, p.shape, p.dtype),
            reason="it is taken at places that noise has moved",
        )
    ),
}


def _critic(width: int) -> tuple[Any, optax.GradientTransformation]:
    return mlp_critic(2, width=width, depth=3, activation="leaky_relu"), optax.adam(1e-3, b1=0.0, b2=0.99)


def _all() -> Array:  # data that are known before
    return target()(jax.random.key(2), 4096)


def _by_class() -> Objective:
    return objectives.conditional(energy_distance, 2, partial(mmd_witness, kernel=kernels.distance()))


def constructors() -> list[str]:
    """The names of all constructors that are portrayed: those of the command line, and those beside it."""
    words = {word.replace("-", "_") for word in OBJECTIVES} & set(objectives.__all__)
    return sorted({*words, *NAMED, *BESIDE})


def portrait_of(name: str, sizes: Sizes, known: Space) -> Portrait:
    """The objective of a constructor, for the plane."""
    if name in BESIDE:
        return BESIDE[name](known.scale, sizes.width)
    config = narrowed(OBJECTIVES[NAMED.get(name, name.replace("_", "-"))](), sizes.width)
    return Portrait(config.build(known), config.inner_steps)


def learned(portrait: Portrait, sizes: Sizes, key: Key) -> tuple[Any, Array, Array]:
    """The objective's state after its updates, on fresh draws each; and one more draw of samples and data."""
    key_init, key_draw, key_steps = jax.random.split(key, 3)
    draw = {"x": model(), "y": target()}

    def drawn(key: Key) -> tuple[Array, Array]:
        key_x, key_y = jax.random.split(key)
        return draw["x"](key_x, sizes.samples), draw["y"](key_y, sizes.samples)

    def step(state: Any, key: Key) -> tuple[Any, None]:
        key_update, key_data = jax.random.split(key)
        return strong(portrait.objective.update(key_update, state, *drawn(key_data))[0]), None

    @jax.jit
    def trained(key_init: Key, x: Array) -> Any:
        begun = strong(portrait.objective.init(key_init, x))
        return jax.lax.scan(step, begun, jax.random.split(key_steps, sizes.updates * portrait.inner_steps))[0]

    x, y = drawn(key_draw)
    return trained(key_init, x), x, y


def lattice(across: int, up: int) -> np.ndarray:
    """(k, 2) points of a regular grid over the window."""
    axes = [np.linspace(VIEW.low[i], VIEW.high[i], count) for i, count in ((0, across), (1, up))]
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2).astype(np.float32)


def portrayed(objective: Objective, state: Any, x: Array, y: Array) -> Field:
    """The field at the points of the picture."""
    arrows = lattice(ARROWS[0] + 2, ARROWS[1] + 2)
    return field_on_grid(objective, state, lattice(WIDE, HIGH), x, y, coarse=arrows, key=jax.random.key(3), draws=DRAWS)


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` beside the others."""
    checks.seed("seed", config.seed)
    checks.choice("preset", config.preset, PRESETS)
    if config.objectives:
        checks.choices("objectives", config.objectives, constructors())
    config = dataclasses.replace(
        config,
        objectives=config.objectives or tuple(constructors()),
        output=aside(config.output, config.preset == "smoke"),
    )
    writable(config.output)
    return config


def run(config: Config) -> None:
    """Portray one objective after the other; each picture is written when it is done."""
    from igm_jax.reporting.figures import png, portrait

    known, sizes = space(), PRESETS[config.preset]
    with progress() as bar:
        for name in bar.track(config.objectives, description="portraits"):
            subject = portrait_of(name, sizes, known)
            state, x, y = learned(subject, sizes, jax.random.key(config.seed))
            found = portrayed(subject.objective, state, x, y)
            if not math.isfinite(float(np.abs(found.velocities).max())):
                print(f"{name}: some velocities are not finite; they are drawn as none", file=sys.stderr)
            figure = portrait(found, y, x, arrows=ARROWS[0])
            write_whole(config.output / f"{name}.png", png(figure, dpi=120))
    print(f"{len(config.objectives)} pictures are in {config.output}")


def main(arguments: Sequence[str] | None = None) -> None:
    command("portraits", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
