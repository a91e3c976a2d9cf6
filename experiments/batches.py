"""What batch does what? Judges against the size of the generated batch, with as many samples seen in all.

    python -m experiments.encoder classifier fashion-mnist
    python -m experiments.batches --features results/encoders/classifier-fashion-mnist-seed0.npz
    python -m experiments.batches --target digits --objectives mmd energy --smoke

Every objective trains the same generator with minibatches of each size, for so many updates that all have seen the same number
of samples: large ones make few updates, each of less noise. (The learning rate is the same for all.) Each size is a comparison
of its own, in ``results/batches/SIZE``, with its report and pictures; a stopped command goes on where it was. A table of each
judge, ``report.md``, ``rows.jsonl`` and ``batches.png`` go to ``results/batches``.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments import compare
from experiments.shared.study import aside, command, origin, table, writable, write_page
from igm_jax import checks
from igm_jax.reporting import read_jsonl, write_jsonl
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended

JUDGED = {"frechet": "Fréchet distance, classifier", "frechet@lite0": "Fréchet distance, Lite0", "w2": "W2"}
"""The judges that a table is made of, where a comparison has them."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Judges against the size of the generated batch, with as many samples seen in all."""

    output: Path = Path("results/batches")
    """The directory for tables, rows, the picture, and the comparison of each size."""
    target: str = "fashion-mnist"
    """What to learn, as ``compare`` takes it."""
    objectives: tuple[str, ...] = ("mmd", "energy", "drifting", "frechet-loss")
    """Which objectives; with ``--features`` all on the encoder's maps."""
    features: Path | None = None
    """The file of an encoder (see ``python -m experiments.encoder``)."""
    sizes: tuple[int, ...] = (64, 256, 1024, 4096)
    """Samples, and data, in a minibatch."""
    seen: int = 65536
    """Samples that each run sees in all."""
    seeds: int = 1
    """Independent runs of each."""
    smoke: bool = False
    """Only try whether everything works: two small sizes, few samples, in results/batches-smoke."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    checks.count("seeds", config.seeds)
    checks.count("seen", config.seen)
    if not config.sizes or list(config.sizes) != sorted(set(config.sizes)):
        raise ValueError(f"`sizes` must hold at least one number, ascending, but is {config.sizes}")
    for size in config.sizes:
        if config.seen % checks.count("sizes", size, least=2):
            raise ValueError(f"`sizes` must divide `seen` = {config.seen}, but one is {size}")
    if config.smoke:
        config = dataclasses.replace(config, sizes=(16, 32), seen=64, seeds=1, output=aside(config.output, True))
    for size in config.sizes:
        compare.checked(_compared(config, size))
    writable(config.output, [f"{size}" for size in config.sizes])
    return config


def _compared(config: Config, size: int) -> compare.Compare:
    """The comparison of one size."""
    return compare.Compare(
        targets=(config.target,),
        objectives=config.objectives,
        features=config.features,
        seeds=config.seeds,
        steps=config.seen // size,
        batch_size=size,
        directory=config.output / f"{size}",
        samples=100 if config.smoke else compare.Compare.samples,
    )


def _words(config: compare.Compare) -> list[str]:
    """The comparison as one types it, so that each can be made again by itself."""
    words: list[Any] = ["--targets", *config.targets, "--objectives", *config.objectives, "--seeds", config.seeds]
    words += ["--steps", config.steps, "--batch-size", config.batch_size, "--directory", config.directory]
    words += ["--samples", config.samples] + ([] if config.features is None else ["--features", config.features])
    return [str(word) for word in words]


def tables(rows: list[dict[str, Any]], sizes: Sequence[int]) -> list[Table]:
    """For each judge the mean over seeds, by objective and size, and what it says of real data."""
    found = []
    for metric, name in JUDGED.items():
        if not any(metric in row["metrics"] for row in rows):
            continue
        lines = [
            [objective, *(_mean(rows, objective, size, metric) for size in sizes)]
            for objective in dict.fromkeys(row["objective"] for row in rows)
        ]
        headings = ("", *(f"{size}: {rows[0]['seen'] // size} updates" for size in sizes))
        caption = f"{rows[0]['seen']} samples seen by every run; mean and half of the range over seeds."
        found.append(table(name, caption, headings, lines))
    return found


def _values(rows: list[dict[str, Any]], objective: str, size: int, metric: str) -> list[float]:
    return [
        row["metrics"][metric]
        for row in rows
        if row["objective"] == objective and row["of"] == size and metric in row["metrics"]
    ]


def _mean(rows: list[dict[str, Any]], objective: str, size: int, metric: str) -> str:
    values = _values(rows, objective, size, metric)
    if not values:
        return ""
    spread = f" ± {(max(values) - min(values)) / 2:.2g}" if len(values) > 1 else ""
    return f"{np.mean(values):.3g}{spread}"


def pictures(rows: list[dict[str, Any]], sizes: Sequence[int]) -> dict[str, tuple[bytes, str]]:
    """Each judge against the size of the batch."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    panels = {}
    for metric, name in JUDGED.items():
        traces = {}
        for objective in dict.fromkeys(row["objective"] for row in rows if "batch_size" in row["config"]):
            known = {size: values for size in sizes if (values := _values(rows, objective, size, metric))}
            if known:
                means, errors = zip(*((np.mean(v), (max(v) - min(v)) / 2) for v in known.values()), strict=True)
                traces[objective] = Trace(list(known), means, errors)
        if traces:
            panels[name] = traces
    drawn = trace_panels(panels, xlabel="samples in a minibatch", ylabel="distance", log=True)
    return {"batches.png": (png(drawn), "Judges against the size of a minibatch, with as many samples seen in all.")}


def run(config: Config) -> None:
    """A comparison of each size; then the tables of all of them."""
    rows: list[dict[str, Any]] = []
    for number, size in enumerate(config.sizes, 1):
        print(f"minibatches of {size} ({number} of {len(config.sizes)})", flush=True)
        single = _compared(config, size)
        if status := compare.main(_words(single)):
            raise SystemExit(status)
        known = read_jsonl(single.directory / "rows.jsonl")
        rows += [{**row, "experiment": "batches", "of": size, "seen": config.seen} for row in known]
    write_jsonl(config.output / "rows.jsonl", rows)
    text = (__doc__ or "").split("\n\n")[2]
    write_page(
        config.output,
        ["# What batch does what\n", text + "\n", origin(rows) + "\n"],
        tables(rows, config.sizes),
        pictures(rows, config.sizes),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    command("batches", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
