"""How good samples are: a table of metrics, each beside what real data give against real data.

    python -m experiments.evaluate --real data.npy --fake samples.npy
    python -m experiments.evaluate --real data.npz --real-array images --fake out.npz --image-shape 28 28 1 --train train.npy
    python -m experiments.evaluate --run results/train/energy-grid-seed0 --output table.md rows.jsonl

Two files of samples, .npy or .npz, are compared as they are, or as images in features of random convolutions, and in features
of your own with ``--features mine:function``, a function in mine.py. ``--judge-files inception=FILE clean-fid=FILE dinov2=FILE``
compares images in features of published networks, too, of which Inception takes a fifth of a second an image and core. A run
of ``experiments.train`` is judged from its newest checkpoint, finished or not, in the way of ``experiments.compare``: fresh
samples of the averaged generator against held-out data.
"""

import dataclasses
import sys
import typing
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from rich.console import Console

from experiments.configs import OBJECTIVES, TARGETS, Adam, Critic, FeatureCritic, Pushforward
from experiments.configs.features import SUFFIX
from experiments.shared.comparison import Comparison, own_units
from experiments.shared.judge_files import judge_files, seen_by
from experiments.shared.judging import NAMES, judges, paneled, silently
from experiments.shared.layout import Layout
from experiments.shared.outputs import check_output
from experiments.shared.points import points, with_distances
from experiments.shared.seen import seen_through
from experiments.shared.study import ended_with, row_maker
from experiments.train import Train, prepared
from igm_jax import checks
from igm_jax.distributions import Scaling
from igm_jax.evaluation import (
    evaluate_images,
    floor,
    measures_of,
    unlike_ranges,
)
from igm_jax.reporting import FLOOR, Cell, Line, Table, to_console, to_markdown, write_jsonl, write_whole
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import RunMismatchError, load_generator, read_config

FEWEST = 20
FORMATS = (".md", ".jsonl")


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Judge samples from two files, or the newest checkpoint of a run."""

    real: Path | None = None
    """Real samples that the model has not seen, .npy or .npz; with --run, in place of the run's own held-out data."""
    fake: Path | None = None
    """Generated samples, .npy or .npz."""
    run: Path | None = None
    """The directory of a run of experiments.train, in place of --fake."""
    train: Path | None = None
    """The data that the model was trained on, for memorisation and authenticity."""
    real_array: str | None = None
    """Which array of a .npz file holds the real samples; may be left out if it holds only one."""
    fake_array: str | None = None
    """The same for the generated samples."""
    train_array: str | None = None
    """The same for the training data."""
    features: str | None = None
    """module:function of yours, from the current directory: (n, d) rows, or (n, h, w, c) images, in the samples' units, become
    (n, k) features, in which Fréchet distance, KID, precision and recall are told, too."""
    judge_files: tuple[str, ...] = ()
    """Published networks for images and your files of them, inception=FILE, clean-fid=FILE or dinov2=FILE; the numbers above are
    told in the features of each, and its Fréchet distance is the published one."""
    image_shape: tuple[int, int, int] | None = None
    """Height, width and channels, if the samples are images; files that hold them in another order are refused."""
    size: int = 1000
    """How many samples of each to compare, at most; half of the real ones at most, so that there is a floor."""
    floors: int = 5
    """Random splits of the real data for the floor."""
    seed: int = 0
    """Seed of everything random."""
    judges: tuple[Literal["lite0", "classifier", "random"], ...] = NAMES
    """Whose opinion to ask of images: EfficientNet-Lite0's from 28 pixels on (the extra ``judges``), of a run a classifier's."""
    keep: Path = Path("results/judges")
    """Where the classifier is kept."""
    output: tuple[Path, ...] = ()
    """Files to write as well: .md for the table, .jsonl for all numbers; older files are replaced."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status is 0, or 2 for a wrong config or a bad file."""
    config = command_line(Evaluate, arguments, "python -m experiments.evaluate")
    try:
        _check(config)
        comparison = compared(config)
        if note := unlike_ranges(real=comparison.real, fake=comparison.fake):
            print(f"note: {note}", file=sys.stderr)
        ours = comparison.judge(real=comparison.real, fake=comparison.fake)
        size = len(comparison.real)
        floors = floor(comparison.judge, comparison.pool, size, range(config.floors), fake_size=len(comparison.fake))
        table = summary(comparison, ours, floors)
        for path in config.output:
            if path.suffix == ".md":
                write_whole(path, to_markdown(table) + "\n")
            else:
                write_jsonl(path, _rows(config, comparison, ours, floors))
    except (ValueError, TypeError, OSError, ImportError) as error:
        return ended_with(error)
    Console().print(to_console(table))
    return 0


def compared(config: Evaluate) -> Comparison:
    """What a config asks to compare, at one size throughout, with all files read and checked.

    Raises:
        ValueError, TypeError, OSError, ImportError: for files or choices that will not do; each text says what to do.
    """
    if config.run is not None:
        whole = _of_run(config, config.run)
    elif config.real is not None and config.fake is not None:
        whole = _of_files(config, config.real, config.fake)
    else:
        raise ValueError("give --real and --fake, two files of samples, or --run, the directory of a run")
    if whole.real.shape[1] != whole.fake.shape[1]:
        raise ValueError(
            f"real and generated samples must have the same number of features, but have shapes {whole.real.shape} and"
            f" {whole.fake.shape}; compare samples of one space"
        )
    size = min(config.size, len(whole.real), len(whole.fake), len(whole.pool) // 2)
    if size < FEWEST:
        raise ValueError(
            f"a comparison takes at least {FEWEST} samples of each and {2 * FEWEST} real ones for the floor, but there are"
            f" {len(whole.fake)} generated and {len(whole.pool)} real ones (--size is {config.size}); give more samples"
        )
    # In random order: files are often sorted.
    rng = np.random.default_rng(config.seed)
    real, fake = (x[rng.permutation(len(x))[:size]] for x in (whole.real, whole.fake))
    return _seen(config, whole._replace(real=real, fake=fake))


def _seen(config: Evaluate, given: Comparison) -> Comparison:
    """The comparison with numbers in the user's features and published ones, which are tried on a few samples."""
    several = () if config.features is None else (seen_through(config.features, given.image_shape),)
    files = judge_files(config.judge_files)
    published = seen_by(files, given.image_shape, given.units()) if files else ()
    return given.seen_through((*several, *published), config.seed)


def _check(config: Evaluate) -> None:
    """Refuse impossible configs before any work."""
    if config.run is not None and config.fake is not None:
        raise ValueError("give either --fake, a file of samples, or --run, a run's directory, but not both")
    ours = [name for name in ("train", "real_array", "train_array", "image_shape") if getattr(config, name) is not None]
    if config.run is not None and config.real is None and ours:
        option = f"--{ours[0].replace('_', '-')}"
        raise ValueError(f"{option} goes with files, but the run is judged by its own data; add --real, or drop it")
    checks.count("--size", config.size, least=FEWEST)
    checks.count("--floors", config.floors)
    checks.seed("--seed", config.seed)
    if config.features is not None:
        seen_through(config.features)
    files = {f"{name} of --judge-files": path for name, path in judge_files(config.judge_files).items()}
    for path in config.output:
        checks.choice("the ending of --output", path.suffix, FORMATS)
        read = {"--real": config.real, "--fake": config.fake, "--train": config.train, **files}
        check_output("--output", path, read, config.run)


def _of_files(config: Evaluate, real: Path, fake: Path) -> Comparison:
    known = _files(config)
    held_out, generated = known.read("real"), known.read("fake")
    shape, judge = config.image_shape, _judge(config, known, held_out)
    return Comparison(fake.stem, real.stem, held_out, generated, held_out, image_shape=shape, **judge)


def _files(config: Evaluate, image_shape: tuple[int, int, int] | None = None) -> Layout:
    """The files that a config names, all of one layout, or an error."""
    named = {name: (getattr(config, name), getattr(config, f"{name}_array")) for name in ("real", "fake", "train")}
    there = {name: file for name, file in named.items() if file[0] is not None}
    known = Layout(there, config.image_shape or image_shape)
    known.check()
    return known


def _judge(config: Evaluate, known: Layout, real: np.ndarray, scaling: Scaling | None = None) -> dict[str, Any]:
    """The judge of a comparison of samples of which nothing more is known, and in whose features it judges."""
    train = known.read("train") if "train" in known.files else None
    if known.image_shape is None:
        return {"judge": silently(partial(points, train=train, seed=config.seed))}
    panel = paneled(known.image_shape, scaling or own_units(real), config.judges, draws=6, seed=config.seed)
    judge = partial(evaluate_images, **panel.sets(), train=train, seed=config.seed)
    return {"judge": silently(judge), "judged": panel.judge.name}


def _of_run(config: Evaluate, directory: Path) -> Comparison:
    stored: Any = read_config(directory).get("config")
    trained = _config_of(stored, directory)
    problem, generator, _ = prepared(trained)
    if stored.get("data") != problem.fingerprint:
        raise RunMismatchError(
            f"the data that {directory} learned from are not those that are there now; put the files back as they were, or give"
            " held-out samples with --real"
        )
    through = str(stored.get("encoder", "")).partition(" ")[0]
    if through in judge_files(config.judge_files):
        raise ValueError(
            f"{directory} was trained in the maps of {through}, which then says nothing as a judge; leave it out of --judge-files"
        )
    # The generator alone: what an objective learned, such as an encoder that lies elsewhere by now, is not needed.
    found = load_generator(directory, generator=generator)
    draw = jax.jit(generator.sample, static_argnums=2)
    fake = np.asarray(draw(found.average, jax.random.key(config.seed), config.size))
    name = f"{trained.objective.name}{SUFFIX if 'encoder' in stored else ''}, step {found.step}"
    if config.real is not None:
        known = _files(config, problem.space.image_shape)
        real = known.read("real")
        shape, scaling = known.image_shape, None if problem.splits is None else problem.splits.scaling
        judge = _judge(config, known, real, scaling)
        return Comparison(name, config.real.stem, real, fake, real, image_shape=shape, scaling=scaling, **judge)
    if problem.splits is None:
        real = np.asarray(problem.held_out(jax.random.key(config.seed + 1), 2 * config.size))
        final = with_distances(judges(problem, FEWEST, None).final, config.seed)
        return Comparison(name, problem.name, real, fake, real, final)
    known = judges(problem, config.size, config.keep, config.judges)
    pool = problem.some(["test", "validation"], 4 * config.size)
    final = known.final if problem.of_images else with_distances(known.final, config.seed)
    shape, scaling = problem.space.image_shape, problem.splits.scaling
    return Comparison(name, problem.name, known.real, fake, pool, final, shape, scaling=scaling, judged=known.judge)


def _config_of(stored: Any, directory: Path) -> Train:
    """The choices that made a run, from its config."""
    kinds = (*OBJECTIVES.values(), *TARGETS.values(), Pushforward, Adam, Critic, FeatureCritic)
    by_name = {kind.__name__: kind for kind in kinds}

    def built(value: Any, hint: Any = None) -> Any:
        if isinstance(value, dict):
            kind = by_name[value["kind"]]
            hints = typing.get_type_hints(kind)
            return kind(**{name: built(part, hints[name]) for name, part in value.items() if name != "kind"})
        if isinstance(value, list):
            return tuple(built(part) for part in value)
        return Path(value) if hint is Path else value

    wanted = {field.name for field in dataclasses.fields(Train)}
    try:
        return Train(**{name: built(part) for name, part in stored.items() if name in wanted})
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunMismatchError(
            f"{directory} does not hold a run of this version of experiments.train ({type(error).__name__}: {error});"
            " evaluate its samples.npz with --fake and --real instead"
        ) from error


def summary(comparison: Comparison, ours: dict[str, float], floors: dict[str, list[float]]) -> Table:
    """The table of a comparison: a measure a line, beside its floor, which has a number for each split of the real data."""
    arrows = {"lower": " ↓", "higher": " ↑", None: ""}
    lines = []
    for measure in (*measures_of(ours, comparison.judged), *comparison.more):
        values, own = np.array(floors[measure.name]), ours[measure.name]
        spread = values.std(ddof=len(values) > 1)
        real = f"{measure.sign(values)}{values.mean():.{measure.digits}f} ± {spread:.{measure.digits}f}"
        cells = Cell(f"{measure.sign([own])}{own:.{measure.digits}f}"), Cell(real)
        lines.append(Line(measure.label + arrows[measure.better], cells))
    caption = (
        f"{len(comparison.fake)} generated samples against {len(comparison.real)} real ones. {FLOOR.capitalize()}: as many real"
        f" ones against other real ones, mean ± standard deviation over {len(next(iter(floors.values())))} random splits;"
        " no model can be expected to do better."
    )
    if "mmd2" in ours:
        caption += " MMD² is unbiased, with a Gaussian kernel as wide as the median distance of all samples."
    title = f"{comparison.name} on {comparison.target}"
    return Table(title, caption, ("measure", comparison.name, FLOOR), tuple(lines))


def _rows(config: Evaluate, comparison: Comparison, ours: dict, floors: dict[str, list[float]]) -> list[dict]:
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name != "output"}
    make_row = row_maker("evaluate", settings)
    rows = [make_row(comparison.target, comparison.name, config.seed, ours, None, None)]
    each = [{name: values[seed] for name, values in floors.items()} for seed in range(config.floors)]
    rows += [make_row(comparison.target, FLOOR, seed, metrics, None, None) for seed, metrics in enumerate(each)]
    return [{**row, "judge": comparison.judged} for row in rows]


if __name__ == "__main__":
    ended(main)
