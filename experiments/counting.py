"""How many images are there, and how few of them are real? The uniform cube is every target's naive rival.

    python -m experiments.counting              under a minute on 2 cores
    python -m experiments.counting --smoke      seconds

It counts the 1024 × 1024 RGB images (7.8 × 10^7575667) and how long it takes to see them all, enumerates every tiny
binary image and asks which of them occur in real digits, and measures how far uniform noise is from held-out real images,
beside how far real training images are. It prints tables and writes to ``results/counting``: ``counting.md``,
``counting.jsonl`` (one row for each target, kind of samples and seed), ``binary.png``, ``patches.png``, ``digits.png``.
"""

import dataclasses
import decimal
import io
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import rich
from jaxtyping import Array

from experiments.shared.study import command, table, writable
from igm_jax import checks, energy_distance, mmd2_unbiased, sinkhorn_divergence, sliced_wasserstein, wasserstein_1d
from igm_jax.distributions import Splits, digits, photo_patches, uniform_cube
from igm_jax.kernels import gaussian, median_bandwidth
from igm_jax.reporting import FLOOR, Interval, interval, to_console, to_markdown, write_jsonl, write_whole
from igm_jax.reporting.figures import png, sample_grid
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended
from igm_jax.training import plain, provenance

AGE_OF_THE_UNIVERSE = 13_787_000_000 * 31_557_600  # seconds: 13.787 billion Julian years (Planck 2018)
NOISE = "uniform noise"
DIVERGENCES = {
    "mmd2_unbiased": "MMD², Gaussian kernel",
    "energy_distance": "energy distance",
    "sinkhorn_divergence": "Sinkhorn divergence",
    "sliced_wasserstein": "sliced W2²",
    "wasserstein_1d": "W1 of the pixel values",
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Count images, enumerate tiny ones, and measure how far noise and real images are from held-out real images."""

    output: Path = Path("results/counting")
    """The directory for tables and pictures."""
    seed: int = 0
    """Where the random keys start."""
    seeds: int = 5
    """How often noise and images are drawn, for the error bars."""
    samples: int = 512
    """How many images are drawn at a time (at most as many as are held out)."""
    num_projections: int = 256
    """Directions of the sliced distance."""
    epsilon: float = 0.05
    """The Sinkhorn divergence's ε as a share of the squared median distance of the held-out images."""
    smoke: bool = False
    """A run of seconds that shows that everything works: at most 64 samples and 3 seeds."""


class Magnitude(NamedTuple):
    """A number too large to write: ``digits`` (the leading ones, exact, not rounded) and the power of ten of the first."""

    digits: str
    exponent: int

    def __str__(self) -> str:
        return f"{self.digits[0]}.{self.digits[1:]}… × 10^{self.exponent}"


def magnitude(base: int, power: int, *, divisor: int = 1, digits: int = 12) -> Magnitude:
    """The exact leading digits and the exponent of ``base^power / divisor``."""
    # With 40 digits to spare, rounding cannot reach those that are shown.
    with decimal.localcontext(prec=digits + 40, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN):
        value = decimal.Decimal(base) ** power / divisor
        exponent = value.adjusted()
        leading = value.scaleb(-exponent).quantize(decimal.Decimal(1).scaleb(1 - digits), decimal.ROUND_DOWN)
    return Magnitude("".join(map(str, leading.as_tuple().digits)), exponent)


def every_binary_image(side: int) -> np.ndarray:
    """All ``2^(side²)`` binary images, (2^(side²), side²), each once: image i shows the binary digits of i."""
    return np.array(list(itertools.product((0, 1), repeat=side * side)))


def occurrences(images: np.ndarray, side: int) -> np.ndarray:
    """How often each of ``every_binary_image(side)`` occurs as a patch of grey images (n, h, w), black where ≤ 0."""
    windows = np.lib.stride_tricks.sliding_window_view(images > 0, (side, side), axis=(1, 2))
    patches = windows.reshape(-1, side * side)
    return np.bincount(patches @ (1 << np.arange(side * side)[::-1]), minlength=2 ** (side * side))


class Tally(NamedTuple):
    """How real patches are spread over all binary images of one size."""

    side: int
    images: int  # how many there are
    patches: int  # how many real patches were looked at
    seen: int  # how many of the images occur among them
    by_chance: float  # how many would be expected to occur among as many uniform draws
    half: int  # the fewest images that make up half of the real patches
    bits: float  # the entropy of the real patches, of side² bits


def tally(counts: np.ndarray, side: int) -> Tally:
    """Sum up ``occurrences``; the expectation for uniform draws is ``N (1 - (1 - 1/N)^n)``."""
    images, patches = len(counts), int(counts.sum())
    shares = np.sort(counts[counts > 0])[::-1] / patches
    by_chance = -images * math.expm1(patches * math.log1p(-1 / images))
    half = int(np.searchsorted(np.cumsum(shares), 0.5 - 1e-12)) + 1
    return Tally(side, images, patches, len(shares), by_chance, half, float(-(shares * np.log2(shares)).sum()))


def contact_sheet(counts: np.ndarray, side: int, *, columns: int = 32, scale: int = 8) -> bytes:
    """Every binary image, as PNG: the commonest first, frames glow with log count; those never seen last and grey."""
    from PIL import Image

    order = np.argsort(-counts, kind="stable")
    cell = side * scale + 6
    sheet = np.full((-(-len(order) // columns) * cell, columns * cell, 3), 255, np.uint8)
    pictures = every_binary_image(side)
    for place, code in enumerate(order):
        top, left = (place // columns) * cell, (place % columns) * cell
        glow = math.log1p(counts[code]) / math.log1p(counts.max())
        frame = (255 * (1 - glow) + glow * np.array([214, 96, 0])).astype(np.uint8)
        dark, light = (30, 250) if counts[code] else (170, 225)
        pixels = np.where(pictures[code].reshape(side, side), light, dark).repeat(scale, 0).repeat(scale, 1)
        sheet[top + 1 : top + cell - 1, left + 1 : left + cell - 1] = frame
        sheet[top + 3 : top + cell - 3, left + 3 : left + cell - 3] = pixels[:, :, None]
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


@partial(jax.jit, static_argnames="num_projections")
def divergences(key: Array, x: Array, y: Array, bandwidth: Array, epsilon: Array, num_projections: int) -> dict:
    """The plain divergences of samples ``x`` from held-out images ``y``."""
    return {
        "mmd2_unbiased": mmd2_unbiased(x, y, gaussian(bandwidth)),
        "energy_distance": energy_distance(x, y),
        "sinkhorn_divergence": sinkhorn_divergence(x, y, epsilon),
        "sliced_wasserstein": sliced_wasserstein(key, x, y, num_projections=num_projections),
        "wasserstein_1d": wasserstein_1d(x.ravel(), y.ravel()),
    }


def measure(config: Config, data: Splits) -> Iterator[dict]:
    """Rows of results: noise and training images against held-out images, for each seed; each set is drawn anew."""
    held_out, train = data.test.values, data.train.values
    n = min(config.samples, len(held_out), len(train))
    bandwidth = median_bandwidth(held_out)
    epsilon = config.epsilon * jnp.square(bandwidth)
    settings = {**plain(config), "n": n, "bandwidth": float(bandwidth), "sinkhorn_epsilon": float(epsilon)}
    source = provenance()
    common = {"experiment": "counting", "target": data.name, "compile_seconds": None, "memory_mb": None}
    common |= {"config": settings, **source, "device": f"{source['device']['platform']} {source['device']['kind']}"}
    noise = uniform_cube(train.shape[1], -1.0, 1.0)
    for seed in range(config.seed, config.seed + config.seeds):
        key_noise, key_train, key_held_out, key_directions = jax.random.split(jax.random.key(seed), 4)
        y = held_out[jax.random.permutation(key_held_out, len(held_out))[:n]]
        real = train[jax.random.permutation(key_train, len(train))[:n]]
        for kind, x in ((NOISE, noise(key_noise, n)), (FLOOR, real)):
            start = time.perf_counter()
            values = divergences(key_directions, x, y, bandwidth, epsilon, config.num_projections)
            metrics = {name: float(value) for name, value in values.items()}
            seconds = time.perf_counter() - start
            yield {**common, "objective": kind, "seed": seed, "metrics": metrics, "seconds": seconds}


def tally_table(tallies: list[Tally]) -> Table:
    """How the share of binary images that occur in real digits falls with their size."""
    headings = ("size", "binary images", "real patches", "seen in them", "seen by chance", "half are", "entropy, bits")
    lines = [
        (
            f"{t.side} × {t.side}", f"{t.images:,}", f"{t.patches:,}", f"{t.seen:,} ({t.seen / t.images:.1%})",
            f"{t.by_chance:,.0f} ({t.by_chance / t.images:.1%})", f"{t.half:,}", f"{t.bits:.2f} of {t.side**2}",
        )
        for t in tallies
    ]  # fmt: skip
    caption = (
        "Every binary image of a size, and which of them occur as patches of the training digits (white: more than half"
        " of the ink). “By chance”: expected in as many uniform draws. “Half are”: the fewest that make up half of them."
    )
    return table("Tiny images, all of them", caption, headings, lines)


def distance_table(rows: list[dict], target: str) -> Table:
    """One target's rows: a divergence a line, noise beside real images, and how many times farther noise is."""
    rows = [row for row in rows if row["target"] == target]
    lines = []
    for name, label in DIVERGENCES.items():
        noise, real = (
            interval([row["metrics"][name] for row in rows if row["objective"] == kind]) for kind in (NOISE, FLOOR)
        )
        lines.append((label, _mean(noise), _mean(real), _ratio(noise, real)))
    settings = rows[0]["config"]
    caption = (
        f"Distance from held-out real images: mean over {settings['seeds']} draws ± half of the 95 % interval (Student's t)."
        " Real images are from the training split. “>”: a bound, as their distance cannot be told from zero (“–”: none)."
        f" n = {settings['n']}, bandwidth {settings['bandwidth']:.3g} (the median distance of the held-out images),"
        f" ε = {settings['sinkhorn_epsilon']:.3g}."
    )
    return table(target, caption, ("divergence", NOISE, "real images", "noise / real"), lines)


def _mean(value: Interval) -> str:
    if not value.half_width > 0:
        return f"{value.mean:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(value.half_width)))
    return f"{value.mean:.{decimals}f} ± {value.half_width:.{decimals}f}"


def _ratio(noise: Interval, real: Interval) -> str:
    """How many times farther noise is; a bound where the real images' distance cannot be told from zero."""
    noise_width, real_width = np.nan_to_num([noise.half_width, real.half_width])
    if real.mean > real_width:
        return f"{noise.mean / real.mean:,.1f}"
    low, high = noise.mean - noise_width, real.mean + real_width
    return f"> {low / high:,.1f}" if low > 0 and high > 0 else "–"


def counting_text() -> str:
    """How many megapixel images there are, and how long they take to see."""
    pixels = 1024 * 1024 * 3
    ages = magnitude(256, pixels, divisor=1000 * AGE_OF_THE_UNIVERSE)
    count = f"There are 256^(1024·1024·3) = {magnitude(256, pixels)} RGB images of 1024 × 1024 pixels."
    return f"{count}\nAt 1000 a second, seeing all takes {ages} ages of the universe (13.787 billion years each)."


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name, least in (("seeds", 1), ("samples", 2), ("num_projections", 1)):
        checks.count(name, getattr(config, name), least=least)
    checks.seed("seed", config.seed)
    checks.positive("epsilon", config.epsilon)
    writable(config.output)
    if config.smoke:
        config = dataclasses.replace(config, samples=min(config.samples, 64), seeds=min(config.seeds, 3))
    return config


def run(config: Config) -> None:
    """Count, enumerate, measure; print the tables and write the files."""
    rich.print(text := counting_text())
    numerals = digits()
    grey = np.asarray(numerals.train.values).reshape(-1, 8, 8)
    counts = {side: occurrences(grey, side) for side in (1, 2, 3, 4)}
    tables = [tally_table([tally(count, side) for side, count in counts.items()])]
    rich.print(to_console(tables[0]))
    pictures, rows = {"binary.png": contact_sheet(counts[3], 3)}, []
    for name, data in (("patches", photo_patches()), ("digits", numerals)):
        rows += measure(config, data)
        tables.append(distance_table(rows, data.name))
        rich.print(to_console(tables[-1]))
        pictures[f"{name}.png"] = strips(config, data)
    page = "\n".join([
        "# How many images are there, and how few are real?\n", text.replace("\n", "\n\n") + "\n",
        *(to_markdown(some) for some in tables),
        "![all 3 × 3 binary images, the commonest in real digits first](binary.png)\n",
        "![noise and photo patches](patches.png)\n", "![noise and digits](digits.png)\n",
        photo_patches().credit, numerals.credit, "",
    ])  # fmt: skip
    for name, content in pictures.items():
        write_whole(config.output / name, content)
    write_jsonl(config.output / "counting.jsonl", rows)
    write_whole(config.output / "counting.md", page)
    rich.print(f"Tables, rows and pictures are in {config.output}.")


def strips(config: Config, data: Splits) -> bytes:
    """Twenty draws of the cube above twenty held-out images, evenly spaced, as PNG."""
    held_out = data.test.values
    noise = uniform_cube(held_out.shape[1], -1.0, 1.0)(jax.random.key(config.seed), 20)
    shown = {NOISE: noise, "real images": held_out[:: len(held_out) // 20][:20]}
    return png(sample_grid(shown, data.image_shape, value_range=(-1.0, 1.0)))


def main(arguments: Sequence[str] | None = None) -> None:
    command("counting", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
