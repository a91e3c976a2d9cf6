"""The score-difference flow in the plane, of particles and of a generator, with numbers (arXiv 2304.12906).

python -m experiments.tables.score_difference_flow             some minutes on two cores
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main, numbers
from experiments.tables.published import Entry
from igm_jax.base import Generator, Key, Objective, Target, regression
from igm_jax.distributions import Distribution, grid, moons, normal, sphere, swiss_roll
from igm_jax.evaluation import exact_w2, mode_coverage
from igm_jax.generators import particles, pushforward
from igm_jax.lifts import stochastic
from igm_jax.networks import fourier, mlp
from igm_jax.objectives import annealed_difference, denoiser_difference_field, energy_distance
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, TrainState, train, training

TITLE = "The score-difference flow in two dimensions (Weber, arXiv 2304.12906)"
TEXT = (
    "A source of one shape flows to data of another along the difference of the scores of data and samples, both blurred by"
    " Gaussian noise of width σ, x ← x + η σ² (∇log p_σ − ∇log q_σ)(x + σε) with η = ½ and fresh ε; σ falls in geometric steps"
    " from about the standard deviation of the data to the width of their noise. The scores are those of kernel density estimates"
    " of the samples and of as many fresh data in each step. Particles follow the field themselves. A generator of Gaussian"
    " latents knows no source and regresses on its samples moved by the field, at a σ that is drawn anew at each step: with σ"
    " falling it drops modes, since it cannot tear its samples apart as fast as they are asked to."
)

POINTS, RATE, STRIDE = 2000, 1e-3, 0.5
PICTURES = 4
SOURCE, PARTICLES, MODEL, FLOOR = "source", "particles", "generator", "data against data"


class Scene(NamedTuple):
    """A target, where the samples start, and how the noise falls.

    Attributes:
        target: the data.
        source: draws of the source, about as wide as the data.
        start: the first σ, in the units of the data: about their standard deviation.
        end: the last σ: the width of the target's own noise.
    """

    target: Distribution
    source: Target
    start: float
    end: float


def wide_moons(key: Key, n: int) -> Array:
    """Two half moons around the origin, as wide as the grid of 25."""
    return 4 * (moons()(key, n) - jnp.array([[0.5, 0.25]]))


SCENES = {
    "two moons to 25 Gaussians": Scene(grid(), wide_moons, 2.0, 0.05),
    "ring to swiss roll": Scene(swiss_roll(), sphere(2, 0.7), 0.5, 0.03),
}


class Budget(NamedTuple):
    """How much a preset does."""

    points: int
    steps: dict[str, int]
    batch: int
    seeds: int


BUDGETS = {
    "smoke": Budget(200, {PARTICLES: 40, MODEL: 8}, 200, 1),
    "cpu": Budget(POINTS, {PARTICLES: 400, MODEL: 4000}, 512, 3),
    "full": Budget(POINTS, {PARTICLES: 2000, MODEL: 30_000}, 2048, 5),
}


def flow(scene: Scene, steps: int, points: Array) -> Run:
    """Particles: ``x ← x + η σ² field(x + σε)``, gradient descent with the rate η · n; σ falls over four fifths of the steps."""
    n, objective = len(points), annealed_difference(scene.start, scene.end, max(1, 4 * steps // 5))
    return training(particles(points), objective, optax.sgd(STRIDE * n), scene.target, n)


def at_all_levels(start: float, end: float) -> Objective:
    """The same field for a generator, at a σ that is drawn anew at each step, its logarithm uniform.

    It descends KL(q_σ ‖ p_σ), which rather drops modes than leaves samples between them once σ is too small for a smooth
    generator to tear its samples apart; so the coarse levels, which see how many there are, must not end.
    """

    def divergence(key: Key, x: Array, y: Array) -> Array:
        key_level, key_noise = jax.random.split(key)
        fixed = jax.lax.stop_gradient(x)
        sigma = start * (end / start) ** jax.random.uniform(key_level, (), x.dtype)
        noisy = fixed + sigma * jax.random.normal(key_noise, x.shape, x.dtype)
        return regression(x, jnp.square(sigma) * denoiser_difference_field(noisy, fixed, y, sigma))

    return stochastic(divergence, reason="the level of its noise is drawn")


def model(scene: Scene, steps: int, batch: int) -> tuple[Generator, Run]:
    """A generator of Gaussian latents, which regresses on its own samples moved along the field."""
    generator = pushforward(fourier(mlp(2 + 2 * 64, 2, width=128, depth=3), 2), normal(2))
    rate, objective = optax.cosine_decay_schedule(RATE, steps), at_all_levels(scene.start, scene.end)
    return generator, training(generator, objective, optax.adam(rate), scene.target, batch)


def moved(scene: Scene, kind: str, seed: int, budget: Budget) -> Found:
    """Run one flow, judge what comes out, and keep what it looked like at several times."""
    key_points, key_run, key_fresh = jax.random.split(jax.random.key(seed), 3)
    steps, points = budget.steps[kind], scene.source(key_points, budget.points)
    if kind == PARTICLES:
        run, sample = flow(scene, steps, jnp.asarray(points)), lambda params: params
    else:
        generator, run = model(scene, steps, budget.batch)
        sample = jax.jit(lambda params: generator.sample(params, key_points, budget.points))
    frames: list[np.ndarray] = []

    def keep(state: TrainState, rows: Sequence[Any]) -> None:
        del rows
        frames.append(np.array(sample(state.params if kind == PARTICLES else state.average)))

    chunk = steps // PICTURES
    trained = train(run, key_run, steps, chunk=chunk, every=chunk, log_every=chunk, on_chunk=keep, progress=False)
    numbers = judged(scene, frames[-1], scene.target(key_fresh, budget.points))
    return Found(numbers, {"frames": np.stack(frames)}, trained.compile_seconds)


def compared(scene: Scene, draws: Target, seed: int, budget: Budget) -> Found:
    """Judge draws of the source, or of the data, as the flows are judged."""
    key_points, key_fresh = jax.random.split(jax.random.key(seed))
    fresh = scene.target(key_fresh, budget.points)
    return Found(judged(scene, draws(key_points, budget.points), fresh), {"data": np.asarray(fresh)})


def judged(scene: Scene, fake: Any, fresh: Any) -> dict[str, float]:
    """How far samples are from as many fresh data, and, where there are modes, how many they reach."""
    numbers = {"w2": exact_w2(real=fresh, fake=fake), "energy": 1e3 * float(energy_distance(fake, fresh))}
    if scene.target.modes is not None:
        found = mode_coverage(fake=fake, modes=scene.target.modes)
        numbers |= {"modes": float(found.modes), "high_quality": 100 * found.high_quality}
    return numbers


def tasks(config: Config) -> list[Task]:
    budget = BUDGETS[config.preset]
    seeds = range(config.seed, config.seed + (config.seeds or budget.seeds))
    found = []
    for name, scene in SCENES.items():
        runs = {
            SOURCE: lambda seed, scene=scene: compared(scene, scene.source, seed, budget),
            FLOOR: lambda seed, scene=scene: compared(scene, scene.target, seed, budget),
            PARTICLES: lambda seed, scene=scene: moved(scene, PARTICLES, seed, budget),
            MODEL: lambda seed, scene=scene: moved(scene, MODEL, seed, budget),
        }
        found += [Task(f"{name}: {kind}", seed, partial(run, seed)) for kind, run in runs.items() for seed in seeds]
    return found


COLUMNS = {
    "w2": ("W2", 3),
    "energy": ("10³ energy distance", 2),
    "modes": ("modes", 1),
    "high_quality": ("high quality, %", 1),
}


def parts(config: Config, results: Results) -> list[Part]:
    return [Part(f"Score-difference flow: {name}", _caption(config), _entries(name, results)) for name in SCENES]


def _caption(config: Config) -> str:
    budget = BUDGETS[config.preset]
    return (
        f"{budget.points} samples against as many fresh data: the exact W2, the energy distance and, of 25, the modes"
        f" that hold samples within three standard deviations. Particles: {budget.steps[PARTICLES]} steps; generator:"
        f" {budget.steps[MODEL]} steps of {budget.batch} samples. Particles spread more evenly than chance does, and so can come"
        " closer than other data do."
    )


def _entries(name: str, results: Results) -> list[Entry]:
    entries = []
    for kind in (SOURCE, PARTICLES, MODEL, FLOOR):
        found = results[f"{name}: {kind}"]
        for metric in found[0].metrics:
            label, digits = COLUMNS[metric]
            entries.append(Entry(kind, label, None, numbers(found, metric), digits=digits))
    return entries


def differs(config: Config) -> list[str]:
    lines = ["The paper shows pictures and gives no numbers; the numbers are ours alone, so that nothing is judged."]
    lines += [
        "Sources, schedules, step sizes and the generator are our choice, the same for both targets but for the units.",
        "A sample stays in the density estimate of its own side; the paper leaves it out.",
        "The generator has Fourier features of its noise, and sees a level σ drawn anew at each step: with σ falling it drops"
        " modes.",
    ]
    if config.preset == "smoke":
        lines += ["Some steps of few samples: the numbers mean nothing."]
    return lines


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting import figures
    from igm_jax.reporting.canvas import png

    shown = {}
    for name in SCENES:
        data, panels = results[f"{name}: {FLOOR}"][0].arrays["data"], {}
        for kind in (PARTICLES, MODEL):
            frames, steps = results[f"{name}: {kind}"][0].arrays["frames"], BUDGETS[config.preset].steps[kind]
            panels |= {f"{kind}, step {i * (steps // PICTURES)}": frame for i, frame in enumerate(frames)}
        figure = figures.scatter_panels(panels, data, columns=PICTURES + 1)
        caption = f"From {name}: particles above, a generator's samples below, data in grey; seed {config.seed}."
        shown[name.replace(" ", "-") + ".png"] = (png(figure), caption)
    return shown


PUBLICATION = Publication("score_difference_flow", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
