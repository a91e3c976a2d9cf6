"""Any randomness into any other: six laws of the plane, every ordered pair, and why some are hard.

    python -m experiments.alchemy             all 36 pairs under energy and Sinkhorn, 6 minutes
    python -m experiments.alchemy --smoke     seconds

A normal law, a cube, a circle (the sphere of the plane), Student's law with three degrees of freedom, nine atoms and two moons,
each of mean 0 and variance 1, are turned into each other by one small perceptron a pair, trained side by side with the same
settings. The energy distance of fresh samples to fresh data is told in multiples of what other data have: 1 is as good as real.

Three reasons why a pair is hard are measured by themselves. Atoms stay atoms: a function has no more values than arguments.
A continuous map of a connected law leaves bridges between modes, and to make them thin it must be steep: from a normal law to
modes of width 1 at ±m the only increasing map has the slope exp(m²/2) at 0. And a map that grows no
faster than linearly makes no tails heavier than it is given: a normal law's stay too light for Student's.

Tables, ``report.md``, ``rows.jsonl``, a matrix of ratios and a sheet of samples for each objective go to ``results/alchemy``.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import Progress
from scipy import stats

from experiments.shared.any_to_any import ATOMS, LAWS, Recipe, drawn, pairs_of, trained
from experiments.shared.study import aside, command, progress, row_maker, table, writable, write
from igm_jax import Objective, checks
from igm_jax.distributions import gaussian_mixture, normal
from igm_jax.networks import mlp
from igm_jax.objectives import energy, energy_distance, sinkhorn
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended
from igm_jax.training import NonFiniteError

OBJECTIVES: dict[str, Callable[[], Objective]] = {
    "energy": energy,
    "Sinkhorn": lambda: sinkhorn(0.3, max_iterations=20),
}
DISTANCES = (1.0, 2.0, 3.0, 4.0)
"""Half the distance m of two modes, in their widths."""
QUANTILES = (0.9, 0.99, 0.999, 0.9999)
NEAR = 0.2
"""What is further from every atom lies between atoms."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Every ordered pair of laws of the plane as base and target."""

    objectives: tuple[str, ...] = tuple(OBJECTIVES)
    """Under which objectives: energy, Sinkhorn."""
    steps: int = 1000
    """Updates of each network."""
    batch_size: int = 128
    """Samples, and data, in each minibatch."""
    rate: float = 3e-3
    """Learning rate of Adam at the beginning."""
    width: int = 64
    """Units of a hidden layer; there are three."""
    judged: int = 2000
    """Samples, and data, that are judged."""
    tail: int = 200_000
    """Samples for quantiles far out."""
    seed: int = 0
    """Of everything."""
    output: Path = Path("results/alchemy")
    """The directory for everything."""
    smoke: bool = False
    """Only try whether everything works: 20 steps, 100 samples, in the output's name with -smoke behind."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name, least in (("steps", 1), ("batch_size", 2), ("width", 1), ("judged", 20), ("tail", 1000)):
        checks.count(name, getattr(config, name), least=least)
    checks.positive("rate", config.rate)
    checks.seed("seed", config.seed)
    checks.choices("objectives", config.objectives, OBJECTIVES)
    if config.smoke:
        small = {"steps": min(config.steps, 20), "batch_size": 16, "width": 8, "judged": 100, "tail": 2000}
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    writable(config.output)
    return config


def recipe_of(config: Config, objective: str) -> Recipe:
    laws = list(LAWS.values())
    net = mlp(2, 2, width=config.width, depth=3)
    return Recipe(net, laws, laws, OBJECTIVES[objective](), config.steps, config.batch_size, config.rate)


def modes_recipe(config: Config, objective: str) -> Recipe:
    """From one normal variable to two modes of width 1 at ±m, for several m."""
    targets = [gaussian_mixture([[-m], [m]], 1.0) for m in DISTANCES]
    net = mlp(1, 1, width=config.width, depth=3)
    return Recipe(net, [normal(1)], targets, OBJECTIVES[objective](), config.steps, config.batch_size, config.rate)


def followed(recipe: Recipe, key: Any, bar: Progress, what: str) -> Any:
    """The trained parameters, with a bar."""
    task, found = bar.add_task(what, total=recipe.steps), None
    for done, found in trained(recipe, key):  # noqa: B007 (the last is what is wanted)
        bar.update(task, completed=done)
    return found


def real_draws(config: Config, number: int) -> np.ndarray:
    """(laws, number, n, 2) draws of every law."""
    keys = jax.random.split(jax.random.key(config.seed + 100), number)
    return np.stack([[np.asarray(law(key, config.judged)) for key in keys] for law in LAWS.values()])


_distance = jax.jit(energy_distance)


def ratios(x: np.ndarray, real: np.ndarray) -> np.ndarray:
    """(bases, targets) energy distances of samples (pairs, n, 2) to data, over the mean one of data to other data."""
    of_real = [
        np.mean([_distance(one, other) for one, other in zip(each[1:], each[:-1], strict=True)]) for each in real
    ]
    of_samples = [_distance(one, real[i % len(real), 0]) for i, one in enumerate(x)]
    return np.reshape(of_samples, (len(real), len(real))) / np.asarray(of_real)[None]


def distinct(x: np.ndarray) -> np.ndarray:
    """(bases, targets) numbers of different samples of each pair."""
    return np.array([len(np.unique(one, axis=0)) for one in x]).reshape(len(LAWS), len(LAWS))


def bridges(x: np.ndarray) -> float:
    """The share of samples (n, 2) that lie further than ``NEAR`` from every atom."""
    nearest = np.min([np.linalg.norm(x - atom[None], axis=1) for atom in ATOMS], axis=0)
    return float(np.mean(nearest > NEAR))


def slope_of(m: float) -> float:
    """The slope at 0 of the increasing map from N(0, 1) to equal modes N(±m, 1): ``φ(0) / φ(m) = exp(m²/2)``."""
    return float(np.exp(m**2 / 2))


def quantile_slope(m: float, step: float = 1e-4) -> float:
    """The same by differences of the quantile map, whose inverse is ``Φ⁻¹(½ Φ(x + m) + ½ Φ(x - m))``."""
    back = [stats.norm.ppf((stats.norm.cdf(x + m) + stats.norm.cdf(x - m)) / 2) for x in (-step, step)]
    return float(2 * step / (back[1] - back[0]))


def steepest(recipe: Recipe, params: Any) -> np.ndarray:
    """(targets,) the largest |slope| of each map of one variable between -3 and 3."""
    grid = jnp.linspace(-3, 3, 6001)

    def slopes(params: Any) -> Any:
        return jax.vmap(jax.grad(lambda z: recipe.network.apply(params, z[None, None])[0, 0]))(grid)

    return np.asarray(jnp.max(jnp.abs(jax.jit(jax.vmap(slopes))(params)), axis=1))


def tail_index(lengths: np.ndarray, share: float = 0.001) -> float:
    """Hill's estimate of the tail index of positive numbers: α where P(length > t) falls as t^-α.

    ``1/α = mean_{i ≤ k} log(l_(i) / l_(k+1))`` of the k largest
    """
    k = max(2, int(share * len(lengths)))
    largest = np.sort(lengths)[-k - 1 :]
    return float(1 / np.mean(np.log(largest[1:] / largest[0])))


def run(config: Config) -> None:
    """Turn everything into everything, then look at the reasons; print the tables and write the files."""
    make_row, names, tables, rows, pictures = row_maker("alchemy", config), list(LAWS), [], [], {}
    real, reasons = real_draws(config, 6), {}
    with progress() as bar:
        for objective in config.objectives:
            recipe = recipe_of(config, objective)
            params = followed(recipe, jax.random.key(config.seed), bar, objective)
            z, x = drawn(recipe, params, jax.random.key(config.seed + 1), config.judged)
            if not np.isfinite(x).all():
                raise NonFiniteError(f"samples under {objective} are not finite; lower `rate`", config.steps, None)
            values, counts = ratios(x, real), distinct(x)
            tables.append(tabulated(objective, config, values))
            modes = modes_recipe(config, objective)
            slopes = steepest(modes, followed(modes, jax.random.key(config.seed + 2), bar, f"{objective}, two modes"))
            far = tails(config, recipe, params)
            reasons[objective] = (x, counts, slopes, far)
            for (base, target), ratio, count in zip(pairs_of(recipe), values.ravel(), counts.ravel(), strict=True):
                found = {"ratio": float(ratio), "distinct": float(count)}
                rows.append(make_row(names[target], f"{objective} from {names[base]}", config.seed, found, None, None))
            for m, slope in zip(DISTANCES, slopes, strict=True):
                found = {"slope": float(slope), "theory": slope_of(m)}
                rows.append(make_row(f"modes at ±{m:g}", objective, config.seed, found, None, None))
            rows += [make_row("tails", f"{objective} from {pair}", config.seed, found, None, None)
                     for pair, found in far.items()]  # fmt: skip
            pictures |= drawings(objective, values, z, x, real[:, 0])
    tables += [atoms_table(reasons), modes_table(reasons), tails_table(config, reasons)]
    text = "\n\n".join(__doc__.split("\n\n")[2:4])
    write(config.output, "Any randomness into any other", text, tables, rows, pictures)


def tails(config: Config, recipe: Recipe, params: Any) -> dict[str, dict[str, float]]:
    """Quantiles of the length of samples of some pairs over those of the target, and their tail index."""
    names, found = list(LAWS), {}
    for base, target in (("normal", "Student"), ("cube", "Student"), ("Student", "Student"), ("Student", "normal")):
        number = names.index(base) * len(names) + names.index(target)
        mine = jax.tree.map(lambda leaf, number=number: leaf[number], params)
        z, other = (
            LAWS[name](jax.random.key(config.seed + i), config.tail) for i, name in enumerate((base, target), 7)
        )
        made, true = (np.linalg.norm(np.asarray(rows), axis=1) for rows in (recipe.network.apply(mine, z), other))
        share = np.quantile(made, QUANTILES) / np.quantile(true, QUANTILES)
        found[f"{base} → {target}"] = {f"{q:g}": float(s) for q, s in zip(QUANTILES, share, strict=True)} | {
            "tail index": tail_index(made), "tail index of the target": tail_index(true)
        }  # fmt: skip
    return found


def tabulated(objective: str, config: Config, values: np.ndarray) -> Table:
    lines = [[name, *(f"{value:.1f}" for value in line)] for name, line in zip(LAWS, values, strict=True)]
    caption = (
        f"Rows are bases, columns targets. Energy distance of {config.judged} samples to as many data, over that of data to"
        f" other data; {config.steps} updates of {config.batch_size}, one run of each."
    )
    return table(f"Any into any, {objective}", caption, ["from \\ to", *LAWS], lines)


def atoms_table(reasons: dict[str, Any]) -> Table:
    names, lines = list(LAWS), []
    for objective, (x, counts, _, _) in reasons.items():
        atoms = names.index("atoms")
        lines.append([f"{objective}, from atoms", *(str(count) for count in counts[atoms])])
        shares = [bridges(x[base * len(names) + atoms]) for base in range(len(names))]
        lines.append([f"{objective}, to atoms", *(f"{share:.1%}" for share in shares)])
    caption = (
        f"From atoms: how many different samples there are, of the target in the column; at most {len(ATOMS)}, whatever the"
        f" training. To atoms: the share of samples further than {NEAR} from every atom, from the base in the column; atoms are"
        f" {ATOMS[1, 0] - ATOMS[0, 0]:.2f} apart."
    )
    return table("Atoms stay atoms, and the connected stays connected", caption, ["", *names], lines)


def modes_table(reasons: dict[str, Any]) -> Table:
    lines = [
        ["exp(m²/2)", *(f"{slope_of(m):.2f}" for m in DISTANCES)],
        ["the quantile map", *(f"{quantile_slope(m):.2f}" for m in DISTANCES)],
        *([f"trained, {objective}", *(f"{slope:.2f}" for slope in found[2])] for objective, found in reasons.items()),
    ]
    caption = "The largest slope of a map of one normal variable to two modes of width 1 at ±m."
    return table("The slope between two modes", caption, ["", *(f"m = {m:g}" for m in DISTANCES)], lines)


def tails_table(config: Config, reasons: dict[str, Any]) -> Table:
    lines = []
    for objective, (_, _, _, far) in reasons.items():
        for pair, found in far.items():
            *shares, own, true = found.values()
            lines.append([f"{objective}, {pair}", *(f"{share:.2f}" for share in shares), f"{own:.1f}", f"{true:.1f}"])
    caption = (
        f"Quantiles of the distance from 0 over those of the target, of {config.tail} samples, and Hill's tail index of the"
        " outermost thousandth: 3 for Student's law, and the larger the lighter the tail."
    )
    headings = ["", *(f"{q:.2%}" for q in QUANTILES), "tail index", "target's"]
    return table("Tails", caption, headings, lines)


def drawings(objective: str, values: np.ndarray, z: np.ndarray, x: np.ndarray, real: np.ndarray) -> dict[str, Any]:
    """The matrix of ratios, and samples of all pairs."""
    from experiments.shared.sheet_of_pairs import sheet_of_pairs
    from igm_jax.reporting.figures import heat_map, png

    word, names = objective.lower(), list(LAWS)
    rows, columns = [f"from {name}" for name in names], [f"to {name}" for name in names]
    matrix = heat_map(values, rows, columns, limits=(1.0, 10.0), label="energy distance / floor", digits=1)
    told = f"{objective}: energy distance to fresh data over that of other data to them; 1 is as good as real."
    shown = (
        f"{objective}: samples on data in grey, a row for each base. A sample's colour is the direction of the base point that"
        " it was made of."
    )
    return {
        f"{word}-ratios.png": (png(matrix), told),
        f"{word}-samples.png": (png(sheet_of_pairs(names, z, x, real)), shown),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    command("alchemy", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
