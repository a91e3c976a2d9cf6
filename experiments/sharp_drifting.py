"""Is sharp drifting a gradient, and of what? Its field beside its witness, and a divergence along its flow, for three kernels.

    python -m experiments.sharp_drifting             a minute
    python -m experiments.sharp_drifting --smoke     seconds

The mean shift of a kernel k, divided by sums of its sharp kernel k#, is minus the gradient of a log-ratio of two densities: those
of generated samples and of data, each smoothed with k#. If samples follow it, the divergence KL of these two smoothed laws should
fall. In the published field a sample leaves itself out of its own law, and then the divergence is of a law that it does not see.
Here quantiles of one normal law flow to those of another; the divergence is taken by quadrature, in double precision, at every
update.

The table is printed; ``report.md``, ``rows.jsonl`` and a picture go to ``results/sharp_drifting``.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.shared.study import aside, command, row_maker, table, writable, write
from igm_jax import checks
from igm_jax.kernels import Kernel, gaussian, laplace, matern_32, sharp
from igm_jax.objectives import sharp_drifting_field, sharp_drifting_witness
from igm_jax.reporting.terminal import ended

KERNELS: dict[str, Callable[[float], Kernel]] = {"Gaussian": gaussian, "Laplace": laplace, "Matérn 3/2": matern_32}
WAYS = {"with itself": False, "without itself": True}
"""What a sample is compared with: all samples, or all others."""
START, SPREAD, GOAL = -2.0, 0.5, 1.0
"""Mean and standard deviation of the law at the start, and the mean of the standard normal law that is its goal."""
SHOWN = (0, 1, 2, 4)
"""Times at which the table tells the divergence, besides the end."""
ROUNDING = 1e-12
"""What a divergence may rise by without having risen."""
NEAR, FAR, PARTS = 6.0, 40.0, 50
"""The quadrature: beyond all samples so far, so many widths of the kernel further, and so many places in each width."""
LEAST, MOST = 0.01, 100.0
"""Widths for which that is a table."""


@dataclasses.dataclass(frozen=True)
class Config:
    """The flow of sharp drifting from N(-2, 1/4) to N(1, 1), for three kernels, with a sample's own part and without."""

    samples: int = 60
    """Quantiles of each law."""
    width: float = 0.5
    """Bandwidth of all kernels."""
    rate: float = 0.02
    """Time of an update."""
    steps: int = 400
    """Updates."""
    output: Path = Path("results/sharp_drifting")
    """The directory for everything."""
    smoke: bool = False
    """A small run, to see that everything works."""


class Flow(NamedTuple):
    """What was measured along a flow.

    Attributes:
        divergences: (steps + 1,) KL of the smoothed laws before each update, and after the last, in nats.
        gap: the largest difference of the field and minus the witness's gradient, at the start and in the end.
        end: (n, 1) where the samples are.
    """

    divergences: np.ndarray
    gap: float
    end: np.ndarray


def quantiles(mean: float, spread: float, number: int) -> Array:
    """(n, 1) equally likely points of a normal law."""
    inverse = NormalDist(mean, spread).inv_cdf
    return jnp.array([[inverse((i + 0.5) / number)] for i in range(number)])


def places_of(width: float) -> Array:
    """(p, 1) places of the quadrature, as far out as kernels of this width reach."""
    end = NEAR + FAR * width
    return jnp.linspace(-end, end, 2 * round(PARTS * end / min(width, 1.0)) + 1)[:, None]


def divergence(x: Array, y: Array, kernel: Kernel, places: Array) -> Array:
    """``KL(q̂# | p̂#)`` of the samples' laws smoothed with the sharp kernel, over places that are equally far apart."""
    height = sharp(kernel)
    model, data = (height(places, samples).sum(1) for samples in (x, y))
    model, data = model / model.sum(), data / data.sum()
    least = jnp.finfo(model.dtype).tiny  # 0 log 0 is 0
    return jnp.sum(model * (jnp.log(jnp.maximum(model, least)) - jnp.log(jnp.maximum(data, least))))


def gap_of(x: Array, y: Array, kernel: Kernel, leave_one_out: bool) -> Array:
    """The largest difference of the field and minus the slope of the witness, of the other samples where one is left out."""
    field = sharp_drifting_field(x, y, kernel, leave_one_out=leave_one_out)
    others = np.stack([np.delete(np.arange(len(x)), i) if leave_one_out else np.arange(len(x)) for i in range(len(x))])
    slope = jax.vmap(jax.grad(lambda point, seen: sharp_drifting_witness(point[None], seen, y, kernel)[0]))
    return jnp.max(jnp.abs(field + slope(x, x[others])))


def flow(config: Config, kernel: Kernel, leave_one_out: bool) -> Flow:
    """Let the samples follow the field, in double precision."""
    with jax.enable_x64(True):
        x, y = quantiles(START, SPREAD, config.samples), quantiles(GOAL, 1.0, config.samples)
        places = places_of(config.width)

        def step(x: Array, _: None) -> tuple[Array, Array]:
            moved = sharp_drifting_field(x, y, kernel, leave_one_out=leave_one_out)
            return x + config.rate * moved, divergence(x, y, kernel, places)

        end, divergences = jax.jit(lambda x: jax.lax.scan(step, x, length=config.steps))(x)
        gap = jax.jit(lambda x: gap_of(x, y, kernel, leave_one_out))
        last = jax.jit(lambda x: divergence(x, y, kernel, places))(end)
        return Flow(np.append(divergences, last), max(float(gap(x)), float(gap(end))), np.asarray(end))


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    checks.count("samples", config.samples, least=2)
    checks.count("steps", config.steps, least=2)
    if not LEAST <= checks.positive("width", config.width) <= MOST:
        raise ValueError(f"`width` must be {LEAST:g} to {MOST:g}, but is {config.width}")
    checks.positive("rate", config.rate)
    if config.smoke:
        small = {"samples": min(config.samples, 8), "steps": min(config.steps, 60)}
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    writable(config.output)
    return config


def run(config: Config) -> None:
    """Follow all flows; print the table and write the files."""
    rows, lines, traces, make_row = [], [], {}, row_maker("sharp_drifting", config)
    updates = {t: round(t / config.rate) for t in SHOWN}
    updates = {t: n for t, n in updates.items() if n <= config.steps and abs(n * config.rate - t) < 1e-9}
    for name, make in KERNELS.items():
        for way, leave_one_out in WAYS.items():
            start = time.perf_counter()
            found = flow(config, make(config.width), leave_one_out)
            heights = found.divergences
            rises = np.diff(heights)
            metrics = {"gap": found.gap, "first": float(heights[0]), "last": float(heights[-1]),
                       "rises": int((rises > ROUNDING).sum()), "largest_rise": float(max(rises.max(), 0.0))}  # fmt: skip
            rows.append(make_row("two normal laws", f"{name}, {way}", 0, metrics, time.perf_counter() - start, None))
            traces[f"{name}, {way}"] = heights
            told = [f"{heights[n]:.3g}" for n in updates.values()]
            lines.append([f"{name}, {way}", f"{found.gap:.1e}", *told, f"{heights[-1]:.2g}", f"{metrics['rises']}",
                          f"{metrics['largest_rise']:.1e}"])  # fmt: skip
    headings = ["", "field + ∇witness", *(f"KL at t = {t}" for t in updates), "at the end", "updates that raise it",
                "the most by"]  # fmt: skip
    caption = (
        f"{config.samples} quantiles of N({START:g}, {SPREAD:g}²) flow to those of N({GOAL:g}, 1), {config.steps} updates of"
        f" {config.rate:g}, kernels of width {config.width:g}. KL of the laws smoothed with the sharp kernel, in nats. Field +"
        " ∇witness: the largest difference of the field and minus the witness's gradient, at the start and in the end."
    )
    shown = table("KL along the flow of sharp drifting", caption, headings, lines)
    pictures = {"divergences.png": (picture(config, traces), "KL of the smoothed laws along the flow.")}
    write(config.output, "Sharp drifting", __doc__.split("\n\n")[2], [shown], rows, pictures)


def picture(config: Config, traces: dict[str, np.ndarray]) -> bytes:
    """The divergences against time."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    few = np.unique(np.linspace(0, config.steps, 40).round().astype(int))  # each has a mark
    times = list(config.rate * few)
    panels = {way: {name: Trace(times, list(traces[f"{name}, {way}"][few])) for name in KERNELS} for way in WAYS}
    return png(trace_panels(panels, xlabel="time", ylabel="KL of the smoothed laws, nats", log=True))


def main(arguments: Sequence[str] | None = None) -> None:
    command("sharp_drifting", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
