"""FID is biased: two models whose order 50 000 samples reverse. ``python -m experiments.tables.fid_bias``."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from experiments.tables.command import Config, Found, Part, Publication, Results, Task, main
from experiments.tables.published import Entry, Rule, within
from experiments.tables.rectified import mean_and_variance, moments
from igm_jax import checks
from igm_jax.evaluation import extrapolated, frechet_bias, kid

BLOCK = 2000
PAPER = {"P1": (1123.03, 1133.7, 0.2), "P2": (1114.8, 1136.2, 0.5)}
LAWS = tuple(PAPER)
# Shares of all samples that the limit is extrapolated from: evenly spaced in 1/n.
SHARES = (1 / 3, 3 / 7, 3 / 5, 1.0)


@dataclasses.dataclass(frozen=True)
class FidBias(Config):
    """FID is biased, and by more for one model than for another."""

    features: int | None = None
    """How many; 2048 in the paper."""
    samples: int | None = None
    """Of each model; 50 000 in the paper."""


def sizes(config: FidBias) -> tuple[int, int, int]:
    """Features, samples and repetitions."""
    d, n, seeds = {"smoke": (32, 4000, 4), "cpu": (2048, 50_000, 8), "full": (2048, 50_000, 50)}[config.preset]
    return config.features or d, config.samples or n, config.seeds or seeds


def gaussian_p2(d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``Cᵀ`` and the covariance ``.8 (4/d) C Cᵀ + .2 I`` before P2 is rectified."""
    c = np.random.default_rng([seed, d]).normal(size=(d, d))
    covariance = c.T @ c
    covariance *= 3.2 / d
    covariance[np.diag_indices(d)] += 0.2
    return c, covariance


def exact_moments(d: int, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and covariance of P1 and P2."""
    mean, variance = mean_and_variance(np.zeros(d), np.ones(d))
    return {"P1": (mean, np.diag(variance)), "P2": moments(np.ones(d), gaussian_p2(d, seed)[1])}


def distance_to_q(mean: np.ndarray, covariance: np.ndarray) -> float:
    """FID from Q = relu(N(1, I)), whose covariance is σ² I: ``‖a - b‖² + Σ_i (√λ_i - σ)²`` with the eigenvalues λ."""
    of_q, variance = mean_and_variance(np.ones(1), np.ones(1))
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0))
    return float(np.sum((mean - of_q) ** 2) + np.sum((roots - np.sqrt(variance)) ** 2))


def draws(law: str, d: int, seed: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    """``n -> (n, d)`` samples of P1, P2 or Q in single precision."""
    if law != "P2":
        mean = np.float32(law == "Q")
        return lambda n: np.maximum(rng.standard_normal((n, d), np.float32) + mean, 0)
    turn = (np.sqrt(3.2 / d) * gaussian_p2(d, seed)[0]).astype(np.float32)

    def draw(n: int) -> np.ndarray:
        x = rng.standard_normal((n, d), np.float32) @ turn
        x += np.float32(np.sqrt(0.2)) * rng.standard_normal((n, d), np.float32)
        return np.maximum(x + np.float32(1), 0)

    return draw


def estimated(
    draw: Callable[[int], np.ndarray], at: Sequence[int], d: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """The number of samples, their mean and unbiased covariance, at each of some growing numbers."""
    centre = draw(BLOCK).mean(0)  # of other samples: what is summed stays small
    n, first, second = 0, np.zeros(d), np.zeros((d, d))
    for stop in at:
        while n < stop:
            x = draw(min(BLOCK, stop - n)) - centre
            first, n = first + x.sum(0, dtype=np.float64), n + len(x)
            second += x.T @ x
        mean = first / n
        yield n, mean + centre, (second - n * mean[:, None] * mean) / (n - 1)


def exactly(d: int, n: int, seed: int) -> Found:
    """Distances of the laws themselves, and what the bias should be."""
    of_q = np.diag(mean_and_variance(np.ones(d), np.ones(d))[1])
    metrics = {}
    for law, (mean, covariance) in exact_moments(d, seed).items():
        metrics[law] = distance_to_q(mean, covariance)
        bias = frechet_bias(real_covariance=of_q, fake_covariance=covariance, n=None, m=n)
        metrics[f"{law} predicted"] = metrics[law] + bias
    return Found(metrics)


def sampled(d: int, n: int, seed: int, repetition: int) -> Found:
    """Distances of samples from Q, extrapolated ones, and KID at two sizes."""
    rngs = dict(zip(("P1", "P2", "Q", "KID"), np.random.default_rng([seed, d, repetition]).spawn(4), strict=True))
    metrics = {}
    for law in LAWS:
        at = [round(share * n) for share in SHARES]
        found = [(k, distance_to_q(*of)) for k, *of in estimated(draws(law, d, seed, rngs[law]), at, d)]
        metrics[law] = found[-1][1]
        metrics[f"{law} limit"] = extrapolated(*zip(*found, strict=True)).value
    for size in (n // 50, n // 5):
        real = draws("Q", d, seed, rngs["Q"])(size)
        for law in LAWS:
            fake = draws(law, d, seed, rngs["KID"])(size)
            metrics[f"{law} KID {size}"] = kid(real=real, fake=fake, repeats=1, seed=repetition).value
    return Found(metrics)


def tasks(config: FidBias) -> list[Task]:
    """One for the laws, one for each repetition."""
    d, n, seeds = sizes(config)
    checks.count("features", d, least=2)
    checks.count("samples", n, least=max(4 * d, 500))
    exact = Task("laws", config.seed, partial(exactly, d, n, config.seed))
    return [exact, *(Task("samples", r, partial(sampled, d, n, config.seed, r)) for r in range(seeds))]


def parts(config: FidBias, results: Results) -> list[Part]:
    d, n, _ = sizes(config)
    laws, samples = results["laws"], results["samples"]
    as_published = (d, n) == (2048, 50_000)
    entries = []
    for law in LAWS:
        exact, estimate, spread = PAPER[law] if as_published else (None, None, None)

        def entry(column: str, found: Sequence[Found], name: str, published: float | None = None,
                  rule: Rule | None = None, spread: float | None = None, digits: int = 2,
                  law: str = law) -> Entry:  # fmt: skip
            ours = tuple(one.metrics[name] for one in found)
            return Entry(law, column, published, ours, rule, spread, digits)

        entries += [
            entry("the laws", laws, law, exact, within(0.02 if law == "P1" else 0.6)),
            entry(f"{n} samples", samples, law, estimate, within(0.6), spread),
            entry("predicted", laws, f"{law} predicted"),
            entry("extrapolated", samples, f"{law} limit"),
            *(entry(f"KID, {k}", samples, f"{law} KID {k}", digits=3) for k in (n // 50, n // 5)),
        ]
    columns = [("the laws", laws, "{}"), (f"{n} samples", samples, "{}"), ("predicted", laws, "{} predicted"),
               ("extrapolated", samples, "{} limit")]  # fmt: skip
    for column, found, name in columns:
        gaps = tuple(one.metrics[name.format("P2")] - one.metrics[name.format("P1")] for one in found)
        entries.append(Entry("P2 − P1", column, None, gaps, digits=2))
    caption = "Where P2 − P1 is negative, P2 is the better model."
    return [Part("FID to Q: of the laws and of samples", caption, entries, "model")]


def differs(config: FidBias) -> list[str]:
    d, n, seeds = sizes(config)
    lines = [f"{d} features and {n} samples, in place of 2048 and 50 000."] * ((d, n) != (2048, 50_000))
    return [
        *lines,
        f"{seeds} repetitions; how many the paper has is not known here. C is drawn once, with the seed.",
        "Predicted, extrapolated and KID are not in the paper.",
    ]


PUBLICATION = Publication(
    "fid_bias",
    "FID is biased (arXiv 1801.01401, appendix)",
    "P1 = relu(N(0, I)), P2 = relu(N(1, .8Σ + .2I)) with Σ = (4/d) C Cᵀ for standard normal C, and Q = relu(N(1, I)), in d = 2048"
    " features. P2 is nearer to Q, but P1 seems to be when FID is computed from 50 000 samples of each model and Q's own"
    " moments: the bias is twice as large for P2. The laws' distances come from their exact moments (Mehler's formula for the"
    " covariances of P2); predicted is that distance plus the bias of Gaussian features to first order (`frechet_bias`);"
    " extrapolated is the intercept of a line in 1/n through the distances of the first 1/3, 3/7, 3/5 and all of the samples"
    " (`extrapolated`). KID, with samples of Q, has the same mean from a fiftieth and from a fifth of the samples.",
    tasks,
    parts,
    differs,
)

if __name__ == "__main__":
    main(PUBLICATION, FidBias)
