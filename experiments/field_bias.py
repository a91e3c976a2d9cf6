"""How far the mean field of small minibatches is from that of all data, and what a correction leaves of it.

    python -m experiments.field_bias             some minutes on 2 cores
    python -m experiments.field_bias --smoke     seconds

The barycentre of a minibatch under a Gaussian kernel is a ratio of two sums over the same draws, so its mean misses that of all
data by an error of order 1/n, which averaging over minibatches does not remove. The correction of ``score_difference`` gives its
first order back. Here data are a normal law, where barycentre and error are known in closed form. The error at one point is
measured for sizes of minibatches, dimensions and widths of the kernel, and the power of n with which it falls.

The table is printed; ``report.md``, ``rows.jsonl`` and a picture go to ``results/field-bias``.
"""

import dataclasses
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.shared.study import aside, command, distinct, row_maker, table, writable, write
from igm_jax import checks
from igm_jax.base import Key
from igm_jax.pairwise.reductions import soft_barycentres
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended

WAYS = ("plain", "corrected")

# The point's distance from the middle of the data, in their standard deviations.
PLACE = 2.0


@dataclasses.dataclass(frozen=True)
class Config:
    """The bias of a barycentre under a Gaussian kernel, for minibatches of a normal law."""

    dims: tuple[int, ...] = (1, 2, 4, 8, 16)
    """Dimensions."""
    widths: tuple[float, ...] = (0.25, 0.5, 1.0)
    """Standard deviations of the kernel, in units of √d, about the distance of two data over √2."""
    sizes: tuple[int, ...] = (64, 128, 256, 512)
    """Samples in a minibatch, ascending."""
    repeats: int = 4000
    """Minibatches of each size."""
    seed: int = 0
    """Of the draws."""
    output: Path = Path("results/field-bias")
    """The directory for everything."""
    smoke: bool = False
    """A small run, to see that everything works."""


class Setting(NamedTuple):
    """A dimension, and a kernel's standard deviation in the units of the data; the point is (2, …, 2)/√d."""

    dim: int
    sigma: float


class Bias(NamedTuple):
    """The mean error of a barycentre along the direction of the point, and its standard error; both ways in a row."""

    mean: np.ndarray
    error: np.ndarray


class Moments(NamedTuple):
    """``E k^p`` of the kernel at the point over ``(E k)^p``, and the mean of y under k^p, along the direction of the point."""

    mass: float
    place: float


def log_mean(setting: Setting, variance: float) -> float:
    """``log E exp(-‖p - y‖²/2v)`` for y from N(0, I) and the point p."""
    return 0.5 * setting.dim * np.log(variance / (1 + variance)) - 0.5 * PLACE**2 / (1 + variance)


def moment(setting: Setting, power: int) -> tuple[float, float]:
    """``E k^p / (E k)^p`` and ``E k^p (y - T) / (E k)^p`` along the point: k^p is Gaussian with the variance σ²/p."""
    squared = setting.sigma**2
    mass = float(np.exp(log_mean(setting, squared / power) - power * log_mean(setting, squared)))
    return mass, mass * PLACE * (1 / (1 + squared / power) - 1 / (1 + squared))


def leading(setting: Setting) -> tuple[float, float]:
    """n times the error of the plain barycentre and n² times that of the corrected one, for large n.

    They are -B and ``3 B E k² - 2 C``, where B and C are the second numbers of ``moment`` 2 and 3, and ``E k = 1``.
    """
    (square, b), (_, c) = (moment(setting, power) for power in (2, 3))
    return -b, 3 * b * square - 2 * c


def _known(kernel: Array, gap: Array, n: int, setting: Setting) -> tuple[Array, Array]:
    """What an error has from sums of at most three draws, less its mean: of the plain barycentre, and of the corrected one.

    With ``δ = mean k - 1`` and ``ℓ = mean k (y - T)`` the plain error is ``ℓ (1 - δ + δ² - …)``. Taken off, these leave noise
    that falls as fast as what is to be measured.
    """
    b, c = (moment(setting, power)[1] for power in (2, 3))
    excess, linear = jnp.mean(kernel) - 1, jnp.mean(kernel * gap)
    square, square_gap = jnp.mean(kernel**2), jnp.mean(kernel**2 * gap)
    plain = linear * (1 - excess + excess**2) - (-b / n + (c - 2 * b) / n**2)
    given_back = (square_gap * (1 - 2 * excess) - square * linear) / n - (b - 2 * (c - b) / n - c / n) / n
    return plain, plain + given_back


def measured(setting: Setting, n: int, repeats: int, seed: int) -> Bias:
    """The bias of both ways from independent minibatches of size n, the same for both."""
    d, sigma = setting
    axis = jnp.ones((1, d)) / np.sqrt(d)
    place, height = PLACE / (1 + sigma**2), float(log_mean(setting, sigma**2))

    def one(key: Key) -> Array:
        y = jax.random.normal(key, (n, d), axis.dtype)
        weights, width = jnp.full((n,), 1 / n, axis.dtype), jnp.asarray(sigma, axis.dtype)
        along = jnp.sum(y * axis, axis=1)
        kernel = jnp.exp(-jnp.sum(jnp.square(y - PLACE * axis), axis=1) / (2 * sigma**2) - height)
        known = _known(kernel, along - place, n, setting)
        moved = [soft_barycentres(PLACE * axis, y, weights, width, corrected=way == "corrected") for way in WAYS]
        found = [jnp.sum((PLACE * axis + part) * axis) - place for part in moved]
        return jnp.stack([error - part for error, part in zip(found, known, strict=True)])

    keys = jax.random.split(jax.random.key(seed), repeats)
    values = np.asarray(jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=500))(keys))
    return Bias(values.mean(0), values.std(0, ddof=1) / repeats**0.5)


def slope(sizes: Sequence[int], means: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """The power of n with which |mean| falls, and its standard error: a line through logarithms, weighted by their errors."""
    logs, spread = np.log(np.abs(means)), errors / np.abs(means)
    weights = 1 / np.square(spread)
    places = np.log(sizes) - np.average(np.log(sizes), weights=weights)
    total = np.sum(weights * places**2)
    return float(np.sum(weights * places * logs) / total), float(total**-0.5)


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    checks.count("repeats", config.repeats, least=2)
    checks.seed("seed", config.seed)
    for name, least in (("dims", 1), ("sizes", 2)):
        values = [checks.count(name, value, least=least) for value in getattr(config, name)]
        if len(values) < (2 if name == "sizes" else 1) or values != sorted(set(values)):
            raise ValueError(f"`{name}` must be numbers, ascending, and of sizes at least two, but is {values}")
    distinct("widths", config.widths)
    if config.smoke:
        config = dataclasses.replace(config, dims=(1, 4), widths=(0.5,), sizes=(32, 64), repeats=500)
    config = dataclasses.replace(config, output=aside(config.output, config.smoke))
    writable(config.output)
    return config


Found = dict[tuple[int, float, str], tuple[np.ndarray, np.ndarray]]
"""By dimension, width and way: the biases at all sizes, and their standard errors."""


def run(config: Config) -> None:
    """Measure everything; print the table and write the files."""
    found: Found = {}
    rows, lines, make_row = [], [], row_maker("field_bias", config)
    for d in config.dims:
        for width in config.widths:
            setting, start = Setting(d, width * d**0.5), time.perf_counter()
            with jax.enable_x64(True):
                biases = [measured(setting, n, config.repeats, config.seed) for n in config.sizes]
            seconds, cells, n = time.perf_counter() - start, [], config.sizes[-1]
            for number, way in enumerate(WAYS):
                means, errors = (np.array([part[number] for part in parts]) for parts in zip(*biases, strict=True))
                found[d, width, way] = means, errors
                (power, error), times = slope(config.sizes, means, errors), n ** (number + 1)
                metrics = {"slope": power, "slope_error": error, "bias": float(means[-1]), "error": float(errors[-1])}
                rows.append(make_row(f"d = {d}, σ = {width:g} √d", way, config.seed, metrics, seconds, None))
                told = f"{times * means[-1]:.3g} ± {2 * times * errors[-1]:.1g}"
                cells += [f"{leading(setting)[number]:.3g}", told, f"{power:.2f} ± {2 * error:.2f}"]
            lines.append([f"d = {d}, σ = {width:g} √d", *cells])
    text, pictures = __doc__.split("\n\n")[2], {"slopes.png": (picture(config, found), PICTURE)}
    write(config.output, "The bias of fields of small minibatches", text, [shown(config, lines)], rows, pictures)


PICTURE = "The size of the bias, plain and corrected, a panel a dimension."


def shown(config: Config, lines: list[list[str]]) -> Table:
    """The table with its headings and caption."""
    headings = ["", "plain: theory", f"n · bias, n = {config.sizes[-1]}", "slope",
                "corrected: theory", f"n² · bias, n = {config.sizes[-1]}", "slope"]  # fmt: skip
    caption = (
        f"Data N(0, I), the point (2, …, 2)/√d, {config.repeats} minibatches of {', '.join(map(str, config.sizes))}. The bias is"
        " the mean barycentre less that of the law, along the direction of the point (± two standard errors); the slope is the"
        " power of n with which it falls. Theory is what remains at large n, in closed form."
    )
    return table("The bias of a soft barycentre", caption, headings, lines)


def picture(config: Config, found: Found) -> bytes:
    """The size of the bias against the size of the minibatch."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    def traced(d: int, width: float, way: str) -> Trace:
        means, errors = found[d, width, way]
        return Trace(list(config.sizes), list(np.abs(means)), list(errors))

    names = partial("{way}, σ = {width:g} √d".format)
    traces = {f"d = {d}": {names(way=way, width=width): traced(d, width, way) for way in WAYS for width in config.widths}
              for d in config.dims}  # fmt: skip
    return png(trace_panels(traces, xlabel="samples in a minibatch", ylabel="|bias|", log=True))


def main(arguments: Sequence[str] | None = None) -> None:
    command("field_bias", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
