"""Engression's simulators: what each way to learn p(y | x) says beyond the range that it was trained on.

    python -m experiments.tables.engression

Source: Shen and Meinshausen, Engression: Extrapolation through the Lens of Distributional Regression, arXiv 2307.00835.
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.shared.rivals import Effort, Shape, method, trained
from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main
from experiments.tables.published import Entry
from igm_jax.distributions import ConditionalLaw, preadditive
from igm_jax.distributions.conditional import SHAPES
from igm_jax.objectives import energy_score
from igm_jax.reporting.terminal import ended

METHODS = {
    "fair": "energy score",
    "gaussian": "Gaussian likelihood",
    "quantiles": "quantile regression",
    "mixture": "mixture",
}
BEYOND = 2.0
"""How far beyond the upper end of the training range conditions go."""

PLACES = 101

TITLE = "Engression's simulators, within and beyond the training range (arXiv 2307.00835)"
TEXT = (
    "``y = g(x + η)``, η standard normal, with fresh pairs in every step: softplus log(1 + eˣ) and cubic x³/3 on x in [−2, 2],"
    " square max(x, 0)²/2 and log (x/3 + log 3 − 2/3 up to 2, then log(1 + x)) on [0, 2]. Four ways to learn it with"
    " perceptrons of 3 × 100 (ReLU), 3000 steps of 256 pairs, Adam 2e-3 falling along a cosine: the fair energy score of two"
    " draws, of a generator that reads noise in every layer; a normal law by its likelihood; 49 quantiles by the pinball loss;"
    f" a mixture of five normal laws. Beyond the range means x up to {BEYOND:g} above its upper end."
)


def effort(config: Config) -> Effort:
    steps, batch_size = (30, 64) if config.smoke else (3000, 256)
    return Effort(steps=steps, batch_size=batch_size, width=16 if config.smoke else 100)


def seeds(config: Config) -> int:
    return config.seeds or {"smoke": 2, "cpu": 5, "full": 20}[config.preset]


def shapes(config: Config) -> tuple[str, ...]:
    return ("softplus",) if config.smoke else tuple(SHAPES)


def ways(config: Config) -> dict[str, str]:
    return {name: METHODS[name] for name in ("fair", "gaussian")} if config.smoke else METHODS


def draws_of(config: Config) -> int:
    """How many draws, and equally likely quantiles of the law, are met under each condition."""
    return 20 if config.smoke else 400


def places(law: ConditionalLaw) -> np.ndarray:
    """Conditions from the lower end of the range to beyond its upper one, evenly."""
    low, high = SHAPES[law.name.split(",")[0]][1]
    return np.linspace(low, high + BEYOND, PLACES, dtype=np.float32)[:, None]


def learned(config: Config, shape: str, name: str) -> Found:
    """One way on one simulator, all seeds side by side: errors within and beyond the range, seed by seed."""
    law, own = preadditive(shape), effort(config)
    way = method(name, Shape(1, 1, 1.0), law, own)
    keys = jax.random.split(jax.random.key(config.seed), seeds(config))
    states = trained(way, keys, own.steps)
    at = places(law)
    draw = jax.jit(jax.vmap(lambda state, key: way.sample(state, key, jnp.asarray(at), draws_of(config))))
    draws = np.asarray(draw(states, keys))
    assert law.quantiles is not None
    # Equally likely quantiles in the place of random data: so the law itself is met, not a sample of it.
    data = law.quantiles(at, (np.arange(draws_of(config)) + 0.5) / draws_of(config))[..., None].astype(np.float32)
    score = jax.jit(jax.vmap(energy_score, (0, None)))
    regret = np.asarray(score(draws, data)) - law.energy_score(at)[None]
    gap = np.abs(np.median(draws[..., 0], axis=2) - law.quantiles(at, [0.5])[None, :, 0])
    beyond = at[:, 0] > SHAPES[shape][1][1]
    metrics = {}
    for seed in range(len(draws)):
        for where, chosen in (("within", ~beyond), ("beyond", beyond)):
            metrics[f"{where}, regret, {seed}"] = float(regret[seed, chosen].mean())
            metrics[f"{where}, median, {seed}"] = float(gap[seed, chosen].mean())
    metrics |= {f"{where}, truth": float(law.energy_score(at)[chosen].mean())
                for where, chosen in (("within", ~beyond), ("beyond", beyond))}  # fmt: skip
    return Found(metrics, {"draws": draws[0, :, :, 0]}, 0.0)


def tasks(config: Config) -> list[Task]:
    return [
        Task(f"{shape}, {name}", config.seed, partial(learned, config, shape, name))
        for shape in shapes(config)
        for name in ways(config)
    ]


def parts(config: Config, results: Results) -> Sequence[Part]:
    found = []
    for what, told in (
        (
            "regret",
            "The energy score minus that of the law itself (which stands below its name): half of the energy distance",
        ),
        ("median", "The mean error of the median"),
    ):
        entries = []
        for shape in shapes(config):
            for name, title in ways(config).items():
                metrics = results[f"{shape}, {name}"][0].metrics
                for where in ("within", "beyond"):
                    ours = tuple(metrics[f"{where}, {what}, {seed}"] for seed in range(seeds(config)))
                    entries.append(Entry(title, f"{shape}, {where}", None, ours, digits=3))
            if what == "regret":
                own = results[f"{shape}, fair"][0].metrics
                entries += [
                    Entry("the law's own score", f"{shape}, {where}", None, (own[f"{where}, truth"],))
                    for where in ("within", "beyond")
                ]
        caption = f"{told}, averaged over conditions; mean ± standard deviation over {seeds(config)} seeds."
        found.append(Part(f"Engression's simulators: {what}", caption, entries, "learned by"))
    return found


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting.figures import png
    from igm_jax.reporting.forecasts import fan_panels

    shown = {}
    for shape in shapes(config):
        trained_on, law = SHAPES[shape][1], preadditive(shape)
        at = places(law)
        assert law.quantiles is not None
        fans = {title: results[f"{shape}, {name}"][0].arrays["draws"] for name, title in ways(config).items()}
        truth = law.quantiles(at, [0.05, 0.25, 0.5, 0.75, 0.95])
        figure = fan_panels(at[:, 0], fans, truth=truth, trained=trained_on, xlabel="x", ylabel="y", columns=2)
        shown[f"{shape}.png"] = (
            png(figure),
            f"{shape}: medians and intervals of 50 and 90 % of each way's draws over the law's own quantiles (dashed); training"
            " ended at the thin lines.",
        )
    return shown


def differs(config: Config) -> list[str]:
    lines = [
        "Pairs are fresh in every step, where the paper has a sample of fixed size.",
        "η has standard deviation one for all four; conditions beyond the range lie above it alone, and errors are averaged.",
    ]
    return [*lines, f"Smoke: {effort(config).steps} steps."] if config.smoke else lines


PUBLICATION = Publication("engression", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
