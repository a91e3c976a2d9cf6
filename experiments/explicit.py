"""Implicit beside explicit: one generator with a density, trained by likelihood, by divergences of each family, and by both.

    python -m experiments.explicit                             two laws of the plane, ocean climate and digits, 15 minutes
    python -m experiments.explicit --targets moons --ways likelihood energy both
    python -m experiments.explicit --smoke                     seconds

The generator is a flow of coupling layers, so that whatever it was trained by, the exact log density of what it makes can be
asked. Every way gets the same flow, updates, sizes of minibatches and optimiser; the likelihood's minibatches are its own, so
that "both" reads two an update, as do ways that learn or draw. The seeds run side by side. Held-out data then say how
likely they are under the model; where the data's own density is known, that gives the forward divergence KL(p‖q), and samples
give the reverse one, KL(q‖p), all in nats. Distances of samples to held-out data stand beside them, with their floor.

Every flow begins as the Gaussian with the data's mean and covariance, which is the naive rival. Digits are made continuous by
uniform noise within each grey level; their likelihood bounds that of the images with 17 levels from below, in nats per image.

The tables are printed; ``report.md``, ``rows.jsonl`` and pictures go to ``results/explicit``.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.densities import HELD, PROBLEMS, Problem, floors, judged, judged_size, naive
from experiments.shared.study import aside, command, progress, row_maker, table, writable, write
from igm_jax import Objective, checks, stateless
from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.kernels import laplace
from igm_jax.networks import Flow, coupling_flow, mlp_critic
from igm_jax.objectives import (
    energy,
    gan,
    kernel_bank,
    median_scale,
    mmd,
    score_difference,
    sinkhorn,
    sliced,
)
from igm_jax.reporting import interval, write_jsonl
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended
from igm_jax.training import add_likelihood, train, training

NAMES = ("log-likelihood", "KL(p‖q)", "KL(q‖p)", "energy distance", "W2")


def nothing(x: Array, y: Array) -> Array:
    """A loss that wants nothing of samples: the likelihood alone trains."""
    del y
    return 0 * jnp.sum(x)


def adversary(dim: int, scale: float) -> Objective:
    """A GAN with both zero-centred penalties."""
    del scale
    return gan(mlp_critic(dim, width=64), optax.adam(1e-3, b1=0.0), r1=0.1, r2=0.1)


WAYS: dict[str, Callable[[int, float], Objective]] = {
    "likelihood": lambda dim, scale: stateless(nothing),
    "MMD": lambda dim, scale: mmd(kernel_bank(laplace, scale, (0.07, 0.7))),
    "energy": lambda dim, scale: energy(),
    "sliced W2": lambda dim, scale: sliced(64),
    "Sinkhorn": lambda dim, scale: sinkhorn(0.1 * scale**2, max_iterations=30),
    "GAN": adversary,
    "score difference": lambda dim, scale: score_difference(0.2 * scale),
    "both": lambda dim, scale: energy(),
}
"""Objectives by name, given the data's dimension and median distance; "likelihood" and "both" have the likelihood besides."""


@dataclasses.dataclass(frozen=True)
class Config:
    """A flow trained by likelihood, by divergences and by both; judged by exact densities and by samples."""

    targets: tuple[str, ...] = tuple(PROBLEMS)
    """What to learn: modes, moons, ocean-climate, digits."""
    ways: tuple[str, ...] = tuple(WAYS)
    """By what, by name."""
    steps: int = 1000
    """Updates of each; digits, of which there are few, get two fifths."""
    batch_size: int = 128
    """Samples, and data, in each minibatch."""
    rate: float = 3e-3
    """Learning rate of Adam at the beginning; it falls to zero along half a cosine."""
    weight: float = 0.1
    """What the likelihood counts beside the energy distance in "both"."""
    layers: int = 8
    """Coupling layers of the flow."""
    width: int = 32
    """Units of its hidden layers."""
    seeds: int = 5
    """Independent runs of each, side by side."""
    seed: int = 0
    """The first seed."""
    output: Path = Path("results/explicit")
    """The directory for everything."""
    smoke: bool = False
    """Only try whether everything works: 20 steps, 2 seeds, 1 target, 3 ways, in the output's name with -smoke behind."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("steps", "batch_size", "layers", "width"):
        checks.count(name, getattr(config, name))
    checks.count("seeds", config.seeds, least=2)  # of one there is no interval
    checks.seed("seed", config.seed)
    checks.choices("targets", config.targets, PROBLEMS)
    checks.choices("ways", config.ways, WAYS)
    for name in ("rate", "weight"):
        checks.positive(name, getattr(config, name))
    if config.smoke:
        few = {"targets": config.targets[:1], "ways": config.ways[:3]}
        small = {"steps": min(config.steps, 20), "seeds": 2, "layers": 2, "width": 8, **few}
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    for name in config.targets:
        PROBLEMS[name]()
    writable(config.output, ["runs"])
    return config


def flow_of(config: Config, problem: Problem) -> Flow:
    """The flow, which begins as the Gaussian with the data's mean and covariance."""
    start = {"mean": problem.mean, "covariance": problem.covariance}
    return coupling_flow(problem.target.dim, **start, layers=config.layers, width=config.width)


def steps_of(config: Config, problem: Problem) -> int:
    """The updates that a problem gets."""
    return max(1, round(config.steps * problem.share))


def median_of(problem: Problem) -> float:
    """The median distance of two training data."""
    return float(median_scale(*[problem.target(jax.random.key(3), 500)] * 2))


def trained(config: Config, flow: Flow, problem: Problem, way: str) -> tuple[Any, float, float]:
    """The averaged parameters of all seeds, and the seconds of running and compiling."""
    dim, steps = problem.target.dim, steps_of(config, problem)
    optimizer = optax.adam(optax.cosine_decay_schedule(config.rate, steps), b2=0.99)
    optimizer = optax.chain(optax.clip_by_global_norm(10.0), optimizer)
    if way in ("likelihood", "both"):
        weight = 1.0 if way == "likelihood" else config.weight
        term = add_likelihood(flow.log_density, problem.target, config.batch_size, weight=weight, seed=config.seed)
        optimizer = optax.chain(term, optimizer)
    generator, objective = pushforward(flow.network, normal(dim)), WAYS[way](dim, median_of(problem))
    words = {"inner_steps": int(way in ("GAN", "sliced W2")), "average": 0.99}
    run = training(generator, objective, optimizer, problem.target, config.batch_size, **words)
    keys = jax.random.split(jax.random.key(config.seed), config.seeds)
    told = {
        name: value for name, value in dataclasses.asdict(config).items() if name not in ("output", "targets", "ways")
    }
    directory = config.output / "runs" / f"{problem.target.name} {way}".replace(" ", "-")
    words = {"chunk": max(1, steps // 5), "every": steps, "progress": False}
    found = train(run, keys, steps, directory=directory, config=told | {"way": way}, **words)
    return found.state.average, found.run_seconds, found.compile_seconds


def run(config: Config) -> None:
    """Train all, judge all; print the tables and write the files."""
    make_row, tables, rows, pictures = row_maker("explicit", config), [], [], {}
    with progress() as bar:
        task = bar.add_task("explicit", total=len(config.targets) * len(config.ways))
        for name in config.targets:
            problem = PROBLEMS[name]()
            flow = flow_of(config, problem)
            sample = pushforward(flow.network, normal(problem.target.dim)).sample
            draw = jax.jit(jax.vmap(lambda params, key, sample=sample: sample(params, key, HELD)))
            found, shown = {}, {}
            keys = jax.random.split(jax.random.key(config.seed + 1000), config.seeds)
            height = jax.jit(jax.vmap(flow.log_density, (0, None)))
            own = jax.jit(jax.vmap(flow.log_density))
            for way in config.ways:
                bar.update(task, description=f"{name}, {way}")
                params, seconds, compiling = trained(config, flow, problem, way)
                x = draw(params, keys)
                parts = (np.asarray(height(params, problem.held)), np.asarray(own(params, x)), np.asarray(x))
                found[way] = [judged(problem, *of_seed) for of_seed in zip(*parts, strict=True)]
                shown[way] = parts[2][0]
                rows += [make_row(name, way, config.seed + i, metrics, seconds / config.seeds, compiling)
                         for i, metrics in enumerate(found[way])]  # fmt: skip
                write_jsonl(config.output / "rows.jsonl", rows)  # what is finished is kept, whatever comes
                bar.advance(task)
            rivals = {"Gaussian": naive(problem, config.seeds), "real data": floors(problem, config.seeds)}
            rows += [make_row(name, rival, config.seed + i, metrics, None, None)
                     for rival, each in rivals.items() for i, metrics in enumerate(each)]  # fmt: skip
            tables.append(tabulated(name, config, problem, found | rivals))
            pictures |= drawings(name, problem, shown)
    write(config.output, "Implicit beside explicit", "\n\n".join(__doc__.split("\n\n")[2:4]), tables, rows, pictures)


def tabulated(name: str, config: Config, problem: Problem, found: dict[str, list[dict[str, float]]]) -> Table:
    """A line for each way, mean and 95 % interval over seeds."""
    names = [what for what in NAMES if what in found[config.ways[0]][0]]
    lines = [[way, *(cell([metrics.get(what) for metrics in each]) for what in names)] for way, each in found.items()]
    told = (
        f"{steps_of(config, problem)} updates of {config.batch_size}; mean and 95 % interval over {config.seeds} seeds."
    )
    judges = f"Distances of {judged_size(problem)} samples to as many held-out data, the energy distance without bias"
    caption = (
        f"{told} Log-likelihood of held-out data and divergences in nats. {judges}: what a way itself minimises is no judge of"
        " it. Real data: disjoint parts of the held-out data."
    )
    return table(name, caption, ["", *names], lines)


def cell(values: Sequence[float | None]) -> str:
    """Mean ± half the interval; far off, only the power of ten."""
    if any(value is None for value in values):
        return "–"
    mean, half, _, failed = interval([float(value) for value in values if value is not None])
    if failed:
        return f"broken, {failed} of {len(values)}"
    if abs(mean) >= 1e4:
        return f"{mean:.1e}"
    digits = 1 if abs(mean) >= 100 else 2 if abs(mean) >= 10 else 3
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def drawings(name: str, problem: Problem, shown: dict[str, np.ndarray]) -> dict[str, tuple[bytes, str]]:
    """Samples of the first seed, nobody chose them."""
    from igm_jax.reporting.figures import png, sample_grid, scatter_panels

    if problem.image_shape is not None:
        images = {"data": problem.held} | shown
        few = {way: x[:20] for way, x in images.items()}
        figure = sample_grid(few, problem.image_shape, value_range=(-1.0, 1.0))
        return {f"{name}.png": (png(figure), f"{name}: the first twenty of each, of the first seed.")}
    few = {way: x[:1000, :2] for way, x in shown.items()}
    figure = scatter_panels(few, problem.held[:1000, :2], columns=4)
    which = "" if problem.held.shape[1] == 2 else " (the first two columns)"
    return {
        f"{name}.png": (png(figure), f"{name}{which}: samples of each way, the first seed, on held-out data in grey.")
    }


def main(arguments: Sequence[str] | None = None) -> None:
    command("explicit", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
