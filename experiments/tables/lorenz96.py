"""Lorenz 96 with two scales: forecasts by a generator that sees the large waves alone, trained by scores of k draws.

    python -m experiments.tables.lorenz96

Sources: Lorenz, Predictability: a problem partly solved (1996); the almost fair score, Lang et al., arXiv 2412.15832.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.shared.conditional import EVERY
from experiments.shared.rivals import Effort, Method, Shape, by_score, density, implicit, trained
from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main
from experiments.tables.published import Entry
from igm_jax import Batch
from igm_jax.distributions import Lorenz96
from igm_jax.evaluation import rank_histogram, spread_skill
from igm_jax.objectives import crps, energy_scoring
from igm_jax.reporting.terminal import ended

DRAWN, ALPHAS = (2, 4, 8), (0.0, 0.95, 1.0)
LEADS, MEMBERS = 10, 19

TITLE = "Lorenz 96: how many draws, and how fair a score (1996 model, two scales)"
TEXT = (
    "Eight large waves, each driven by 32 small ones that nobody sees (h = 1, b = c = 10, F = 20). A generator of 3 × 100"
    f" forecasts the large ones {EVERY:g} units of time ahead from themselves: the change, with noise in every layer. It is"
    " trained by the energy score of k draws under each of 128 states a step, 3000 steps, with α from 0 (the V-statistic) over"
    f" .95 (almost fair) to 1 (fair). From 2000 independent states it is then iterated {LEADS} times, {MEMBERS} members each;"
    " a network trained for the mean by least squares, with the same budget, is iterated beside it."
)


_crps = jax.jit(crps)


class World(NamedTuple):
    """Pairs of states to train on, standardised, and runs to test on, (leads + 1, starts, 8)."""

    now: Any
    then: Any
    test: Any


class Size(NamedTuple):
    """How much of everything."""

    runs: int
    records: int
    starts: int
    effort: Effort


def size(config: Config) -> Size:
    if config.smoke:
        return Size(16, 4, 40, Effort(steps=20, batch_size=32, width=16, noise=4))
    return Size(1000, 41, 2000, Effort(steps=3000, batch_size=128, width=100, noise=10))


def seeds(config: Config) -> int:
    return config.seeds or {"smoke": 2, "cpu": 5, "full": 20}[config.preset]


@cache
def world(runs: int, records: int, starts: int, seed: int) -> World:
    """The data, made by the project's own integrator; test runs begin elsewhere and are independent of each other."""
    model = Lorenz96()
    key_train, key_test = jax.random.split(jax.random.key(seed))
    train = np.asarray(model.trajectories(key_train, runs=runs, records=records, every=EVERY))
    test = np.asarray(model.trajectories(key_test, runs=starts, records=LEADS + 1, every=EVERY))
    mean, spread = train.mean(), train.std()
    train, test = (train - mean) / spread, (test - mean) / spread
    return World(train[:-1].reshape(-1, 8), train[1:].reshape(-1, 8), test)


def target_of(data: World) -> Any:
    """Changes of states, given states."""
    now, change = jnp.asarray(data.now), jnp.asarray(data.then - data.now)

    def target(key: Any, n: int) -> Batch:
        index = jax.random.randint(key, (n,), 0, len(now))
        return Batch(change[index], condition=now[index])

    return target


def iterated(way: Method, states: Any, keys: Any, start: Any, members: int) -> np.ndarray:
    """(seeds, leads, starts, members, 8) forecasts, each member going its own way."""

    def one(state: Any, key: Any) -> Any:
        def lead(now: Any, key: Any) -> tuple[Any, Any]:
            flat = now.reshape(-1, 8)
            after = now + way.sample(state, key, flat, 1)[:, 0].reshape(now.shape)
            return after, after

        begin = jnp.broadcast_to(start[:, None], (len(start), members, 8))
        return jax.lax.scan(lead, begin, jax.random.split(key, LEADS))[1]

    return np.asarray(jax.jit(jax.vmap(one))(states, keys))


def learned(config: Config, draws: int, alpha: float) -> Found:
    """One k and α, all seeds side by side."""
    much = size(config)
    data, own = world(much.runs, much.records, much.starts, config.seed), much.effort._replace(draws=draws)
    shape = Shape(8, 8, 1.0)
    way = by_score(implicit(shape, own), energy_scoring(alpha=alpha), target_of(data), own)
    keys = jax.random.split(jax.random.key(config.seed), seeds(config))
    states = trained(way, keys, own.steps)
    ahead = iterated(way, states, keys, jnp.asarray(data.test[0]), MEMBERS)
    metrics, counts = {}, []
    for seed, forecast in enumerate(ahead):
        real = data.test[1]
        found = spread_skill(real=real, draws=forecast[0])
        # All waves are alike: they go around the globe.
        ranks = rank_histogram(
            real=real.reshape(-1, 1), draws=forecast[0].transpose(0, 2, 1).reshape(-1, MEMBERS, 1), bins=10
        )
        flat = ranks.counts[0] * 10 / ranks.counts[0].sum()
        spread = np.sqrt(np.mean(found.spread**2)) / np.sqrt(np.mean(found.error**2)) * np.sqrt((MEMBERS + 1) / MEMBERS)
        scores = [float(jnp.mean(_crps(forecast[lead], data.test[lead + 1]))) for lead in range(LEADS)]
        metrics |= {f"spread / skill, {seed}": float(spread), f"worst bin, {seed}": float(np.abs(flat - 1).max())}
        metrics |= {f"CRPS, {seed}": scores[0], f"CRPS at {LEADS}, {seed}": scores[-1]}
        metrics |= {f"lead {lead}, {seed}": score for lead, score in enumerate(scores)}
        counts.append(ranks.counts[0])
    return Found(metrics, {"ranks": np.array(counts)}, 0.0)


def by_mean(config: Config) -> Found:
    """The network for the mean: its absolute errors, which are the CRPS of one sure forecast."""
    much = size(config)
    data, own = world(much.runs, much.records, much.starts, config.seed), much.effort
    sure = density("mean", Shape(8, 8, 1.0), target_of(data), own)
    keys = jax.random.split(jax.random.key(config.seed), seeds(config))
    ahead = iterated(sure, trained(sure, keys, own.steps), keys, jnp.asarray(data.test[0]), 1)
    metrics = {}
    for seed, forecast in enumerate(ahead):
        errors = [float(np.abs(forecast[lead, :, 0] - data.test[lead + 1]).mean()) for lead in range(LEADS)]
        metrics |= {f"lead {lead}, {seed}": error for lead, error in enumerate(errors)}
        metrics |= {f"CRPS, {seed}": errors[0], f"CRPS at {LEADS}, {seed}": errors[-1]}
    return Found(metrics, {}, 0.0)


def _name(draws: int, alpha: float) -> str:
    return f"k = {draws}, α = {alpha:g}"


def tasks(config: Config) -> list[Task]:
    tried = ((2, 0.0),) if config.smoke else [(draws, alpha) for draws in DRAWN for alpha in ALPHAS]
    runs = [(_name(draws, alpha), partial(learned, config, draws, alpha)) for draws, alpha in tried]
    return [Task(name, config.seed, run) for name, run in [("mean alone", partial(by_mean, config)), *runs]]


def parts(config: Config, results: Results) -> Sequence[Part]:
    entries = []
    columns = ("CRPS", f"CRPS at {LEADS}", "spread / skill", "worst bin")
    for name, (found,) in results.items():
        for column in columns:
            ours = tuple(found.metrics.get(f"{column}, {seed}", np.nan) for seed in range(seeds(config)))
            if np.isfinite(ours).all():
                entries.append(Entry(name, column, None, ours, digits=4))
    caption = (
        f"In standard deviations of a wave: the fair CRPS one step ahead and {LEADS} steps ahead (of the mean alone its absolute"
        " error); the spread of the members over the error of their mean, 1 where truth is as one more member; and by how much"
        " the fullest or emptiest of ten bins of ranks misses a tenth, one step ahead."
    )
    return [Part("Lorenz 96: draws and fairness", caption, entries, "trained with")]


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting.figures import Trace, png, trace_panels
    from igm_jax.reporting.forecasts import rank_panels

    ranks = {
        name: found[0].arrays["ranks"].sum(axis=0) for name, found in results.items() if "ranks" in found[0].arrays
    }
    leads = EVERY * np.arange(1, LEADS + 1)
    some = [_name(draws, alpha) for draws, alpha in ((2, 0.0), (2, 1.0), (8, 0.0), (8, 1.0))]
    shown = ["mean alone", *(name for name in some if name in results)]
    of = lambda name: [np.mean([results[name][0].metrics[f"lead {lead}, {seed}"] for seed in range(seeds(config))])  # noqa: E731
                       for lead in range(LEADS)]  # fmt: skip
    traces = {"CRPS": {name: Trace(leads, np.array(of(name))) for name in shown}}
    return {
        "ranks.png": (
            png(rank_panels(ranks)),
            "Ranks of the truth among 19 members, one step ahead, all waves and seeds together; grey: two standard deviations of"
            " a count if waves and seeds were independent.",
        ),
        "leads.png": (
            png(trace_panels(traces, xlabel="time ahead", ylabel="CRPS")),
            "CRPS against lead time, and the absolute error of the network for the mean.",
        ),
    }


def differs(config: Config) -> list[str]:
    lines = [
        "No table of a paper: the model and its numbers are Lorenz's and Wilks's, the question is that of weather centres."
    ]
    return [*lines, f"Smoke: {size(config).effort.steps} steps."] if config.smoke else lines


PUBLICATION = Publication("lorenz96", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
