"""How good is a divergence that is estimated from a minibatch, and how good is its gradient?

    python -m experiments.estimators             some minutes on 2 cores
    python -m experiments.estimators --smoke     seconds

Between two Gaussians every divergence is known in closed form, and so is the gradient of a generator that shifts and widens
noise. Against that truth it measures each estimator's bias, its spread, the signal-to-noise ratio of its gradient and the
gradient's cosine to the true one, for sizes of minibatches and dimensions; and, between two minibatches of one Gaussian, how
fast each distance falls with the size.

Tables are printed; ``report.md``, ``rows.jsonl`` and pictures go to ``results/estimators``, or with ``--smoke`` to
``results/estimators-smoke``. What is measured is kept in ``runs`` there, so that a stopped command goes on where it was.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.optimize import linear_sum_assignment

from experiments.shared import gaussians
from experiments.shared.estimates import APART, EQUAL, Cell, pictures, tables
from experiments.shared.gaussians import Setting, setting_of
from experiments.shared.study import aside, command, row_maker, writable, write
from experiments.shared.tasks import Book, Found, Recipe, Task, deciding, worked
from igm_jax import (
    checks,
    energy_distance,
    mmd2_biased,
    mmd2_unbiased,
    pairwise,
    sinkhorn_divergence,
    sliced_wasserstein,
)
from igm_jax.base import Key
from igm_jax.kernels import distance, gaussian
from igm_jax.reporting.terminal import ended

Of = Callable[[Array, Array, Array, Setting], Array]


class Estimator(NamedTuple):
    """An estimate of a divergence from samples, and the divergence itself.

    Attributes:
        of: ``(key, x, y, setting) -> scalar``, differentiable; None for the exact assignment, which is no JAX function.
        truth: the divergence in closed form.
    """

    of: Of | None
    truth: gaussians.Truth


ESTIMATORS: dict[str, Estimator] = {
    "MMD², biased": Estimator(lambda key, x, y, s: mmd2_biased(x, y, gaussian(s.bandwidth)), gaussians.mmd2),
    "MMD², unbiased": Estimator(lambda key, x, y, s: mmd2_unbiased(x, y, gaussian(s.bandwidth)), gaussians.mmd2),
    "energy, biased": Estimator(lambda key, x, y, s: energy_distance(x, y), gaussians.energy),
    "energy, unbiased": Estimator(lambda key, x, y, s: mmd2_unbiased(x, y, distance()), gaussians.energy),
    "Sinkhorn": Estimator(
        lambda key, x, y, s: sinkhorn_divergence(x, y, s.epsilon, tolerance=1e-3), gaussians.sinkhorn
    ),
    "sliced W2²": Estimator(
        lambda key, x, y, s: sliced_wasserstein(key, x, y, num_projections=s.num_projections), gaussians.sliced
    ),
    "exact W2²": Estimator(None, gaussians.wasserstein),
}
"""The estimators, in the order of the tables."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Bias, variance and gradient noise of divergences estimated from minibatches, where the truth is known."""

    output: Path = Path("results/estimators")
    """The directory for tables, rows and pictures."""
    dims: tuple[int, ...] = (2, 8, 64)
    """Dimensions of the Gaussians."""
    sizes: tuple[int, ...] = (32, 128, 512)
    """Samples, and data, in a minibatch."""
    repeats: int = 48
    """Independent minibatches of each size."""
    shift: float = 1.0
    """How far the model's mean is from the data's."""
    width: float = 0.8
    """The model's standard deviation; that of the data is 1."""
    epsilon: float = 0.1
    """The Sinkhorn divergence's ε, a share of the mean squared distance of two data."""
    num_projections: int = 64
    """Directions of the sliced distance."""
    seed: int = 0
    """Where the random keys start."""
    workers: int = 1
    """Measurements at once, each in a process of its own; times are then of a shared machine."""
    smoke: bool = False
    """A run of seconds that shows that everything works: 2 dimensions, small minibatches."""


def draws(key: Key, n: int, dim: int) -> tuple[Array, Array, Array]:
    """Noise, data and a key for directions: the same for every estimator."""
    key_noise, key_data, key_directions = jax.random.split(key, 3)
    return jax.random.normal(key_noise, (n, dim)), jax.random.normal(key_data, (n, dim)), key_directions


def repeated(of: Of, setting: Setting, n: int) -> Callable[[Array, Array, Array], tuple[Array, Array]]:
    """``(keys, r, s) -> values (k,), gradients (k, d + 1)``: the estimate on one minibatch for each key.

    The gradient is that of the generator ``x = δ + s z``, in δ and s.
    """

    def one(key: Key, r: Array, s: Array) -> tuple[Array, Array]:
        noise, y, key_directions = draws(key, n, setting.dim)

        def value(shift: Array, width: Array) -> Array:
            return of(key_directions, shift[None, :] + width * noise, y, setting)

        shift = jnp.zeros(setting.dim).at[0].set(r)
        found, (along_shift, along_width) = jax.value_and_grad(value, argnums=(0, 1))(shift, s)
        return found, jnp.concatenate([along_shift, along_width[None]])

    return lambda keys, r, s: jax.lax.map(lambda key: one(key, r, s), keys)


def assigned(setting: Setting, n: int, keys: Array, r: Any, s: Any) -> tuple[np.ndarray, np.ndarray]:
    """The same for the exact W2²: the best permutation, and the gradient with it held still."""
    values, gradients = [], []
    for noise, y, _ in map(jax.jit(partial(draws, n=n, dim=setting.dim)), keys):
        x = noise * s + r * jnp.eye(1, setting.dim)
        cost = np.asarray(_costs(x, y), np.float64)
        rows, columns = linear_sum_assignment(cost)
        slopes = 2 * (np.asarray(x) - np.asarray(y)[columns]) / n
        values.append(cost[rows, columns].mean())
        gradients.append([*slopes.sum(0), (slopes * np.asarray(noise)).sum()])
    return np.array(values), np.array(gradients)


_costs = jax.jit(pairwise.squared_distances)


def measured(config: Config, name: str, setting: Setting, n: int) -> tuple[dict[str, Cell], float, float]:
    """One estimator at one size and dimension: apart and equal, with the seconds of running and of compiling."""
    estimator, keys = ESTIMATORS[name], jax.random.split(jax.random.key(config.seed), config.repeats)
    cases = {APART: (config.shift, config.width), EQUAL: (0.0, 1.0)}
    start = time.perf_counter()
    if estimator.of is None:
        run = partial(assigned, setting, n)
    else:
        run = jax.jit(repeated(estimator.of, setting, n)).lower(keys, jnp.float32(0), jnp.float32(0)).compile()
    built = time.perf_counter()
    cells = {}
    for case, (r, s) in cases.items():
        values, gradients = (np.asarray(out, np.float64) for out in run(keys, np.float32(r), np.float32(s)))
        slope = gaussians.gradient(estimator.truth, setting, r, s)
        cells[case] = Cell(values, gradients, estimator.truth(setting, r, s), slope)
    return cells, time.perf_counter() - built, built - start


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name, least in (("repeats", 2), ("num_projections", 1), ("workers", 1)):
        checks.count(name, getattr(config, name), least=least)
    checks.seed("seed", config.seed)
    for name, least in (("dims", 1), ("sizes", 2)):
        values = getattr(config, name)
        for value in values:
            checks.count(name, value, least=least)
        if not values or list(values) != sorted(set(values)):
            raise ValueError(f"`{name}` must hold at least one number, ascending, but is {values}")
    for name in ("shift", "width", "epsilon"):
        checks.positive(name, getattr(config, name))
    if config.smoke:
        config = dataclasses.replace(
            config, dims=(2, 8), sizes=(16, 64), repeats=min(config.repeats, 48), num_projections=16
        )
    config = dataclasses.replace(config, output=aside(config.output, config.smoke))
    writable(config.output)
    book(config)
    return config


def book(config: Config) -> Book:
    """What was measured earlier with the same settings; an error for other settings. Dimensions and sizes may be added to."""
    return Book(config.output / "runs", "estimators", "cells", deciding(config, "dims", "sizes"), config.workers)


def tasks(config: Config) -> list[Task[Found]]:
    """Every estimator at every size and dimension."""
    return [
        Task(f"{name}, n = {n}, d = {d}", config.seed, partial(_found, config, d, n, name))
        for d, n, name in _cells(config)
    ]


def _cells(config: Config) -> list[tuple[int, int, str]]:
    return [(d, n, name) for d in config.dims for n in config.sizes for name in ESTIMATORS]


def _setting(config: Config, d: int) -> Setting:
    return setting_of(d, config.epsilon, config.num_projections)


def _found(config: Config, d: int, n: int, name: str) -> Found:
    cells, seconds, compiling = measured(config, name, _setting(config, d), n)
    arrays = {f"{case}, {part}": array for case, cell in cells.items() for part, array in cell._asdict().items()}
    return Found({}, arrays, compiling, seconds)


def run(config: Config) -> None:
    """Measure everything; print the tables and write the files."""
    make_row = row_maker("estimators", config)
    rows, cells = [], {}
    recipe = Recipe("experiments.estimators", "tasks", config)
    for (d, n, name), found in zip(
        _cells(config), worked(tasks(config), book(config), recipe, config.workers), strict=True
    ):
        for case in (APART, EQUAL):
            values, gradients, truth, slope = (found.arrays[f"{case}, {part}"] for part in Cell._fields)
            cells[case, d, n, name] = cell = Cell(values, gradients, float(truth), slope)
            rows.append(make_row(f"{case}, d = {d}", f"{name}, n = {n}", config.seed, cell.metrics(), found.seconds,
                                 found.compile_seconds, n=n, setting=_setting(config, d)._asdict()))  # fmt: skip
    slopes, shown = tables(cells, config.shift, config.width)
    for (d, name), metrics in slopes.items():
        rows.append(make_row(f"{EQUAL}, d = {d}", f"{name}, slope", config.seed, metrics, None, None))
    text = __doc__.split("\n\n")[2]
    write(config.output, "Divergences from minibatches, against the truth", text, shown, rows, pictures(cells))


def main(arguments: Sequence[str] | None = None) -> None:
    command("estimators", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
