"""Ways to learn p(x | c), compared: scores of draws, pairs matched by any objective, and densities with a formula.

    python -m experiments.forecasts                                    two laws that are known, minutes
    python -m experiments.forecasts --targets ocean-climate --methods fair crps gaussian
    python -m experiments.forecasts --targets table:mine.csv --outcome y --condition a b
    python -m experiments.forecasts --smoke                            seconds

All get the same updates, batches, width and optimiser. Under each held-out condition draws are made and judged: the fair energy
score and the CRPS with their errors, regret (the score minus that of the law, where it is known), how often data lie in intervals
of 90 %, spread beside skill, how flat ranks are, and a test of the pairs that permutes within conditions. Where a problem has
conditions beyond those of training, they stand in a table of their own.

The tables are printed; ``report.md``, ``rows.jsonl`` and pictures go to ``results/forecasts``.
"""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.shared.conditional import Conditional, Held, problem_of
from experiments.shared.rivals import METHODS, Effort, Method, method, trained
from experiments.shared.study import aside, command, progress, row_maker, table, writable, write
from igm_jax import checks
from igm_jax.evaluation import (
    conditional_two_sample_test,
    interval_coverage,
    mean_crps,
    mean_energy_score,
    rank_histogram,
    spread_skill,
)
from igm_jax.objectives import energy_score
from igm_jax.reporting import write_jsonl
from igm_jax.reporting.terminal import ended

SHOWN = ("energy score", "CRPS", "regret", "coverage", "spread / skill", "worst bin", "test, p")
LEVEL, BINS = 0.9, 10
DATA_OF_LAW = 200


@dataclasses.dataclass(frozen=True)
class Config:
    """Ways to learn p(x | c) under one budget."""

    targets: tuple[str, ...] = ("heteroscedastic", "bimodal")
    """What to learn: laws that are known, ocean-climate, diabetes, lorenz96, or table:FILE, your own."""
    methods: tuple[str, ...] = METHODS
    """Which ways, by name."""
    outcome: tuple[str, ...] = ()
    """Of a table of your own: the columns to learn; rows of which something is missing are left out."""
    condition: tuple[str, ...] = ()
    """Of a table of your own: the columns that are given."""
    steps: int = 2000
    """Updates of each."""
    batch_size: int = 256
    """Conditions in each minibatch."""
    draws: int = 2
    """Samples under each condition, for scores."""
    members: int = 99
    """Draws under each held-out condition, that are judged."""
    seeds: int = 3
    """Independent runs of each, side by side."""
    seed: int = 0
    """The first seed."""
    output: Path = Path("results/forecasts")
    """The directory for everything."""
    smoke: bool = False
    """Only try whether everything works: at most 20 steps, 2 seeds, 19 members, in the output's name with -smoke behind."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("steps", "batch_size", "seeds"):
        checks.count(name, getattr(config, name))
    checks.count("draws", config.draws, least=2)
    checks.count("members", config.members, least=19)
    if (config.members + 1) % BINS:
        near = (config.members + 1) // BINS * BINS + BINS - 1
        told = f"`members` must be one less than a multiple of {BINS}, for bins of ranks, but is {config.members}; take {near}"
        raise ValueError(told)
    checks.seed("seed", config.seed)
    checks.choices("methods", config.methods, METHODS)
    checks.choices("targets", config.targets, config.targets)
    if config.smoke:
        small = {"steps": min(config.steps, 20), "batch_size": min(config.batch_size, 32), "seeds": 2, "members": 19}
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    for word in config.targets:
        problem_of(word, config.outcome, config.condition)
    writable(config.output)
    return config


_scored = jax.jit(energy_score)


def judged(problem: Conditional, held: Held, draws: np.ndarray) -> dict[str, float]:
    """What is said of draws (c, k, d) under the conditions of a part; NaN for all where some draws are no numbers."""
    if not np.isfinite(draws).all():
        return dict.fromkeys(judged(problem, held, np.zeros_like(draws)), float("nan"))
    score, margin = (one(real=held.real, draws=draws, blocks=held.blocks) for one in (mean_energy_score, mean_crps))
    cover = interval_coverage(real=held.real, draws=draws, level=LEVEL, blocks=held.blocks)
    spread = spread_skill(real=held.real, draws=draws)
    ranks = rank_histogram(real=held.real, draws=draws, bins=BINS)
    found = {
        "energy score": score.value, "energy score, error": score.standard_error,
        "CRPS": margin.value, "CRPS, error": margin.standard_error,
        "coverage": float(cover.share.mean()), "spread / skill": float(np.median(spread.ratio)),
        "worst bin": float(np.abs(ranks.counts * BINS / len(held.real) - 1).max()),
        "test, p": tested(held, draws),
    }  # fmt: skip
    found |= {f"coverage, {name}": float(share) for name, share in zip(problem.names, cover.share, strict=True)}
    found |= {f"coverage, {name}, low": float(end) for name, end in zip(problem.names, cover.low, strict=True)}
    found |= {f"coverage, {name}, high": float(end) for name, end in zip(problem.names, cover.high, strict=True)}
    if problem.law is not None:
        few = slice(0, 300)
        data = problem.law.sample(jax.random.key(20), jnp.asarray(held.condition[few]), DATA_OF_LAW)
        ours = np.asarray(_scored(jnp.asarray(draws[few], jnp.float32), data))
        found["regret"] = float(np.mean(ours - problem.law.energy_score(held.condition[few])))
    return found


def tested(held: Held, draws: np.ndarray) -> float:
    """The p-value of the test of pairs, of one condition of each block, as those of a block hang together; at most 500."""
    blocks = np.arange(len(held.real)) if held.blocks is None else held.blocks
    order = np.random.default_rng(0).permutation(len(blocks))
    first = order[np.unique(blocks[order], return_index=True)[1]]
    chosen = np.random.default_rng(1).permutation(first)[:500]
    if len(chosen) < 2:
        return float("nan")
    parts = {"real": held.real[chosen], "fake": draws[chosen, 0], "condition": held.condition[chosen]}
    return conditional_two_sample_test(**parts, num_permutations=999).p_value


def drawn(way: Method, states: Any, keys: Any, held: Held, members: int) -> np.ndarray:
    """(seeds, c, k, d) draws under the conditions of a part."""
    draw = jax.jit(jax.vmap(lambda state, key: way.sample(state, key, jnp.asarray(held.condition), members)))
    return np.asarray(draw(states, keys))


def run(config: Config) -> None:
    """Train all, judge all; print the tables and write the files."""
    make_row, tables, rows, pictures, texts = row_maker("forecasts", config), [], [], {}, []
    width = 16 if config.smoke else 100
    effort = Effort(steps=config.steps, batch_size=config.batch_size, draws=config.draws, width=width)
    with progress() as bar:
        task = bar.add_task("forecasts", total=len(config.targets) * len(config.methods))
        for word in config.targets:
            problem = problem_of(word, config.outcome, config.condition)
            texts += [f"**{problem.name}.** {'; '.join(problem.told)}".strip()]
            found, shown = {}, {}
            for name in config.methods:
                bar.update(task, description=f"{problem.name}, {name}")
                keys = jax.random.split(jax.random.key(config.seed), config.seeds)
                way, begin = method(name, problem.shape, problem.target, effort), time.monotonic()
                states = jax.block_until_ready(trained(way, keys, config.steps))
                seconds = time.monotonic() - begin
                for part, held in problem.held.items():
                    draws = drawn(way, states, keys, held, config.members)
                    each = [judged(problem, held, one) for one in draws]
                    draws = np.nan_to_num(draws)  # for pictures
                    found[part, name] = each
                    shown[part, name] = draws[0]
                    rows += [make_row(problem.name, f"{name}, {part}", config.seed + seed, metrics, seconds / config.seeds, None)
                             for seed, metrics in enumerate(each)]  # fmt: skip
                write_jsonl(config.output / "rows.jsonl", rows)  # what is finished is kept, whatever comes
                bar.advance(task)
            tables += tabulated(config, problem, found)
            pictures |= drawings(problem, config, shown)
    text = "\n\n".join([__doc__.split("\n\n")[2], *texts])
    write(config.output, "Ways to learn p(x | c)", text, tables, rows, pictures)


def tabulated(config: Config, problem: Conditional, found: dict[tuple[str, str], list[dict[str, float]]]) -> list[Any]:
    """A table for each part of a problem."""
    tables = []
    for part, held in problem.held.items():
        names = [name for name in SHOWN if name in found[part, config.methods[0]][0]]
        if len(problem.names) == 1:
            names.remove("CRPS")  # of one feature it is the energy score
        lines = [[name, *(_cell(found[part, name], what) for what in names)] for name in config.methods]
        blocks = "" if held.blocks is None else f" in {len(np.unique(held.blocks))} blocks"
        caption = (
            f"{len(held.real)} conditions{blocks}, {config.members} draws under each; mean ± standard deviation over"
            f" {config.seeds} seeds, in the units of training. Coverage of intervals of 90 %, the mean over features; spread /"
            " skill, their median, 1 where data are as one more draw; worst bin: by how much a tenth of the ranks misses its"
            " share at most; test: p-values, seed by seed, of pairs swapped within conditions, one condition a block."
        )
        tables.append(table(f"{problem.name}, {part}", caption, ["", *names], lines))
        if len(problem.names) > 1 and held.blocks is not None:
            lines = _covers(config, problem, found, part)
            told = "Of the first seed, with 95 % intervals of the bootstrap over blocks."
            tables.append(
                table(f"{problem.name}, {part}: coverage of 90 % intervals", told, ["", *problem.names], lines)
            )
    return tables


def _covers(config: Config, problem: Conditional, found: Any, part: str) -> list[list[str]]:
    def cell(metrics: dict[str, float], name: str) -> str:
        share, low, high = (metrics[f"coverage, {name}{end}"] for end in ("", ", low", ", high"))
        return f"{share:.2f} [{low:.2f}, {high:.2f}]"

    return [[way, *(cell(found[part, way][0], name) for name in problem.names)] for way in config.methods]


def _cell(each: list[dict[str, float]], what: str) -> str:
    values = np.array([metrics[what] for metrics in each])
    if what == "test, p":
        return ", ".join(f"{value:.3f}" for value in values)
    spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread}"


def drawings(
    problem: Conditional, config: Config, shown: dict[tuple[str, str], np.ndarray]
) -> dict[str, tuple[bytes, str]]:
    """Fans over a condition of one feature, and rank histograms."""
    from igm_jax.reporting.figures import png
    from igm_jax.reporting.forecasts import fan_panels, rank_panels

    made = {}
    for part, held in problem.held.items():
        counts = {
            name: rank_histogram(real=held.real, draws=shown[part, name], bins=BINS).counts.sum(0)
            for name in config.methods
        }
        caption = f"{problem.name}, {part}: ranks of data among draws, all features together; grey as if they were independent."
        made[f"{problem.name}-{part}-ranks.png".replace(" ", "-").replace(",", "")] = (
            png(rank_panels(counts)),
            caption,
        )
    if problem.shape.condition_dim != 1 or problem.shape.dim != 1:
        return made
    c = np.concatenate([held.condition[:, 0] for held in problem.held.values()])
    order = np.argsort(c)[:: max(1, len(c) // 200)]
    fans = {
        name: np.concatenate([shown[part, name][..., 0] for part in problem.held])[order] for name in config.methods
    }
    law = problem.law
    truth = (
        None
        if law is None or law.quantiles is None
        else law.quantiles(c[order][:, None], [0.05, 0.25, 0.5, 0.75, 0.95])
    )
    real = np.concatenate([held.real[:, 0] for held in problem.held.values()])
    within = problem.held["within"].condition[:, 0]
    options: dict[str, Any] = {"truth": truth, "data": (c, real), "trained": (float(within.min()), float(within.max()))}
    known = " Dashed: the law's own." if truth is not None else ""
    made[f"{problem.name}-fans.png".replace(" ", "-").replace(",", "")] = (
        png(fan_panels(c[order], fans, **options)),
        f"{problem.name}: medians and intervals of 50 and 90 % of draws, over held-out data; training between the lines.{known}",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    command("forecasts", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
