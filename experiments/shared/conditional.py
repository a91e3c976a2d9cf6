"""Conditional problems: what to learn p(x | c) on, and the conditions that it is judged under, seen or beyond."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.shared.rivals import Shape
from igm_jax import Batch, checks, data, kernels
from igm_jax.base import Target
from igm_jax.distributions import ConditionalLaw, Lorenz96, bimodal, heteroscedastic, preadditive
from igm_jax.distributions.conditional import SHAPES
from igm_jax.extras import unusable

EVERY = 0.2
"""Time between two states of Lorenz 96, in the model's own unit: how far ahead one step forecasts."""

HELD = 1000
"""Conditions of a law, or rows of data, that are judged."""


class Held(NamedTuple):
    """What is held out: conditions (c, e), a datum (c, d) under each, and which hang together, or None."""

    condition: np.ndarray
    real: np.ndarray
    blocks: np.ndarray | None = None


class Conditional(NamedTuple):
    """A conditional problem.

    Attributes:
        name: for tables.
        target: ``(key, n) -> Batch``, what is learned from.
        shape: features, and the median distance of pairs.
        held: the parts that are judged, by name; "within" comes first.
        names: of the features of a sample.
        law: the law itself, where it is known.
        told: sentences about the data.
    """

    name: str
    target: Target
    shape: Shape
    held: dict[str, Held]
    names: tuple[str, ...]
    law: ConditionalLaw | None = None
    told: tuple[str, ...] = ()


def of_law(law: ConditionalLaw, beyond: Callable[[Any, int], Any] | None = None) -> Conditional:
    """A law as a problem; ``beyond`` draws conditions outside of the range of training."""
    batch = law(jax.random.key(10), HELD)
    held = {"within": Held(np.asarray(batch.condition), np.asarray(batch.values))}
    if beyond is not None:
        c = beyond(jax.random.key(11), HELD)
        held["beyond"] = Held(np.asarray(c), np.asarray(law.sample(jax.random.key(12), c, 1)[:, 0]))
    return Conditional(law.name, law, _shape(batch), held, tuple(f"x{i}" for i in range(law.dim)), law)


def _shape(batch: Batch) -> Shape:
    rows = jnp.concatenate([jnp.asarray(batch.values), jnp.asarray(batch.condition)], axis=1)[:1024]
    return Shape(batch.values.shape[1], batch.condition.shape[1], float(kernels.median_bandwidth(rows)))


def _engression(shape: str) -> Conditional:
    high = SHAPES[shape][1][1]
    return of_law(preadditive(shape), lambda key, n: high + 2 * jax.random.uniform(key, (n, 1)))


def of_arrays(
    name: str, values: np.ndarray, condition: np.ndarray, held: dict[str, Held], names: Any, told: Any
) -> Conditional:
    """Rows of training data as a problem: minibatches are drawn from them."""
    x, c = jnp.asarray(values, jnp.float32), jnp.asarray(condition, jnp.float32)

    def target(key: Any, n: int) -> Batch:
        index = jax.random.randint(key, (n,), 0, len(x))
        return Batch(x[index], condition=c[index])

    order = np.random.default_rng(0).permutation(len(x))[:1024]
    return Conditional(name, target, _shape(Batch(x[order], c[order])), held, tuple(names), None, tuple(told))


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """Some of the rows, each at most once."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])


# --- the ocean ---

HELD_OUT = ((150.0, 260.0), (-60.0, 10.0))
"""Degrees of longitude east and of latitude: the south-eastern Pacific, which training does not see. Fixed beforehand."""


def place_of(condition: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude east and latitude of conditions of the ocean's table, in degrees."""
    return np.rad2deg(np.arctan2(condition[:, 4], condition[:, 3])) % 360, 90 * condition[:, 2]


def region_of(condition: np.ndarray) -> np.ndarray:
    """The number of the square of ten degrees that each condition lies in."""
    east, north = place_of(condition)
    return np.asarray(
        (np.floor((north + 90) / data.earth.REGION) * 36 + np.floor(east / data.earth.REGION)).astype(int)
    )


def ocean(folder: Path | None = None) -> Conditional:
    """The climate of the oceans, one of which is held out; within, whole squares of ten degrees are."""
    splits = data.ocean_climate(folder)
    parts = [splits.train, splits.validation, splits.test]
    away = [_held_out(np.asarray(part.condition)) for part in parts]
    values, condition = (np.asarray(one)[~away[0]] for one in (splits.train.values, splits.train.condition))
    every = [np.concatenate([np.asarray(getattr(part, name)) for part in parts]) for name in ("values", "condition")]
    beyond = _some(np.flatnonzero(np.concatenate(away)), 4 * HELD)
    test_values, test_condition = (np.asarray(one)[~away[2]] for one in (splits.test.values, splits.test.condition))
    within = _some(np.arange(len(test_values)), 4 * HELD)
    held = {
        "within": Held(test_condition[within], test_values[within], region_of(test_condition[within])),
        "beyond": Held(every[1][beyond], every[0][beyond], region_of(every[1][beyond])),
    }
    told = [
        f"Training sees {len(values)} rows of the oceans but for {HELD_OUT[0][0]:g} to {HELD_OUT[0][1]:g} degrees east and"
        f" {HELD_OUT[1][0]:g} to {HELD_OUT[1][1]:g} degrees north, which is `beyond`; `within` are squares of ten degrees"
        " elsewhere that training did not see. Squares are the blocks of all intervals and errors.",
    ]
    return of_arrays("ocean-climate", values, condition, held, splits.columns, told)


def _held_out(condition: np.ndarray) -> np.ndarray:
    east, north = place_of(condition)
    (west, to), (south, high) = HELD_OUT
    return (east >= west) & (east < to) & (north >= south) & (north < high)


def lorenz() -> Conditional:
    """Lorenz 96: the change of the large waves over one step, given them."""
    model, keys = Lorenz96(), jax.random.split(jax.random.key(0))
    train, test = (
        np.asarray(model.trajectories(key, runs=runs, records=records, every=EVERY))
        for key, runs, records in zip(keys, (250, HELD), (21, 2), strict=True)
    )
    mean, spread = train.mean(), train.std()
    train, test = (train - mean) / spread, (test - mean) / spread
    held = {"within": Held(test[0], test[1] - test[0])}
    now, then = (part.reshape(-1, 8) for part in (train[:-1], train[1:]))
    names = [f"wave {number}" for number in range(8)]
    told = ["Independent runs of the model; made by the project's own integrator."]
    return of_arrays("lorenz96", then - now, now, held, names, told)


def diabetes() -> Conditional:
    """scikit-learn's diabetes: progression after a year given ten measurements, 442 people."""
    try:
        from sklearn.datasets import load_diabetes
    except Exception as error:
        raise unusable("the target diabetes", "scikit-learn", error) from error
    table: Any = load_diabetes()
    order = np.random.default_rng(0).permutation(len(table.target))
    test, train = order[:110], order[110:]
    condition = table.data / table.data[train].std(axis=0)
    value = ((table.target - table.target[train].mean()) / table.target[train].std())[:, None]
    held = {"within": Held(condition[test].astype(np.float32), value[test].astype(np.float32))}
    return of_arrays(
        "diabetes", value[train], condition[train], held, ["progression"], ["A quarter of the people is held out."]
    )


def of_table(path: Path, outcome: tuple[str, ...], condition: tuple[str, ...]) -> Conditional:
    """Columns of a person's own table given others."""
    if not outcome or not condition:
        raise ValueError(
            f"of the table {path} say which columns are learned and which are given: --outcome NAME ... --condition NAME ..."
        )
    splits = data.table(path, outcome, condition, missing="drop")
    test = splits.test if len(splits.test.values) >= 2 else splits.validation
    held = {"within": Held(np.asarray(test.condition), np.asarray(test.values))}
    lines = () if splits.report is None else splits.report.lines()
    return of_arrays(splits.name, splits.train.values, splits.train.condition, held, splits.columns, lines)


PROBLEMS: dict[str, Callable[[], Conditional]] = {
    "heteroscedastic": lambda: of_law(heteroscedastic(1)),
    "heteroscedastic-2": lambda: of_law(heteroscedastic(2)),
    "heteroscedastic-10": lambda: of_law(heteroscedastic(10)),
    "bimodal": lambda: of_law(bimodal(1)),
    "bimodal-2": lambda: of_law(bimodal(2)),
    "bimodal-10": lambda: of_law(bimodal(10)),
    **{shape: (lambda shape=shape: _engression(shape)) for shape in SHAPES},
    "lorenz96": lorenz,
    "ocean-climate": ocean,
    "diabetes": diabetes,
}
"""The conditional problems that have a name."""


def problem_of(word: str, outcome: tuple[str, ...] = (), condition: tuple[str, ...] = ()) -> Conditional:
    """The problem that a word of the command line means.

    Raises:
        ValueError, OSError, ImportError: for a name that is none, a table without columns, data that are not there.
    """
    name, colon, path = word.partition(":")
    if name == "table" and colon:
        return of_table(Path(path), outcome, condition)
    return PROBLEMS[checks.choice("targets", word, [*PROBLEMS, "table:FILE"])]()
