"""Whether judges see what they must: the Fréchet distance of damaged held-out images, under each judge.

    python -m experiments.judges                              Fashion-MNIST, about two minutes on two cores
    python -m experiments.judges --target images:FOLDER       pictures of your own
    python -m experiments.judges --smoke

Images that no judge was trained on are damaged (noise, blur, classes that are missing, few originals repeated), each by growing
strengths, and compared with as many other ones. A judge that can be relied on gives a larger distance for every more damage.

A table, rows and a picture go to ``results/damaged``; where a distance does not grow, the report says so.
"""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from experiments.compare import problem_of
from experiments.configs import Problem
from experiments.shared.damage import Damage, Pool, damages_for
from experiments.shared.judging import NAMES, Panel, check_names, panel_of
from experiments.shared.study import aside, command, row_maker, table, writable, write
from igm_jax import checks
from igm_jax.evaluation import Judge, frechet_distance, measures_of
from igm_jax.evaluation.measures import suffixed
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended

FEWEST = 40
NONE = "none"


@dataclasses.dataclass(frozen=True)
class Config:
    """Damage held-out images and see what each judge says."""

    target: str = "fashion-mnist"
    """A data set of images: its name, or images:FOLDER, file:FILE ... of your own."""
    judges: tuple[Literal["lite0", "classifier", "random"], ...] = NAMES
    """Which judges; Lite0 from 28 pixels on (the extra ``judges``), the classifier where there are labels."""
    samples: int = 1000
    """Images on either side; at most half of those that are held out."""
    seed: int = 0
    """Of the choice of images and the noise."""
    output: Path = Path("results/damaged")
    """The directory for table, rows and picture."""
    smoke: bool = False
    """Only try whether everything works: the digits of 8 × 8 pixels, few images."""


class Found(NamedTuple):
    """The distances of one kind of damage.

    Attributes:
        damage: its name.
        strengths: ascending, after none.
        distances: for each measure's key one more number than there are strengths, the first of images that are whole.
    """

    damage: str
    strengths: tuple[float, ...]
    distances: dict[str, list[float]]


def prepared(config: Config) -> Config:
    """The config, checked before any work."""
    if config.smoke:
        config = dataclasses.replace(config, target="digits", samples=100, output=aside(config.output, True))
    checks.count("--samples", config.samples, least=FEWEST)
    checks.seed("--seed", config.seed)
    problem = problem_of(config.target)
    if not problem.of_images:
        raise ValueError(f"--target must be a data set of images, but {config.target} is none; try fashion-mnist")
    check_names(problem, config.judges)
    pool, _ = _pool(problem, config)
    for damage in _ways(problem, pool).values():
        if damage.needs_labels:  # which may leave too few images
            damage.apply(pool, damage.strengths[-1])
    writable(config.output)
    return config


def run(config: Config) -> list[str]:
    """Everything, written to the directory; sentences about where a distance does not grow."""
    begun = time.perf_counter()
    problem = problem_of(config.target)
    pool, real = _pool(problem, config)
    splits = problem.splits
    assert splits is not None
    panel = panel_of(splits, config.output / "judges", config.judges)
    ways = _ways(problem, pool)
    found = [measured(name, damage, pool, real, panel) for name, damage in ways.items()]
    told = exceptions(found)
    seconds = time.perf_counter() - begun
    make_row = row_maker("judges", config)
    rows = []
    for each in found:
        for place, strength in enumerate((0.0, *each.strengths)):
            metrics = {key: values[place] for key, values in each.distances.items()}
            objective = f"{each.damage} {strength:g}" if strength else f"{each.damage} {NONE}"
            rows.append(make_row(problem.name, objective, config.seed, metrics, None, None, strength=strength))
    size = f"{pool.n} held-out images against {len(real)} others of {problem.name}, in {seconds:.0f} s."
    verdict = " ".join(told) or "Every distance grows with every strength."
    text = f"{' '.join(__doc__.split(chr(10) + chr(10))[2].split())} {size}\n\n{verdict}"
    write(config.output, "What judges see", text, [tabulated(found)], rows, {"judges.png": drawn(found, ways)})
    return told


def _pool(problem: Problem, config: Config) -> tuple[Pool, np.ndarray]:
    """The images to damage and those to compare with, drawn at random from all that are held out."""
    splits = problem.splits
    assert splits is not None
    assert splits.image_shape is not None
    parts = (splits.test, splits.validation)
    values = np.concatenate([np.asarray(part.values) for part in parts])
    labels = None if splits.test.labels is None else np.concatenate([np.asarray(part.labels) for part in parts])
    order = np.random.default_rng(config.seed).permutation(len(values))
    n = min(config.samples, len(values) // 2)
    if n < FEWEST:
        raise ValueError(f"{problem.name} has {len(values)} held-out images, but {2 * FEWEST} are needed; add data")
    real, rest = order[:n], order[n:]
    whole = np.asarray(splits.train.values)
    limits = float(whole.min()), float(whole.max())
    chosen = None if labels is None else labels[rest]
    return Pool(values[rest], chosen, n, splits.image_shape, limits, config.seed), values[real]


def _ways(problem: Problem, pool: Pool) -> dict[str, Damage]:
    assert problem.splits is not None
    return damages_for(pool.labels, len(problem.splits.label_names))


def measured(name: str, damage: Damage, pool: Pool, real: np.ndarray, panel: Panel) -> Found:
    """The distances of whole images and of damaged ones, under each judge."""
    sets = [pool.values[: pool.n], *(damage.apply(pool, strength) for strength in damage.strengths)]
    alone = [judge for judge in (panel.judge, *panel.more) if not judge.name.startswith("random")]
    random = [*([] if panel.judge in alone else [panel.judge]), *panel.random_judges]
    distances = {suffixed("frechet", judge.name): _distances(judge, real, sets) for judge in alone}
    if random:
        distances["random_frechet"] = np.mean([_distances(judge, real, sets) for judge in random], axis=0).tolist()
    return Found(name, damage.strengths, distances)


def _distances(judge: Judge, real: np.ndarray, sets: Sequence[np.ndarray]) -> list[float]:
    seen = judge.features(real)
    return [frechet_distance(real=seen, fake=judge.features(fake)) for fake in sets]


def exceptions(found: Sequence[Found]) -> list[str]:
    """A sentence for each distance that does not grow with the strength of a damage."""
    told = []
    for each in found:
        strengths = [NONE, *(f"{strength:g}" for strength in each.strengths)]
        for measure in measures_of(each.distances):
            values = each.distances[measure.name]
            for place in np.flatnonzero(np.diff(values) <= 0):
                told.append(
                    f"The {measure.label} does not grow from {each.damage} {strengths[place]} to {strengths[place + 1]}:"
                    f" {values[place]:.4g}, {values[place + 1]:.4g}."
                )
    return told


def tabulated(found: Sequence[Found]) -> Table:
    """A line for each strength, a column for each judge."""
    measures = measures_of(found[0].distances)
    lines = []
    for each in found:
        for place, strength in enumerate((NONE, *(f"{strength:g}" for strength in each.strengths))):
            cells = [each.distances[measure.name][place] for measure in measures]
            lines.append([f"{each.damage} {strength}", *(f"{value:.4g}" for value in cells)])
    caption = "A judge's distances compare with each other only; of whole images they are the floor."
    return table("Fréchet distance of damaged images", caption, ["damage", *(m.label for m in measures)], lines)


def drawn(found: Sequence[Found], ways: dict[str, Damage]) -> tuple[bytes, str]:
    """How many times the distance of whole images each damage gives, and what is to be seen."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    panels: dict[str, dict[str, Any]] = {}
    for each in found:
        names = {m.name: m.label.removeprefix("Fréchet (").rstrip(")") for m in measures_of(each.distances)}
        panels[f"{each.damage} ({ways[each.damage].unit})"] = {
            names[key]: Trace(each.strengths, np.array(values[1:]) / values[0])
            for key, values in each.distances.items()
        }
    caption = "The Fréchet distance of damaged images over that of whole ones, under each judge."
    return png(trace_panels(panels, xlabel="strength", ylabel="times the floor", columns=2)), caption


def main(arguments: Sequence[str] | None = None) -> None:
    for sentence in command("judges", Config, __doc__, prepared, run, arguments):
        print(sentence)


if __name__ == "__main__":
    ended(main)
