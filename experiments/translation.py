"""One signal into another of the same kind, without pairs: letters into outlines, digits blurred and turned, against the truth.

    python -m experiments.translation             8 minutes on 2 cores, beside other work
    python -m experiments.translation --smoke     seconds, a few digits

A map learns from sources and targets in no order. Its objective is the distance of what it makes from the target's law, plus λ
times the cost of carrying each source to its output. λ is in units of the objective's speed at the start over the median distance
of two targets, so that one scale serves all objectives. The pairs are known, and held out. The error is the root mean square over
pixels, in [-1, 1]; right is the share of outputs whose nearest held-out target is their own; passing is the share that a
classifier of sources and targets, which no objective sees, takes for targets. Beside it: the sources as they are, the nearest
training target, Sinkhorn's barycentric map, two maps in a cycle with two critics, and least squares on the pairs, which bounds
what such a map can do.

The tables are printed; ``report.md``, ``rows.jsonl``, the curves over λ and alphabets go to ``results/translation``. The runs
live there, too, so that a stopped command goes on where it was.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.study import aside, command, distinct, row_maker, table, writable, write
from experiments.shared.tasks import Book, Found, Recipe, Task, deciding, worked
from experiments.shared.translating import (
    SCENARIOS,
    SEEN,
    TOLD,
    Scenario,
    critic_of,
    generator_of,
    measured,
    network_of,
    of_silhouettes,
    ran,
    scale_of,
    scenario,
    squares,
)
from igm_jax import Objective, checks, objectives, velocity
from igm_jax.distributions import dataset
from igm_jax.generators import both_ways
from igm_jax.objectives import Unpaired, cycle_consistent, entropic_map, transported
from igm_jax.pairwise import distances
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import ended
from igm_jax.training import training

OBJECTIVES: dict[str, Callable[[float], Objective]] = {
    "energy": lambda scale: objectives.energy(),
    "sinkhorn": lambda scale: objectives.sinkhorn(0.02 * scale**2),
    "drifting": lambda scale: objectives.drifting((0.02, 0.05, 0.2), preset="released", floor=0.0),
}
"""Of a median distance of targets."""
SILHOUETTES = "energy by silhouettes"
BESIDE = tuple(TOLD)
CYCLE = 10.0
"""Weight of the cycle."""
METRICS = {"error": 3, "right": 2, "passing": 2}


@dataclasses.dataclass(frozen=True)
class Config:
    """One signal into another of the same kind, without pairs."""

    scenarios: tuple[str, ...] = SCENARIOS
    """What is translated: outlines, turned, blurred."""
    weights: tuple[float, ...] = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
    """λ, in units of the objective's speed at the start over the median distance of targets."""
    steps: int = 150
    """Updates of each map of letters; those of digits, which are cheap, get three times as many."""
    batch_size: int = 32
    """Sources, and targets, in each minibatch."""
    rate: float = 0.01
    """Learning rate of Adam for local maps, a fifth of it for others; falls to zero along a cosine."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/translation")
    """The directory for everything."""
    workers: int = 1
    """Runs at once, each in a process of its own; times are then of a shared machine."""
    smoke: bool = False
    """A run of seconds that shows that everything works: a few digits, few steps, in results/translation-smoke."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("steps", "batch_size", "workers"):
        checks.count(name, getattr(config, name))
    checks.positive("rate", config.rate)
    checks.seed("seed", config.seed)
    checks.choices("scenarios", config.scenarios, SCENARIOS)
    distinct("weights", config.weights, least=0.0)
    if config.smoke:
        small = {"scenarios": ("turned",), "weights": (0.0, 1.0), "steps": min(config.steps, 3), "batch_size": 16}
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    for name in config.scenarios:
        scenario(name, config.smoke)
    writable(config.output, ["runs"])
    book(config)
    return config


def book(config: Config) -> Book:
    """What was made earlier with the same settings; an error for other settings."""
    return Book(config.output / "runs", "translation", "runs", deciding(config, "scenarios", "weights"), config.workers)


def tasks(config: Config) -> list[Task[Found]]:
    """All maps of all scenarios."""
    seed, names = config.seed, config.scenarios
    quick = [Task(f"{name}, {way}", seed, partial(beside, config, name, way)) for name in names for way in BESIDE]
    maps = [
        Task(f"{name}, {way}, {weight:g}", seed, partial(unpaired, config, name, way, weight))
        for name in names
        for way in ways_of(name)
        for weight in config.weights
    ]
    last = [task for task in quick if task.name.endswith("cycle")]
    return [*(task for task in quick if task not in last), *maps, *last]


def ways_of(name: str) -> tuple[str, ...]:
    """The objectives, with the cost of pixels; of letters one also with that of silhouettes."""
    return (*OBJECTIVES, *((SILHOUETTES,) if name == "outlines" else ()))


def found_of(config: Config, of: Scenario, made: Any, begin: float) -> Found:
    """What is kept of a map: what is said of its outputs, and these."""
    made, seconds = np.asarray(made), time.monotonic() - begin
    return Found(measured(of, made, config.smoke), {"made": made.astype(np.float16)}, None, seconds)


def beside(config: Config, name: str, way: str) -> Found:
    """What needs no distance of laws, or needs the pairs."""
    of, begin = scenario(name, config.smoke), time.monotonic()
    if way == "source":
        made: Any = of.held
    elif way == "nearest":
        made = of.target[np.asarray(distances(jnp.asarray(of.held), jnp.asarray(of.target))).argmin(1)]
    elif way == "barycentric":
        made = entropic_map(of.held, of.source, of.target, 0.02 * scale_of(of) ** 2)
    elif way == "cycle":
        made = cycled(config, of)
    else:
        made = trained(config, of, squares(), dataset(of.target[of.order], condition=of.source), None)
    return found_of(config, of, made, begin)


def unpaired(config: Config, name: str, way: str, weight: float) -> Found:
    """A map by an objective and a weight of the cost."""
    begin, translate = time.monotonic(), learned(config, name, way)
    return found_of(config, scenario(name, config.smoke), translate(jnp.float32(weight)), begin)


@cache
def learned(config: Config, name: str, way: str) -> Callable[[Array], Array]:
    """``λ -> held-out sources translated``, compiled once for all λ."""
    of = scenario(name, config.smoke)
    distance = OBJECTIVES[way.split()[0]](scale_of(of))
    cost = of_silhouettes if way == SILHOUETTES else None
    x, y = jnp.asarray(of.source[:SEEN]), jnp.asarray(of.target[:SEEN])
    moved = velocity(distance, jax.random.key(0), (), x, y)
    unit = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(moved), axis=1))) / scale_of(of)

    @jax.jit
    def of_weight(weight: Array) -> Array:
        priced = transported(distance, weight * unit, cost)
        return trained(config, of, priced, dataset(of.target), dataset(of.source))

    return of_weight


def updates(config: Config, of: Scenario) -> int:
    """How many updates a map gets."""
    return config.steps * (1 if of.local else 3)


def adam(config: Config, of: Scenario, share: float = 1.0) -> optax.GradientTransformation:
    """The optimiser of a map."""
    rate = share * config.rate * (1.0 if of.local else 0.2)
    return optax.adam(optax.cosine_decay_schedule(rate, updates(config, of)), b1=0.5, b2=0.99)


def trained(config: Config, of: Scenario, objective: Objective, target: Any, conditions: Any) -> Array:
    """Held-out sources as a map of so many updates translates them."""
    generator = generator_of(network_of(of))
    run = training(generator, objective, adam(config, of), target, config.batch_size, inner_steps=0, average=0.98,
                   conditions=conditions)  # fmt: skip
    state = ran(run, updates(config, of), config.seed)
    return generator.sample(state.average, jax.random.key(1), jnp.asarray(of.held), 1)[:, 0]


def cycled(config: Config, of: Scenario) -> Array:
    """Held-out sources by the first of two maps that should undo each other."""
    network, sources, targets = network_of(of), dataset(of.source), dataset(of.target)
    critic = objectives.gan(critic_of(of), optax.adam(0.2 * config.rate, b1=0.5, b2=0.99))

    def sides(key: Array, n: int) -> Unpaired:
        key_source, key_target = jax.random.split(key)
        return Unpaired(sources(key_source, n), targets(key_target, n))  # pyrefly: ignore

    half = max(1, config.batch_size // 2)  # a step takes each map twice, and both critics
    objective, generator = cycle_consistent(critic, critic, CYCLE), both_ways(network, network)
    run = training(generator, objective, adam(config, of, 0.2), None, half, average=0.98, conditions=sides)
    return network.apply(ran(run, updates(config, of), config.seed).average["there"], jnp.asarray(of.held))


# --- what is shown ---


def tables(config: Config, found: dict[str, Found]) -> list[Any]:
    """A table for each scenario."""
    shown = []
    for name in config.scenarios:
        of, lines = scenario(name, config.smoke), []
        ways = {TOLD[way]: [found[f"{name}, {way}"]] for way in BESIDE}
        ways |= {of: [found[f"{name}, {of}, {weight:g}"] for weight in config.weights] for of in ways_of(name)}
        for way, each in ways.items():
            for weight, one in zip(config.weights if len(each) > 1 else ("",), each, strict=True):
                numbers = [f"{one.metrics[metric]:.{digits}f}" for metric, digits in METRICS.items()]
                lines.append([way, f"{weight}", *numbers, f"{one.seconds:.0f}"])
        caption = (
            f"{of.told} {len(of.source)} of each to learn from, {len(of.held)} held out; {updates(config, of)} updates of"
            f" {config.batch_size}. Seconds include compiling, of an objective with its first λ."
        )
        shown.append(table(name, caption, ["", "λ", *METRICS, "seconds"], lines))
    return shown


def pictures(config: Config, found: dict[str, Found]) -> dict[str, tuple[bytes, str]]:
    """The curves over λ, and a sheet for each scenario."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    drawn = {}
    for metric in METRICS:
        panels = {}
        for name in config.scenarios:
            of_way = {
                of: [found[f"{name}, {of}, {weight:g}"].metrics[metric] for weight in config.weights]
                for of in ways_of(name)
            }
            level = {
                way: [found[f"{name}, {way}"].metrics[metric]] * len(config.weights)
                for way in ("source", "cycle", "pairs")
            }
            places = [weight or min(filter(None, config.weights), default=1.0) / 3 for weight in config.weights]
            panels[name] = {way: Trace(places, values) for way, values in (of_way | level).items()}
        figure = trace_panels(panels, xlabel="λ (leftmost: 0)", ylabel=metric, log=False, columns=2)
        drawn[f"{metric}.png"] = (png(figure), f"{metric.capitalize()} of held-out pairs against λ; leftmost is λ = 0.")
    for name in config.scenarios:
        drawn[f"{name.replace(' ', '-')}.png"] = alphabet(config, name, found)
    return drawn


def alphabet(config: Config, name: str, found: dict[str, Found]) -> tuple[bytes, str]:
    """Held-out samples, a row each: the sources, every way, the objectives at their least error, and the truth."""
    of = scenario(name, config.smoke)
    rows = {TOLD["source"]: of.held} | {TOLD[way]: found[f"{name}, {way}"].arrays["made"] for way in BESIDE[1:]}
    for objective in ways_of(name):
        each = {weight: found[f"{name}, {objective}, {weight:g}"] for weight in config.weights}
        best = min(each, key=lambda weight: each[weight].metrics["error"])
        rows[f"{objective} at its least error, λ = {best:g}"] = each[best].arrays["made"]
    rows["the truth"] = of.truth
    images = np.concatenate([np.asarray(some, np.float32)[:26] for some in rows.values()]).reshape(-1, *of.image_shape)
    told = f"{name}: held-out samples, from above: {'; '.join(rows)}."
    return sheet(images, (-1, 1), columns=min(26, len(of.held))), told


def run(config: Config) -> None:
    """Make all maps; print the tables and write the files."""
    every = tasks(config)
    kept = worked(every, book(config), Recipe("experiments.translation", "tasks", config), config.workers)
    found = {task.name: one for task, one in zip(every, kept, strict=True)}
    make_row = row_maker("translation", config)
    rows = [make_row(*name.split(", ", 1), config.seed, one.metrics, one.seconds, None) for name, one in found.items()]
    title, text = "One signal into another, without pairs", __doc__.split("\n\n")[2]
    write(config.output, title, text, tables(config, found), rows, pictures(config, found))


def main(arguments: Sequence[str] | None = None) -> None:
    command("translation", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
