"""Drifting on two sets of toy data: the loss that the paper's notebook prints.

    python -m experiments.tables.drifting_toy

Source: Generative Modeling via Drifting, arXiv 2602.04770, its toy notebook.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main
from experiments.tables.perceptron import perceptron
from experiments.tables.published import Entry, within_factor
from igm_jax.distributions import Distribution, checkerboard, normal, swiss_roll
from igm_jax.evaluation import exact_w2
from igm_jax.generators import pushforward
from igm_jax.objectives import drifting
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, train, training

LATENT, TEMPERATURE, DECAY = 32, 0.05, 0.96
SHOWN = 2000
"""Samples in the picture and for W2."""

TITLE = "Drifting on a swiss roll and a checkerboard (arXiv 2602.04770, toy notebook)"
TEXT = (
    f"A perceptron {LATENT}-256-256-256-2 (SiLU) follows the drifting field at τ = {TEMPERATURE:g}, generated samples masked"
    " from themselves and affinities normalised jointly over generated samples and data: Adam 1e-3, 2048 fresh samples and"
    " data a step, 2000 steps."
)


class Printed(NamedTuple):
    """A target, and the loss that the notebook printed: at 2000 steps, and about half-way."""

    target: Distribution
    final: float
    half: float
    half_step: int


PRINTED = {
    "swiss roll": Printed(swiss_roll(), 1.63e-5, 3.10e-5, 999),
    "checkerboard": Printed(checkerboard(), 3.56e-5, 4.71e-5, 993),
}


def steps(config: Config) -> int:
    return 40 if config.smoke else 2000


def batch(config: Config) -> int:
    return 128 if config.smoke else 2048


def seeds(config: Config) -> range:
    return range(config.seed, config.seed + (config.seeds or {"smoke": 1, "cpu": 1, "full": 5}[config.preset]))


def run_of(target: Distribution, batch_size: int) -> Run:
    """The notebook's run. In the plane half of the mean squared length, our loss, is the mean squared coordinate, its loss."""
    generator = pushforward(perceptron((LATENT, 256, 256, 256, 2), jax.nn.silu), normal(LATENT))
    objective = drifting(TEMPERATURE, preset="paper")
    # The update only measures the field once more; the objective has nothing to learn.
    return training(generator, objective, optax.adam(1e-3), target, batch_size, inner_steps=0)


def moving_average(losses: Sequence[float]) -> np.ndarray:
    """``m ← 0.96 m + 0.04 loss`` after each step, from the first loss on."""
    means, mean = [], losses[0]
    for loss in losses:
        mean = DECAY * mean + (1 - DECAY) * loss
        means.append(mean)
    return np.array(means)


def trained(config: Config, printed: Printed, seed: int) -> Found:
    """One run; samples at its end, and how far they are from the data."""
    run = run_of(printed.target, batch(config))
    done = train(run, jax.random.key(seed), steps(config), log_every=1, progress=False)
    means = moving_average([row["loss"] for row in done.rows])
    key_noise, key_data, key_more = jax.random.split(jax.random.key(seed + 1), 3)
    generator = pushforward(perceptron((LATENT, 256, 256, 256, 2), jax.nn.silu), normal(LATENT))
    x, y, more = (
        np.asarray(draws)
        for draws in (
            generator.sample(done.state.params, key_noise, SHOWN),
            printed.target(key_data, SHOWN),
            printed.target(key_more, SHOWN),
        )
    )
    metrics = {"final": float(means[-1]), "W2": exact_w2(real=y, fake=x), "floor": exact_w2(real=y, fake=more)}
    if len(means) > printed.half_step:
        metrics["half"] = float(means[printed.half_step])
    return Found(metrics, {"losses": means, "samples": x, "data": y}, done.compile_seconds)


def tasks(config: Config) -> list[Task]:
    return [Task(name, seed, partial(trained, config, printed, seed))
            for seed in seeds(config) for name, printed in PRINTED.items()]  # fmt: skip


def parts(config: Config, results: Results) -> Sequence[Part]:
    entries = []
    for name, printed in PRINTED.items():
        found = [one.metrics for one in results[name]]
        of = lambda key, found=found: tuple(1e5 * one[key] for one in found if key in one)  # noqa: E731
        columns = {f"step {steps(config)}": ("final", printed.final), "half-way": ("half", printed.half)}
        for column, (key, known) in columns.items():
            entries.append(Entry(name, column, 1e5 * known, of(key), within_factor(1.5), digits=2))
        for column, key in (("W2", "W2"), ("W2, data", "floor")):
            entries.append(Entry(name, column, None, tuple(one[key] for one in found)))
    caption = (
        f"10⁵ times the moving average (decay {DECAY:g}) of the loss at the last step and at step 999 (swiss roll) or 993"
        f" (checkerboard), counted from 0. W2 is exact, of {SHOWN} samples to data, beside that of data to data."
    )
    return [Part("Drifting on toy data", caption, entries, "data")]


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting.figures import Trace, png, scatter_panels, trace_panels

    found = {name: results[name][0].arrays for name in PRINTED}
    shown = {
        f"{name.replace(' ', '-')}.png": (
            png(scatter_panels({name: arrays["samples"]}, arrays["data"])),
            f"{SHOWN} samples after {steps(config)} steps over as many data in grey: {name}.",
        )
        for name, arrays in found.items()
    }
    at = np.unique(np.geomspace(1, steps(config), 60).astype(int))
    traces = {name: {"loss": Trace(at, arrays["losses"][at - 1])} for name, arrays in found.items()}
    curves = png(trace_panels(traces, xlabel="steps", ylabel="loss"))
    return shown | {"losses.png": (curves, "The moving average of the loss, for the first seed.")}


def differs(config: Config) -> list[str]:
    lines = [
        "The swiss roll is divided by 4.5π, the limit of the greatest coordinate, and not by that of each minibatch."
    ]
    if config.smoke:
        lines.append(f"Smoke: {steps(config)} steps of {batch(config)} samples.")
    return lines


PUBLICATION = Publication("drifting_toy", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
