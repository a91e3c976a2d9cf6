"""How often two-sample tests see that two laws differ: MMD-FUSE (arXiv 2306.08777), and that they keep their level.

python -m experiments.tables.two_sample             100 repetitions, fewer permutations
python -m experiments.tables.two_sample --smoke     seconds
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Publication, Results, main, numbers
from experiments.tables.published import Entry, Rule, within_binomial
from igm_jax import checks
from igm_jax.distributions import Distribution, normal, odd_mode, perturbed_uniform, uniform_cube
from igm_jax.evaluation import (
    classifier_two_sample_test,
    energy_permutation_test,
    mmd_permutation_test,
    mmd_split_test,
    mmd_wild_bootstrap_test,
    nearest_neighbour_test,
)
from igm_jax.evaluation.two_sample.banks import aggregated, bank_splits, fused
from igm_jax.reporting.terminal import ended

TITLE = "Two-sample tests: the power of MMD-FUSE and others (arXiv 2306.08777)"
TEXT = (
    "Samples of two laws are drawn again and again, and each test says whether it can tell them apart at the level .05; shown"
    " is how often it does. FUSE and Agg combine ten Laplace and ten Gaussian kernels, from narrow to wide; Median has one"
    " Gaussian kernel as wide as the median distance; Split chooses its width on half of the samples."
)

LEVEL = 0.05
PUBLISHED_REPETITIONS = 200

STDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
MIXTURE = {
    "FUSE": (0.995, 0.945, 0.510, 0.135, 0.065, 0.035, 0.105, 0.235, 0.635, 0.840, 0.905),
    "Median": (0.055, 0.050, 0.030, 0.035, 0.065, 0.035, 0.040, 0.040, 0.030, 0.035, 0.050),
    "Split": (0.885, 0.615, 0.260, 0.095, 0.090, 0.050, 0.085, 0.145, 0.315, 0.495, 0.555),
    "Agg": (0.995, 0.915, 0.460, 0.120, 0.090, 0.050, 0.105, 0.250, 0.675, 0.910, 0.945),
}
AMPLITUDES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
UNIFORM = {
    "FUSE": (0.045, 0.055, 0.170, 0.485, 0.885, 0.995),
    "Median": (0.050, 0.065, 0.065, 0.050, 0.060, 0.075),
    "Split": (0.050, 0.055, 0.100, 0.205, 0.415, 0.735),
    "Agg": (0.045, 0.055, 0.145, 0.395, 0.830, 0.990),
}
SETTINGS = 1 + len(STDS) + len(AMPLITUDES)
# Far beyond those of the powers, which have fewer repetitions.
LEVEL_SETTING = 1000 * SETTINGS
LINES = ("FUSE", "Median", "Split", "Agg", "wild bootstrap", "energy", "neighbours", "classifier")


class Budget(NamedTuple):
    """What a preset spends: samples of each, tests a seed, permutations, seeds; then tests and samples for the level."""

    samples: int
    repetitions: int
    permutations: int
    seeds: int
    level_repetitions: int
    level_samples: int


BUDGETS = {
    "smoke": Budget(40, 2, 19, 1, 40, 16),
    "cpu": Budget(500, 50, 399, 2, 1000, 100),
    "full": Budget(500, 100, 2000, 5, 1000, 100),
}
PAPER_PERMUTATIONS = 2000


@dataclasses.dataclass(frozen=True)
class TwoSample(Config):
    """Powers of two-sample tests."""

    repetitions: int | None = None
    """Tests for each seed and setting; by default 50 (100 with --preset full)."""
    permutations: int | None = None
    """Of each test; by default 399 (2000 with --preset full, as in the paper)."""


def budget(config: TwoSample) -> Budget:
    """The preset's budget, with what was asked otherwise."""
    asked = {name: getattr(config, name) for name in ("repetitions", "permutations", "seeds")}
    known = {name: checks.count(name, value) for name, value in asked.items() if value is not None}
    return BUDGETS[config.preset]._replace(**known)


def outcomes(real: np.ndarray, fake: np.ndarray, permutations: int, seed: int) -> dict[str, float]:
    """The p-value of every test on two samples, by the test's name."""
    both: dict[str, Any] = {"real": real, "fake": fake, "seed": seed}
    given = both | {"num_permutations": permutations}
    bank = bank_splits(**given)
    tests = (
        fused(bank),
        mmd_permutation_test(**given),
        mmd_split_test(**given),
        aggregated(bank),
        mmd_wild_bootstrap_test(**given),
        energy_permutation_test(**given),
        nearest_neighbour_test(**given),
        classifier_two_sample_test(**both),
    )
    return {name: test.p_value for name, test in zip(LINES, tests, strict=True)}


def rejections(
    laws: Callable[[int], tuple[Distribution, Distribution]],
    samples: int,
    repetitions: int,
    permutations: int,
    setting: int,
    seed: int,
) -> Found:
    """The share of repetitions in which each test rejects at the level, by its name.

    Args:
        laws: the two laws of a repetition, by its number.
        samples: of each.
        repetitions: how many.
        permutations: of each test.
        setting: the number of the pair of laws: others have other random numbers.
        seed: of the samples and tests.
    """
    found = []
    for i in range(repetitions):
        number = (seed * SETTINGS + setting) * repetitions + i
        keys = jax.random.split(jax.random.key(number))
        real, fake = (np.asarray(law(key, samples)) for law, key in zip(laws(number), keys, strict=True))
        found.append(outcomes(real, fake, permutations, number))
    return Found({name: float(np.mean([one[name] <= LEVEL for one in found])) for name in LINES})


def mixtures(std: float, repetition: int) -> tuple[Distribution, Distribution]:
    """Four Gaussians, and the same with one of another width."""
    del repetition
    return odd_mode(), odd_mode(std)


def uniforms(amplitude: float, repetition: int) -> tuple[Distribution, Distribution]:
    """A uniform law, and one with bumps whose signs are drawn anew for every repetition."""
    return uniform_cube(2), perturbed_uniform(2, amplitude, 2, seed=repetition)


def equal(repetition: int) -> tuple[Distribution, Distribution]:
    """Twice the same law."""
    del repetition
    return normal(2), normal(2)


def tasks(config: TwoSample) -> list[Task]:
    """The level first, then the powers."""
    spend = budget(config)
    seeds = range(config.seed, config.seed + spend.seeds)
    each = (spend.samples, spend.repetitions, spend.permutations)
    of_level = (spend.level_samples, spend.level_repetitions, spend.permutations)
    found = [Task("level", config.seed, partial(rejections, equal, *of_level, LEVEL_SETTING, config.seed))]
    settings = [(f"σ = {std:g}", partial(mixtures, std)) for std in STDS]
    settings += [(f"a = {amplitude:g}", partial(uniforms, amplitude)) for amplitude in AMPLITUDES]
    return found + [
        Task(name, seed, partial(rejections, laws, *each, number, seed))
        for number, (name, laws) in enumerate(settings, 1)
        for seed in seeds
    ]


def powers(
    settings: Sequence[str], published: Mapping[str, Sequence[float]], results: Results, repetitions: int
) -> list[Entry]:
    """The cells of a table of powers."""
    rule = within_binomial(3, repetitions, PUBLISHED_REPETITIONS)
    return [
        Entry(line, name, published[line][i] if line in published else None, numbers(results[name], line), rule)
        for line in LINES
        for i, name in enumerate(settings)
    ]


def at_most(level: float, repetitions: int) -> Rule:
    """A share of rejections that a test of this level may have: at most three standard errors above it."""
    bound = level + 3 * (level * (1 - level) / repetitions) ** 0.5
    return Rule(f"at most {bound:.4f}", lambda published, _, ours: float(np.mean(ours)) <= bound)


def parts(config: TwoSample, results: Results) -> list[Part]:
    """Level, mixture, perturbed uniform."""
    spend = budget(config)
    rule = at_most(LEVEL, spend.level_repetitions)
    level = [Entry(line, "rejected", LEVEL, numbers(results["level"], line), rule, digits=4) for line in LINES]
    samples, permutations = spend.samples, spend.permutations
    made = f"n = m = {samples}, {spend.seeds} × {spend.repetitions} repetitions, {permutations} permutations."
    return [
        Part(
            "Level",
            f"Share of rejections at α = .05 (in brackets) where both samples of {spend.level_samples} are standard normal in"
            f" the plane; {spend.level_repetitions} repetitions.",
            level,
            "test",
        ),
        Part(
            "Power on a Gaussian mixture",
            f"Four modes at (±20, ±20) of standard deviation 1; in the other law one of them has σ. {made}",
            powers([f"σ = {std:g}" for std in STDS], MIXTURE, results, spend.repetitions),
            "test",
        ),
        Part(
            "Power on a perturbed uniform law",
            f"Two bumps up and two down along each axis of the unit square, of amplitude a, against none. {made}",
            powers([f"a = {amplitude:g}" for amplitude in AMPLITUDES], UNIFORM, results, spend.repetitions),
            "test",
        ),
    ]


def differs(config: TwoSample) -> list[str]:
    """What is not as in the paper."""
    spend = budget(config)
    lines = [
        "Agg: the paper runs the authors' package, which for equal sample sizes takes a wild bootstrap and corrects the level by"
        " bisection on a second set; ours takes permutations, one set for both, and the kernels of FUSE.",
        "Split: the power is predicted by MMD² over a standard error that is unbiased and has the terms of second order; the"
        " authors' has the first order alone.",
        "Tests that learn a kernel or features (MMD-D, ME, SCF) and those of compressed samples are not run; wild bootstrap,"
        " energy, neighbours and classifier are not in the paper.",
    ]
    if spend.permutations != PAPER_PERMUTATIONS:
        lines.append(f"{spend.permutations} permutations instead of {PAPER_PERMUTATIONS}.")
    if spend.samples != BUDGETS["full"].samples:
        lines.append(f"{spend.samples} samples of each instead of {BUDGETS['full'].samples}.")
    if spend.repetitions * spend.seeds < PUBLISHED_REPETITIONS:
        lines.append(f"{spend.repetitions * spend.seeds} repetitions instead of {PUBLISHED_REPETITIONS}.")
    return lines


PUBLICATION = Publication("two_sample", TITLE, TEXT, tasks, parts, differs)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, TwoSample))
