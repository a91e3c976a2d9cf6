"""How far value and gradient are from the truth, where numbers are awkward: a grid of shapes and conditions.

    python -m benchmarks.errors
    python -m benchmarks.errors --smoke

The truth is the plain dense formula with JAX's own derivatives, in float64, of the very samples that the float32 code was
given. Errors of a value are relative to the sum of its terms' sizes, those of a gradient to its largest entry (of the cross
term, where the gradient vanishes). Writes ``errors.json`` and ``errors.md``. Takes about ten minutes on two cores, most of it
to compile.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from rich.console import Console
from rich.progress import track

import igm_jax
from igm_jax import kernels
from igm_jax.objectives import random_directions, score_difference_field
from igm_jax.reporting import write_whole
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import provenance

SHAPES = ((1, 1, 1), (257, 131, 1), (300, 411, 2), (1001, 1153, 3), (701, 301, 8), (301, 200, 9), (257, 130, 64),
          (131, 77, 784), (70, 53, 3000))  # fmt: skip
FEW = ((37, 21, 2), (33, 20, 64))
DIRECTIONS = 16
DOUBLE = "float64"

Sample = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""x, y, and their weights."""


def _squares(x: Array, y: Array) -> Array:
    return jnp.sum(jnp.square(x[:, None] - y[None]), axis=2)


def _root(squares: Array) -> Array:
    """With slope zero at zero, as ours have."""
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def _discrepancy(kernel: Callable[[Array], Array]) -> Callable[..., tuple[Array, Array]]:
    """The dense V-statistic, and the size of its terms."""

    def exact(x: Array, y: Array, a: Array, b: Array) -> tuple[Array, Array]:
        terms = [v @ (kernel(_squares(p, q)) @ w) for p, q, v, w in ((x, x, a, a), (y, y, b, b), (x, y, a, b))]
        return terms[0] + terms[1] - 2 * terms[2], sum((abs(term) for term in terms), jnp.zeros(()))

    return exact


def _gaussian(width: float) -> Callable[[Array], Array]:
    return lambda squares: jnp.exp(-squares / (2 * width**2))


def _sliced(d: int, double: bool) -> Callable[..., tuple[Array, Array]]:
    """W2² along the directions that ours draws in that precision, from the quantiles on the union of both sets of levels."""
    with jax.enable_x64(double):
        along = np.asarray(random_directions(jax.random.key(0), d, DIRECTIONS), np.float64)

    def exact(x: Array, y: Array, a: Array, b: Array) -> tuple[Array, Array]:
        def one(theta: Array) -> Array:
            (p, v), (q, w) = ((z @ theta, weights) for z, weights in ((x, a), (y, b)))
            order, other = jnp.argsort(p), jnp.argsort(q)
            high_p, high_q = jnp.cumsum(v[order]), jnp.cumsum(w[other])
            levels = jnp.sort(jnp.concatenate([high_p, high_q]))
            mass = jnp.diff(levels, prepend=0.0)
            at_p, at_q = (jnp.searchsorted(ends, levels - mass / 2) for ends in (high_p, high_q))
            gap = p[order][jnp.minimum(at_p, len(p) - 1)] - q[other][jnp.minimum(at_q, len(q) - 1)]
            return jnp.sum(mass * gap**2)

        value = jnp.mean(jax.lax.map(one, jnp.asarray(along)))
        return value, value

    return exact


class Measure(NamedTuple):
    """What is measured: ours as a user calls it, and the truth. Lengths are in units of √d."""

    ours: Callable[..., Array]
    exact: Callable[..., Any]
    scalar: bool = True


def measures(d: int, double: bool) -> dict[str, Measure]:
    """The functions of the grid for samples of d features, by name; ``double`` says whether ours is given float64."""
    unit = float(np.sqrt(d))
    bank = [unit * factor for factor in (0.25, 0.5, 1.0, 2.0, 4.0)]
    summed = sum((kernels.gaussian(width) for width in bank[1:]), kernels.gaussian(bank[0]))

    def mmd(kernel: kernels.Kernel) -> Callable[..., Array]:
        return lambda x, y, a, b: igm_jax.mmd2_biased(x, y, kernel, x_weights=a, y_weights=b)

    def field(x: Array, y: Array, a: Array, b: Array) -> Array:
        def denoised(targets: Array, weights: Array) -> Array:
            # In logarithms, since far from all targets every kernel underflows.
            return jax.nn.softmax(jnp.log(weights)[None] - _squares(x, targets) / (2 * unit**2), axis=1) @ targets

        return (denoised(y, b) - denoised(x, a)) / unit**2

    return {
        "Gaussian MMD²": Measure(mmd(kernels.gaussian(unit)), _discrepancy(_gaussian(unit))),
        "bank of five": Measure(
            mmd(summed), _discrepancy(lambda s: sum((_gaussian(w)(s) for w in bank), jnp.zeros_like(s)))
        ),
        "Laplace MMD²": Measure(mmd(kernels.laplace(unit)), _discrepancy(lambda s: jnp.exp(-_root(s) / unit))),
        "energy distance": Measure(
            lambda x, y, a, b: igm_jax.energy_distance(x, y, x_weights=a, y_weights=b),
            _discrepancy(lambda s: -_root(s)),
        ),
        "sliced W2²": Measure(
            lambda x, y, a, b: igm_jax.sliced_wasserstein(
                jax.random.key(0), x, y, num_projections=DIRECTIONS, x_weights=a, y_weights=b
            ),
            _sliced(d, double),
        ),
        "score difference": Measure(
            lambda x, y, a, b: score_difference_field(x, y, unit, leave_one_out=False, x_weights=a, y_weights=b),
            field,
            scalar=False,
        ),
    }


def _plain(n: int, m: int, d: int) -> Sample:
    draws = np.random.default_rng(n + m + d)
    x, y = draws.normal(size=(n, d)), 0.3 + 0.8 * draws.normal(size=(m, d))
    a, b = draws.uniform(0.5, 2, size=n), draws.uniform(0.5, 2, size=m)
    return tuple(part.astype(np.float32) for part in (x, y, a, b))  # pyrefly: ignore


def _offset(n: int, m: int, d: int) -> Sample:
    x, y, a, b = _plain(n, m, d)
    return (x + np.float32(1e4)).astype(np.float32), (y + np.float32(1e4)).astype(np.float32), a, b


def _duplicates(n: int, m: int, d: int) -> Sample:
    x, y, a, b = _plain(n, m, d)
    x[: n // 2] = x[0]
    y[: m // 3] = x[0]
    return x, y, a, b


def _zero_weights(n: int, m: int, d: int) -> Sample:
    x, y, a, b = _plain(n, m, d)
    a[1::2], b[1::3] = 0, 0
    x[1::2] *= 100  # who weighs nothing may be anywhere
    return x, y, a, b


def _same(n: int, m: int, d: int) -> Sample:
    del m
    x, _, a, _ = _plain(n, n, d)
    return x, x, a, a


CONDITIONS: dict[str, Callable[[int, int, int], Sample]] = {
    "plain": _plain,
    "offset 1e4": _offset,
    "half duplicates": _duplicates,
    "zero weights": _zero_weights,
    "x is y": _same,
    "bf16 default": _plain,
    DOUBLE: _plain,
}


def errors(measure: Measure, condition: str, shape: tuple[int, int, int]) -> tuple[float, float]:
    """The relative errors of a value and of its gradient in x; of a field, the second is its own and the first is nan."""
    sample = CONDITIONS[condition](*shape)
    double = condition == DOUBLE
    with jax.enable_x64(double), jax.default_matmul_precision("bfloat16" if condition == "bf16 default" else "float32"):
        given = [jnp.asarray(part, jnp.float64 if double else jnp.float32) for part in sample]
        step = jax.jit(jax.value_and_grad(measure.ours) if measure.scalar else measure.ours)
        got = [np.asarray(part, np.float64) for part in jax.tree.leaves(step(*given))]
    with jax.enable_x64(True):
        x, y, a, b = (jnp.asarray(part, jnp.float64) for part in sample)
        a, b = a / a.sum(), b / b.sum()
        if not measure.scalar:
            truth = np.asarray(jax.jit(measure.exact)(x, y, a, b))
            return float("nan"), _relative(got[0], truth, 1 / np.sqrt(shape[2]))
        (value, size), slope = jax.jit(jax.value_and_grad(measure.exact, has_aux=True))(x, y, a, b)
        moved = jax.jit(jax.grad(lambda x: measure.exact(x, y + 1, a, b)[0]))(x)
    gradient = _relative(got[1], np.asarray(slope), float(np.abs(moved).max()) if condition == "x is y" else 0.0)
    return abs(float(got[0]) - float(value)) / max(float(size), 1e-300), gradient


def _relative(got: np.ndarray, truth: np.ndarray, least: float) -> float:
    return float(np.abs(got - truth).max() / np.max([np.abs(truth).max(), least, 1e-300]))


@dataclasses.dataclass(frozen=True)
class Errors:
    """Errors of value and gradient against float64, over shapes and conditions."""

    directory: Path = Path("results/errors")
    """Where the table goes."""
    smoke: bool = False
    """Two small shapes only, in results/errors-smoke."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status is 0."""
    wish = command_line(Errors, arguments, "python -m benchmarks.errors")
    directory = wish.directory.with_name(wish.directory.name + "-smoke") if wish.smoke else wish.directory
    directory.mkdir(parents=True, exist_ok=True)
    console, shapes = Console(stderr=True), FEW if wish.smoke else SHAPES
    rows = []
    for shape in track(shapes, "shapes", console=console, transient=True):
        for condition in CONDITIONS:
            for name, measure in measures(shape[2], condition == DOUBLE).items():
                value, gradient = errors(measure, condition, shape)
                place = {"function": name, "condition": condition, "n": shape[0], "m": shape[1], "d": shape[2]}
                rows.append({**place, "value_error": None if np.isnan(value) else value, "gradient_error": gradient})
    text = table(rows)
    story = {"rows": rows, "shapes": shapes, **provenance()}
    write_whole(directory / "errors.json", json.dumps(story, indent=1, default=str).encode())
    write_whole(directory / "errors.md", text.encode())
    Console(soft_wrap=True, markup=False, highlight=False).print(text)
    return 0


def table(rows: list[dict[str, Any]]) -> str:
    """The largest errors over the shapes, value / gradient, as Markdown."""
    names, conditions = (list(dict.fromkeys(row[key] for row in rows)) for key in ("function", "condition"))
    lines = ["| value / gradient | " + " | ".join(conditions) + " |", "|---" * (len(conditions) + 1) + "|"]
    for name in names:
        cells = []
        for condition in conditions:
            of = [row for row in rows if (row["function"], row["condition"]) == (name, condition)]
            values = [row["value_error"] for row in of if row["value_error"] is not None]
            worst = f"{np.max(values):.0e} / " if values else ""
            cells.append(worst + f"{np.max([row['gradient_error'] for row in of]):.0e}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    shapes = list(dict.fromkeys((row["n"], row["m"], row["d"]) for row in rows))
    told = ", ".join(f"{n}×{m}×{d}" for n, m, d in shapes)
    return "\n".join([*lines, "", f"Largest over n×m×d = {told}.", ""])


if __name__ == "__main__":
    ended(main)
