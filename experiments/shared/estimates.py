"""What repeated estimates say: their bias, spread and gradients' noise, how fast they fall, in tables and pictures."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from experiments.shared.study import table
from igm_jax.reporting.tables import Table

APART, EQUAL = "two Gaussians", "one Gaussian twice"
"""What is compared: a shifted and narrower model with the data, or the data with other data."""

Where = tuple[str, int, int, str]
"""What, d, n, the estimator's name."""


class Cell(NamedTuple):
    """Estimates from independent minibatches, and the truth.

    Attributes:
        values: (k,) estimates.
        gradients: (k, p) their gradients.
        truth: the divergence.
        slope: (p,) its gradient.
    """

    values: np.ndarray
    gradients: np.ndarray
    truth: float
    slope: np.ndarray

    def metrics(self) -> dict[str, float]:
        """Mean, bias and spread of the value; bias, signal-to-noise ratio and cosine of the gradient where there is one.

        ``gradient_snr = ‖g‖ / (E‖ĝ - E ĝ‖²)^{1/2}``; the errors are standard errors of means.
        """
        k, mean = len(self.values), float(np.mean(self.values))
        spread = float(np.std(self.values, ddof=1))
        found = {
            "truth": self.truth,
            "value": mean,
            "bias": mean - self.truth,
            "bias_error": spread / k**0.5,
            "std": spread,
        }
        noise = float(np.sqrt(np.sum(np.var(self.gradients, axis=0, ddof=1))))
        length = float(np.linalg.norm(self.slope))
        found["gradient_noise"] = noise
        if length < 1e-6:  # the truth has no gradient, where both laws are one
            return found
        lengths = np.linalg.norm(self.gradients, axis=1)
        cosines = self.gradients @ self.slope / np.where(lengths > 0, lengths, 1) / length
        bias = float(np.linalg.norm(self.gradients.mean(0) - self.slope)) / length
        return found | {
            "gradient": length, "gradient_bias": bias, "gradient_snr": length / noise,
            "cosine": float(cosines.mean()), "cosine_error": float(cosines.std(ddof=1) / k**0.5),
        }  # fmt: skip


def decays(cells: Mapping[Where, Cell]) -> dict[tuple[int, str], dict[str, float]]:
    """How fast the root of a squared distance falls with n, between samples of one law: the slope of log √|D| in log n.

    For each dimension and estimator ``slope`` and its standard error, from one fit for each repetition; none from one size.
    """
    kinds = dict.fromkeys((d, name) for case, d, _, name in cells if case == EQUAL)
    found = {}
    for d, name in kinds:
        sizes = sorted(n for case, other, n, of in cells if (case, other, of) == (EQUAL, d, name))
        if len(sizes) < 2:
            continue
        roots = [0.5 * np.log(np.abs(cells[EQUAL, d, n, name].values) + 1e-30) for n in sizes]
        slopes = np.polyfit(np.log(sizes), np.array(roots), 1)[0]
        found[d, name] = {"slope": float(slopes.mean()), "slope_error": float(slopes.std(ddof=1) / len(slopes) ** 0.5)}
    return found


def tables(cells: Mapping[Where, Cell], shift: float, width: float) -> tuple[dict, list[Table]]:
    """What ``decays`` gives, and all tables: one for each dimension, and one of the slopes."""
    dims = list(dict.fromkeys(d for _, d, _, _ in cells))
    slopes = decays(cells)
    shown = [_of_dimension(cells, d, shift, width) for d in dims]
    if slopes:
        shown.append(_of_slopes(slopes))
    return slopes, shown


def _of_dimension(cells: Mapping[Where, Cell], d: int, shift: float, width: float) -> Table:
    sizes = list(dict.fromkeys(n for _, other, n, _ in cells if other == d))
    names = list(dict.fromkeys(name for _, _, _, name in cells))
    headings = ["estimator", "truth"]
    for n in sizes:
        headings += [f"bias, n = {n}", "spread", "gradient SNR", "cosine"]
    lines = []
    for name in names:
        of_name = [cells[APART, d, n, name].metrics() for n in sizes]
        line = [name, f"{of_name[0]['truth']:.4g}"]
        for found in of_name:
            unit = 100 / found["truth"]
            line.append(f"{unit * found['bias']:+.1f} ± {unit * 2 * found['bias_error']:.1f} %")
            line += [f"{unit * found['std']:.1f} %", f"{found['gradient_snr']:.2f}", f"{found['cosine']:.3f}"]
        lines.append(line)
    repeats = len(next(iter(cells.values())).values)
    caption = (
        f"N(δ, {width:g}² I), ‖δ‖ = {shift:g}, against N(0, I) in {d} dimensions; the truth is the closed form. Bias (± two"
        f" standard errors, {repeats} minibatches) and standard deviation as shares of it; the gradient is that of a generator"
        " x = δ + s z in δ and s: the length of the true one over the noise of the estimated, and their mean cosine."
    )
    return table(f"{APART}, d = {d}", caption, headings, lines)


def _of_slopes(slopes: Mapping[tuple[int, str], dict[str, float]]) -> Table:
    dims, names = list(dict.fromkeys(d for d, _ in slopes)), list(dict.fromkeys(name for _, name in slopes))
    lines = []
    for name in names:
        of_name = [slopes[d, name] for d in dims]
        lines.append([name, *(f"{s['slope']:.2f} ± {2 * s['slope_error']:.2f}" for s in of_name)])
    caption = (
        "Between two minibatches of one Gaussian every distance should be zero: how fast its root √|D| falls, as a power of n"
        " (± two standard errors). In theory -1/2 for MMD and energy in every dimension, and in the long run for the sliced and"
        " the Sinkhorn distance, the later the smaller ε is; -1/d for the Wasserstein distance in d > 4."
    )
    return table(f"{EQUAL}: sample complexity", caption, ["estimator", *(f"d = {d}" for d in dims)], lines)


def pictures(cells: Mapping[Where, Cell]) -> dict[str, tuple[bytes, str]]:
    """The pictures as PNG, by file name, with what is to be seen."""
    from igm_jax.reporting.figures import png, trace_panels

    def drawn(case: str, ylabel: str, log: bool, of) -> bytes:
        dims, names = (dict.fromkeys(where[1] for where in cells), dict.fromkeys(where[3] for where in cells))
        traces = {f"d = {d}": {name: _traced(cells, case, d, name, of) for name in names} for d in dims}
        return png(trace_panels(traces, xlabel="samples in a minibatch", ylabel=ylabel, log=log))

    def bias(cell: Cell, first: Cell) -> tuple[float, float]:
        found = cell.metrics()
        return abs(found["bias"]) / cell.truth, found["bias_error"] / cell.truth

    def snr(cell: Cell, first: Cell) -> tuple[float, float]:
        return cell.metrics()["gradient_snr"], 0.0

    def cosine(cell: Cell, first: Cell) -> tuple[float, float]:
        found = cell.metrics()
        return found["cosine"], found["cosine_error"]

    def root(cell: Cell, first: Cell) -> tuple[float, float]:
        mean = [np.sqrt(np.abs(some.values)).mean() for some in (cell, first)]
        return mean[0] / mean[1], 0.0

    return {
        "bias.png": (drawn(APART, "|bias| / truth", True, bias), "The bias of the value. That of unbiased estimators is noise."),
        "snr.png": (drawn(APART, "signal / noise", True, snr), "The signal-to-noise ratio of a generator's gradient."),
        "cosine.png": (drawn(APART, "cosine", False, cosine), "The mean cosine between estimated and true gradient."),
        "decay.png": (drawn(EQUAL, "√|D|, from its first", True, root), "How the distance of a law from itself falls."),
    }  # fmt: skip


def _traced(cells: Mapping[Where, Cell], case: str, d: int, name: str, of):
    from igm_jax.reporting.figures import Trace

    sizes = sorted(n for one, other, n, kind in cells if (one, other, kind) == (case, d, name))
    first = cells[case, d, sizes[0], name]
    values, errors = zip(*(of(cells[case, d, n, name], first) for n in sizes), strict=True)
    return Trace(sizes, values, errors)
