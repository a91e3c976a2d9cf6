"""The degenerate grid: every plain function and objective on awkward samples of every type, right or an error.

    python -m tests.degenerate             # everything, row by row
    python -m tests.degenerate "energy_distance" "objective mmd"

Right is what the function gives in double precision for samples about the origin; where there is a formula in NumPy, it is that.
Offsets are data, so that each function is compiled once for a type and a shape. Prints a table of counts; the wrong ones by name.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import checks, velocity
from tests.conformance import ROWS
from tests.plain import KEY, PLAIN

TYPES = [np.int8, np.int16, np.int32, np.int64, np.float16, jnp.bfloat16, np.float32, np.float64]
OFFSETS = [0.0, 1e4, 1e8, 1.7e9]

# Rounding to single precision at an offset, relative to the spread of the samples, and twenty times that for what is made of it.
TOLERANCE, OFFSET_TOLERANCE = 2e-3, 2e-2


class Samples(NamedTuple):
    """A case of the grid: samples about the origin, weights, and whether a NaN must be noticed."""

    x: np.ndarray
    y: np.ndarray
    a: np.ndarray | None = None
    b: np.ndarray | None = None
    bad: bool = False


def cases(features: int, whole: bool) -> dict[str, Samples]:
    """The awkward samples; integers where a type holds nothing else."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(6, features)) * 3 + shift for shift in (0, 1))
    x, y = (np.round(x), np.round(y)) if whole else (np.round(x * 16) / 16, np.round(y * 16) / 16)
    heavy = np.array([1 - 1e-6, *[2e-7] * 5])
    found = {
        "plain": Samples(x, y),
        "one sample": Samples(x[:1], y),
        "one datum": Samples(x, y[:1]),
        "duplicates": Samples(np.repeat(x[:2], 3, 0), y),
        "weight zero": Samples(x, y, np.array([0, 1, 1, 1, 1, 1.0])),
        "weight near one": Samples(x, y, heavy),
    }
    if not whole:
        bad = np.arange(6)[:, None] % 2 == 1  # so many that any four rows have one of them
        found["nan"] = Samples(np.where(bad, np.nan, x), np.where(bad, np.nan, y), bad=True)
    return found


@cache
def function(name: str, weighted: bool, double: bool) -> Callable:
    """The function, compiled once for all offsets of a type; ``double`` keeps the programs of both precisions apart."""
    del double
    if name in PLAIN:
        call = PLAIN[name].call
        return jax.jit(lambda x, y, w: call(x, y, 1.0, **w))
    objective = ROWS[name.removeprefix("objective ")].objective

    def both(x: Any, y: Any, w: dict) -> Any:
        state = objective.init(KEY, x)
        return jnp.append(objective.loss(KEY, state, x, y), jnp.ravel(velocity(objective, KEY, state, x, y)))

    return jax.jit(both)


def result(name: str, samples: Samples, x: np.ndarray, y: np.ndarray, double: bool) -> np.ndarray:
    """The value, from what checks let through: what a user's eager call would be told is told before."""
    weights = {k: v for k, v in (("x_weights", samples.a), ("y_weights", samples.b)) if v is not None}
    checked = checks.pair(x, y) if not samples.bad else tuple(map(jnp.asarray, (x, y)))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        return np.asarray(function(name, bool(weights), double)(*checked, weights), float)


def verdict(name: str, samples: Samples, dtype: Any, offset: float, double: bool) -> str:
    """right, error or WRONG."""
    with np.errstate(all="ignore"), jax.enable_x64(double):
        x, y = ((some + offset).astype(dtype) for some in (samples.x, samples.y))
        # What a type cannot hold is the user's own rounding: the truth is of what came.
        true_x, true_y = (some.astype(np.float64) - offset for some in (x, y))
        try:
            found = result(name, samples, x, y, double)
        except (ValueError, TypeError, OverflowError):
            return "error"
    if samples.bad:
        return "WRONG" if np.isfinite(found).all() else "right"
    with jax.enable_x64(True):
        try:
            expected = result(name, samples, true_x, true_y, True)
        except (ValueError, TypeError):
            return "right" if not np.isfinite(found).all() else "WRONG"
    plain = PLAIN.get(name)
    if plain is not None and plain.exact is not None and samples.a is None and len(x) >= plain.least <= len(y):
        np.testing.assert_allclose(expected, plain.exact(true_x, true_y), rtol=1e-5, atol=1e-9, err_msg=name)
    if not np.isfinite(expected).all():
        return "right" if not np.isfinite(found).all() else "WRONG"
    size = np.abs(expected).max() if expected.size else 0.0
    least = LEAST.get(name, 1e-5 * (1 + (offset > 0)))
    close = np.abs(found - expected) <= (TOLERANCE if offset == 0 else OFFSET_TOLERANCE) * size + least
    return "right" if close.all() else "WRONG"


# Rounding of the MMD, some 1e-7, over a floor of 1e-4.
LEAST = {"mmd_power": 3e-3}

# What depends on where samples are: only about the origin is the reference theirs. Features are the user's, and round there.
PLACED = ("_value", "kl_estimate", "ksd", "svgd", "stein_score", "stein_reverse_kl", "minibatch_energy", "on_feature")

# Where a covariance is singular, its docstring says, the gradient is one of several.
SINGULAR = dict.fromkeys(
    ("objective bures", *(f"objective frechet_loss{memory}" for memory in ("", ", fixed", ", rate", ", bank"))),
    "duplicates",
)

# What draws floats at random: other ones for another type, so that only what is computed in double precision can be compared.
DRAWN = (
    "sliced", "random_feature", "mmd_gan", "scaled_mmd", "repulsive", "gan", "critic", "learned", "augmented",
    "objective characteristic", "mmd_flow", "annealed_difference", "distribution_matching", "objective density_ratio",
    "guided_drifting", "discriminator_flow", "objective reverse_kl",
)  # fmt: skip


def grid(name: str, types: Sequence[Any] = TYPES) -> Iterator[tuple[str, str]]:
    """(what, verdict) of every cell of one function."""
    plain = PLAIN.get(name)
    placed = name not in PLAIN and "translation" in ROWS[name.removeprefix("objective ")].exceptions
    placed = placed or any(part in name for part in PLACED) or name == "random_feature_mmd2"
    features = 1 if plain is not None and plain.scalars else 2
    for dtype in types:
        whole = np.dtype(dtype).kind in "iu"
        for case, samples in cases(features, whole).items():
            if samples.a is not None and not (plain is not None and plain.weighted):
                continue
            if min(len(samples.x), len(samples.y)) < (plain.least if plain is not None else 1):
                continue
            if case == SINGULAR.get(name):
                continue
            if samples.bad and plain is None and "one sample" in ROWS[name.removeprefix("objective ")].exceptions:
                continue
            for offset in [0.0] if placed or samples.bad else OFFSETS:
                limits = np.iinfo(dtype) if whole else jnp.finfo(dtype)
                if offset + 20 > float(limits.max):
                    continue
                half = not whole and jnp.finfo(dtype).bits < 32
                # Half precision is computed in single, in either mode.
                for double in (False,) if half else (False, True):
                    if any(part in name for part in DRAWN) and not (double and dtype in (*TYPES[:4], np.float64)):
                        continue
                    label = f"{np.dtype(dtype).name} {case} offset {offset:g} x64 {'on' if double else 'off'}"
                    yield label, verdict(name, samples, dtype, offset, double)


NAMES = [*PLAIN, *(f"objective {name}" for name in ROWS)]


def main(names: list[str]) -> int:
    """The table of counts of the named functions, or of all."""
    if unknown := [name for name in names if name not in NAMES]:
        print(f"names must be of {', '.join(NAMES)}, but {unknown[0]!r} is not", file=sys.stderr)
        return 2
    total: Counter[str] = Counter()
    for name in names or NAMES:
        cells = list(grid(name))
        counts = Counter(result for _, result in cells)
        total += counts
        print(f"{name:40} right {counts['right']:4}  error {counts['error']:4}  WRONG {counts['WRONG']:4}", flush=True)
        for label, _ in [cell for cell in cells if cell[1] == "WRONG"][:4]:
            print(f"    WRONG: {label}", flush=True)
        # A process may map only so many pieces of memory, of which each compiled program takes some.
        function.cache_clear()
        jax.clear_caches()
    print(f"{'all':40} right {total['right']:4}  error {total['error']:4}  WRONG {total['WRONG']:4}")
    return int(total["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
