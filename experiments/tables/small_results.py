"""Small results that are known exactly, measured: biased gradients, expectations of samples, slopes, sample complexity.

    python -m experiments.tables.small_results

Sources: Bellemare et al. 2017, arXiv 1705.10743; Bottou et al. 2017, arXiv 1712.07822; Salmona et al. 2022, arXiv 2206.14476;
Genevay et al. 2019, arXiv 1810.02733.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import brentq
from scipy.stats import binom, norm

from experiments import estimators
from experiments.shared.estimates import EQUAL, Cell, decays
from experiments.shared.gaussians import setting_of
from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main
from experiments.tables.published import Entry, within, within_errors, within_factor
from igm_jax import energy_distance, mmd2_biased, pairwise, wasserstein_1d
from igm_jax.base import Key
from igm_jax.evaluation import exact_wasserstein
from igm_jax.kernels import gaussian
from igm_jax.reporting.terminal import ended

TITLE = "Small exact results (arXiv 1705.10743, 1712.07822, 2206.14476, 1810.02733)"
TEXT = (
    "Statements that the papers prove, measured with this package's distances: by going through all samples, by Monte Carlo,"
    " by quantiles, and by distances between samples of growing size."
)

COINS = ((0.6, 6), (0.6, 1), (0.6, 3), (0.3, 4))
"""Heads' probability θ*, and tosses in a sample. Here the binomial has one median, and no share of heads is θ* itself."""

SHARES = 600
"""The minimisers are looked for among the multiples of 1/600, where θ* and all shares of heads are."""

SHIFTS = (1.0, 2.0, 3.0, 4.0)
SAMPLES, DRAWS, POINTS = (4, 16, 64), 128, 256


class Distance(NamedTuple):
    """A distance between samples of N(0, I), and how it falls with their size.

    Attributes:
        name: of the estimator in ``experiments.estimators``, whose root it is.
        rate: ``(d, n) -> slope`` in n, in logarithms, about n; None where no size of a minibatch is large.
        epsilon: that of Sinkhorn, a share of the mean squared distance.
    """

    name: str
    rate: Callable[[int, float], float] | None
    epsilon: float = 0.1


def root(d: int, n: float) -> float:
    return -0.5


def cursed(logarithms: float) -> Callable[[int, float], float]:
    """``n^{−1/d}``; in the plane ``(log n)^k / √n``, with k = ½ for W1 and, of Gaussians, 1 for W2."""
    return lambda d, n: -0.5 + logarithms / math.log(n) if d == 2 else -1 / d


DISTANCES = {
    "MMD": Distance("MMD², biased", root),
    "√energy distance": Distance("energy, biased", root),
    "sliced W2": Distance("sliced W2²", root),
    "√Sinkhorn, ε = 1": Distance("Sinkhorn", root, 1.0),
    "√Sinkhorn, ε = 0.1": Distance("Sinkhorn", None),
    "W2": Distance("exact W2²", cursed(1.0)),
    "W1": Distance("exact W1", cursed(0.5)),
}


def bernoulli(distance: Callable[..., Array], theta: Array, share: Array) -> Array:
    """A distance of the laws of two coins."""
    sides = jnp.array([0.0, 1.0])
    weights = {"x_weights": jnp.stack([1 - theta, theta]), "y_weights": jnp.stack([1 - share, share])}
    return distance(sides[:, None], sides[:, None], **weights)


def cramer(x: Array, y: Array, x_weights: Array, y_weights: Array) -> Array:
    """``∫(F − G)²``, half the energy distance in one dimension."""
    return energy_distance(x, y, x_weights=x_weights, y_weights=y_weights) / 2


def mean_distance(distance: Callable[..., Array], tosses: int, truth: float, theta: Array) -> Array:
    """The mean distance from θ to the shares of heads in samples of θ*, over all samples."""
    chances, shares = jnp.asarray(binom.pmf(np.arange(tosses + 1), tosses, truth)), jnp.arange(tosses + 1) / tosses
    return jnp.sum(chances * jax.vmap(partial(bernoulli, distance, theta))(shares))


def coin(truth: float, tosses: int) -> Found:
    """What minimises the mean distance to samples, and that mean's slope at the truth."""
    metrics = {}
    with jax.enable_x64(True):
        grid = jnp.arange(SHARES + 1) / SHARES
        for name, distance in (("W1", wasserstein_1d), ("Cramér", cramer)):
            mean = partial(mean_distance, distance, tosses, truth)
            metrics[f"{name} minimiser"] = float(grid[jnp.argmin(jax.jit(jax.vmap(mean))(grid))])
            metrics[f"{name} slope"] = float(jax.jit(jax.grad(mean))(jnp.asarray(truth)))
    return Found(metrics)


def support() -> Float[Array, "m 2"]:
    """The places on which Q is uniform, always the same."""
    return jax.random.normal(jax.random.key(1712), (POINTS, 2))


@partial(jax.jit, static_argnames="n")
def from_samples(key: Key, n: int) -> tuple[Array, Array]:
    """Means of MMD² and of the energy distance between Q and samples of it."""
    y = support()

    def one(key: Key) -> tuple[Array, Array]:
        x = y[jax.random.randint(key, (n,), 0, len(y))]
        return mmd2_biased(x, y, gaussian(1.0)), energy_distance(x, y)

    return jax.tree.map(jnp.mean, jax.lax.map(one, jax.random.split(key, DRAWS)))


def expectations(seed: int) -> Found:
    """Monte Carlo for each size of samples."""
    metrics = {}
    for n in SAMPLES:
        mmd, energy = from_samples(jax.random.fold_in(jax.random.key(seed), n), n)
        metrics |= {f"MMD² {n}": float(mmd), f"energy {n}": float(energy)}
    return Found(metrics)


def expected() -> tuple[float, float]:
    """``E k(x,x) − E k(x,x')`` and ``E‖x − x'‖`` under Q: n times the expectations."""
    y = support()
    squares = np.asarray(pairwise.squared_distances(y, y), np.float64)
    return float(1 - np.exp(-squares / 2).mean()), float(np.sqrt(squares).mean())


def monotone_slope(shift: float) -> float:
    """The slope at 0 of the monotone map from N(0, 1) onto ½N(−m, 1) + ½N(m, 1), by finding its quantiles."""
    step = 1e-3 * math.exp(-(shift**2) / 2)  # its image is about 1e-3

    def image(z: float) -> float:
        mass = norm.cdf(z)
        excess = lambda t: 0.5 * norm.cdf(t - shift) + 0.5 * norm.cdf(t + shift) - mass  # noqa: E731
        return float(brentq(excess, -shift, shift, xtol=1e-14))  # pyrefly: ignore  (a number, without full_output)

    return (image(step) - image(-step)) / (2 * step)


def sizes(config: Config) -> tuple[int, ...]:
    return {"smoke": (16, 64), "cpu": (32, 128, 512), "full": (32, 128, 512, 2048)}[config.preset]


def dims(config: Config) -> tuple[int, ...]:
    return (2,) if config.smoke else (2, 4, 8, 16, 32, 64)


def complexity(config: Config, dim: int, seed: int) -> Found:
    """How fast each distance between two samples of N(0, I) falls with their size: slopes in logarithms."""
    cells = {}
    study = estimators.Config(output=Path(), repeats=16 if config.smoke else 48, seed=seed)
    for n in sizes(config):
        for shown, (name, _, epsilon) in DISTANCES.items():
            setting = setting_of(dim, epsilon, study.num_projections)
            known = name in estimators.ESTIMATORS
            measured = (
                estimators.measured(study, name, setting, n)[0][EQUAL] if known else first_wasserstein(study, dim, n)
            )
            cells[EQUAL, dim, n, shown] = measured
    means = {f"{shown} {n}": float(np.sqrt(np.abs(cell.values)).mean()) for (_, _, n, shown), cell in cells.items()}
    return Found(means | {shown: slope["slope"] for (_, shown), slope in decays(cells).items()})


def first_wasserstein(study: estimators.Config, dim: int, n: int) -> Cell:
    """Squares of W1 for the same samples."""
    keys = jax.random.split(jax.random.key(study.seed), study.repeats)
    pairs = (estimators.draws(key, n, dim)[:2] for key in keys)
    values = np.array([exact_wasserstein(real=y, fake=x, p=1) for x, y in pairs])
    return Cell(values**2, np.zeros((len(values), 1)), 0.0, np.zeros(1))


def tossed(config: Config) -> Sequence[tuple[float, int]]:
    return COINS[:1] if config.smoke else COINS


def tasks(config: Config) -> list[Task]:
    coins = [Task(f"θ* = {theta:g}, m = {m}", config.seed, partial(coin, theta, m)) for theta, m in tossed(config)]
    slopes = Task("slopes", config.seed, lambda: Found({f"{m:g}": monotone_slope(m) for m in SHIFTS}))
    seeds = range(config.seed, config.seed + (config.seeds or (4 if config.smoke else 16)))
    means = [Task("expectations", seed, partial(expectations, seed)) for seed in seeds]
    rates = [Task(f"d = {d}", config.seed, partial(complexity, config, d, config.seed)) for d in dims(config)]
    return [*coins, slopes, *means, *rates]


def coin_part(config: Config, results: Results) -> Part:
    entries = []
    for theta, m in tossed(config):
        name = f"θ* = {theta:g}, m = {m}"
        found, below = results[name][0].metrics, binom.cdf(math.floor(m * theta), m, theta)
        known = {
            "W1 minimiser": binom.median(m, theta) / m, "Cramér minimiser": theta,
            "W1 slope": 2 * below - 1, "Cramér slope": 0.0,
        }  # fmt: skip
        entries += [Entry(name, column, float(value), (found[column],), within(1e-6), digits=4)
                    for column, value in known.items()]  # fmt: skip
    caption = (
        "A coin θ fitted to samples of m tosses of a coin θ*: the minimiser of the mean distance to a sample, over all samples,"
        " and that mean's slope at θ*, which is zero if sample gradients are unbiased. In brackets median(Bin(m, θ*))/m and θ*"
        " (arXiv 1705.10743 has θ* = 0.6, m = 6), and P(k < mθ*) − P(k > mθ*) and 0."
    )
    return Part(
        "The Wasserstein distance has biased sample gradients, the Cramér distance has not", caption, entries, "coin"
    )


def expectation_part(results: Results) -> Part:
    entries = []
    for n in SAMPLES:
        for name, known in zip(("MMD²", "energy"), expected(), strict=True):
            ours = tuple(found.metrics[f"{name} {n}"] for found in results["expectations"])
            entries.append(Entry(f"n = {n}", name, known / n, ours, within_errors(4), digits=4))
    caption = (
        f"Between a law and n draws of it: means over {DRAWS} samples for each seed, in brackets (E k(x,x) − E k(x,x'))/n and"
        f" E‖x − x'‖/n (arXiv 1712.07822). The law is uniform on {POINTS} points in the plane, so that both are sums."
    )
    return Part("Expected MMD² and energy distance of a sample from its law", caption, entries)


def slope_part(results: Results) -> Part:
    found = results["slopes"][0].metrics
    entries = [Entry(f"m = {m:g}", "slope at 0", math.exp(m**2 / 2), (found[f"{m:g}"],), within_factor(1.0001), digits=2)
               for m in SHIFTS]  # fmt: skip
    caption = "The monotone map from N(0, 1) onto ½N(−m, 1) + ½N(m, 1), by quantiles; in brackets e^{m²/2} (arXiv 2206.14476)."
    return Part("How steep a generator must be between two modes", caption, entries)


def rate_part(config: Config, results: Results) -> Part:
    entries, typical = [], math.sqrt(sizes(config)[0] * sizes(config)[-1])
    for shown, (_, rate, _) in DISTANCES.items():
        for d in dims(config):
            known = rate(d, typical) if rate else None
            # A slope near zero is not met by a distance that does not fall at all.
            rule = within(min(0.1, 0.5 * abs(known))) if known else None
            entries.append(Entry(shown, f"d = {d}", known, (results[f"d = {d}"][0].metrics[shown],), rule, digits=2))
    caption = (
        f"Between two samples of N(0, I), of {sizes(config)[0]} to {sizes(config)[-1]}: the slope of the distance in n, in"
        " logarithms. In brackets the rates for many samples: −1/2; −1/d for W1 and W2, and at d = 2 those of √(log n / n) and"
        " log n / √n. ε is a share of the mean squared distance: the constant of Sinkhorn's rate grows like e^{κ/ε} (arXiv"
        " 1810.02733), so that at ε = 0.1 these samples are few, and it falls as W2 does."
    )
    return Part("Sample complexity", caption, entries, "distance")


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting.figures import Trace, png, trace_panels

    def traced(d: int, shown: str) -> Trace:
        found = results[f"d = {d}"][0].metrics
        values = np.array([found[f"{shown} {n}"] for n in sizes(config)])
        return Trace(sizes(config), values / values[0])

    traces = {f"d = {d}": {shown: traced(d, shown) for shown in DISTANCES} for d in dims(config)}
    picture = trace_panels(traces, xlabel="samples", ylabel="distance, from its first", columns=3)
    return {
        "complexity.png": (png(picture), "How the distance between two samples of one Gaussian falls with their size.")
    }


def parts(config: Config, results: Results) -> list[Part]:
    return [coin_part(config, results), expectation_part(results), slope_part(results), rate_part(config, results)]


def differs(config: Config) -> list[str]:
    return ["The rates are those of the theory for many samples, measured at sizes that a minibatch has."]


PUBLICATION = Publication("small_results", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
