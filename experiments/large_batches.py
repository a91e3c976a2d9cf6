"""How large may a minibatch be? Gradients that are cached chunk by chunk, against the same in one pass, and what they cost.

    python -m experiments.large_batches             about 10 minutes on 2 cores
    python -m experiments.large_batches --smoke     seconds

With ``chunk=`` the generator makes the samples of a step some at a time and forgets how; the objective sees all of them at
once, and its gradient in the samples is taken back through each chunk, made once more. First it measures that this is the
gradient of one pass, on images of 28 × 28 from a residual network. Then what the compiled step plans to hold against the number
of samples, with chunks and without. Then it takes a step of each size, and one of the last.

Tables are printed; ``report.md``, ``rows.jsonl`` and ``memory.png`` go to ``results/large_batches``, or with ``--smoke`` to
``results/large_batches-smoke``.
"""

import dataclasses
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.study import aside, command, row_maker, table, writable, write
from igm_jax import checks
from igm_jax.base import Generator, Key, Params
from igm_jax.distributions import dataset, normal
from igm_jax.generators import pushforward
from igm_jax.networks import residual_generator
from igm_jax.objectives import energy
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, training

MB = 1 << 20
SHAPE = (28, 28, 1)


@dataclasses.dataclass(frozen=True)
class Config:
    """Cached gradients: equal to one pass, and what they hold and take against the number of samples."""

    output: Path = Path("results/large_batches")
    """The directory for tables, rows and the picture."""
    sizes: tuple[int, ...] = (256, 512, 1024, 2048, 4096, 16384)
    """Samples, and data, of a step."""
    chunk: int = 64
    """Samples that the generator makes at once."""
    equal_at: int = 4096
    """Samples at which both gradients are compared."""
    without_to: int = 4096
    """Up to how many samples a step without chunks is planned."""
    width: int = 16
    """Channels of the network's largest pictures."""
    seed: int = 0
    """Where the random keys start."""
    smoke: bool = False
    """A run of seconds that shows that everything works: few samples, a small network."""


def generator_of(config: Config) -> Generator:
    """Images of 28 × 28 from a residual network."""
    return pushforward(residual_generator(16, SHAPE, width=config.width), normal(16))


def target_of(config: Config) -> Any:
    """Images to learn: noise of uniform grey, as only shapes and numbers matter here."""
    return dataset(np.random.default_rng(config.seed).uniform(size=(2048, SHAPE[0] * SHAPE[1])).astype(np.float32))


def in_one_pass(generator: Generator, chunk: int) -> Generator:
    """The same chunks of samples from the same keys, and all that was computed on the way kept."""

    def sample(params: Params, key: Key, n: int) -> Array:
        return jnp.concatenate([generator.sample(params, one, chunk) for one in jax.random.split(key, n // chunk)])

    return Generator(generator.init, sample)


def run_of(config: Config, n: int, *, cached: bool, optimizer: optax.GradientTransformation | None = None) -> Run:
    """A run with cached gradients, or with all samples made at once."""
    chunk = min(config.chunk, n) if cached else None
    optimizer = optimizer or optax.adam(1e-3)
    return training(generator_of(config), energy(), optimizer, target_of(config), n, chunk=chunk, inner_steps=0)


def difference(config: Config) -> float:
    """The largest difference of a parameter's gradient, cached and in one pass, over the largest gradient."""
    n, chunk = config.equal_at, config.chunk
    key = jax.random.key(config.seed)
    plain = training(
        in_one_pass(generator_of(config), chunk), energy(), optax.sgd(1.0), target_of(config), n, inner_steps=0
    )
    found = []
    for run in (run_of(config, n, cached=True, optimizer=optax.sgd(1.0)), plain):
        state = run.init(key)
        after, _ = jax.jit(run.step)(key, state)
        found.append(jax.tree.map(lambda new, old: np.asarray(old - new), after.params, state.params))
    cached, whole = (np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(one)]) for one in found)
    return float(np.abs(cached - whole).max() / np.abs(whole).max())


def planned(run: Run, key: Key) -> tuple[Any, float | None]:
    """A compiled step, and the megabytes that it plans beyond what goes in and comes out."""
    state = jax.eval_shape(run.init, key)
    compiled = jax.jit(run.step).lower(key, state).compile()
    analysis: Any = compiled.memory_analysis()
    return compiled, None if analysis is None else analysis.temp_size_in_bytes / MB


def resident() -> float:
    """The most megabytes that this process has held so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MB if sys.platform == "darwin" else most / 1024


def measured(config: Config, n: int) -> dict[str, float]:
    """What a step of n samples plans with chunks and without, and how long it takes with them."""
    key = jax.random.key(config.seed)
    run = run_of(config, n, cached=True)
    step, memory = planned(run, key)
    state = run.init(key)
    seconds = []
    for _ in range(1 if n > config.without_to else 2):  # the first touches fresh memory
        begin = time.perf_counter()
        jax.block_until_ready(step(key, state))
        seconds.append(time.perf_counter() - begin)
    found = {"cached_mb": memory or float("nan"), "seconds": min(seconds), "resident_mb": resident()}
    if n <= config.without_to:
        found["whole_mb"] = planned(run_of(config, n, cached=False), key)[1] or float("nan")
    return found | {"samples_mb": n * SHAPE[0] * SHAPE[1] * 4 / MB}


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    if config.smoke:
        config = dataclasses.replace(config, sizes=(16,), chunk=8, equal_at=16, without_to=16, width=4)
    for name in ("chunk", "equal_at", "without_to", "width"):
        checks.count(name, getattr(config, name))
    checks.seed("seed", config.seed)
    for name, n in [("equal_at", config.equal_at), *(("sizes", n) for n in config.sizes)]:
        if checks.count(name, n, least=2) % config.chunk:
            raise ValueError(f"`{name}` must be multiples of `chunk` = {config.chunk}, but one is {n}")
    if not config.sizes or list(config.sizes) != sorted(set(config.sizes)):
        raise ValueError(f"`sizes` must hold at least one number, ascending, but is {config.sizes}")
    config = dataclasses.replace(config, output=aside(config.output, config.smoke))
    writable(config.output)
    return config


def tables(config: Config, apart: float, found: dict[int, dict[str, float]]) -> list[Table]:
    """What is printed: the difference of both gradients, and memory and time by size."""
    lines = [
        [
            f"{n}",
            f"{one['samples_mb']:.1f}",
            f"{one['cached_mb']:.0f}",
            f"{one['whole_mb']:.0f}" if "whole_mb" in one else "not planned",
            f"{one['seconds']:.2f}",
        ]
        for n, one in found.items()
    ]
    headings = (
        "samples",
        "the samples, MB",
        "planned with chunks, MB",
        "without, MB",
        "seconds a step",
    )
    caption = (
        f"Energy distance of images of 28 × 28, residual network of width {config.width}, chunks of {config.chunk}."
    )
    return [
        table(
            "Cached gradients and one pass",
            "The largest difference of any parameter's gradient, over the largest gradient.",
            ("", "difference"),
            [[f"{config.equal_at} samples in chunks of {config.chunk}", f"{apart:.1e}"]],
        ),
        table("Memory and time", caption, headings, lines),
    ]


def pictures(found: dict[int, dict[str, float]]) -> dict[str, tuple[bytes, str]]:
    """Memory against the number of samples."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    names = {"with chunks": "cached_mb", "all at once": "whole_mb", "the samples themselves": "samples_mb"}
    traces = {
        name: Trace(*zip(*((n, one[key], 0.0) for n, one in found.items() if key in one), strict=True))
        for name, key in names.items()
    }
    drawn = trace_panels({"one step": traces}, xlabel="samples in a minibatch", ylabel="planned memory, MB", log=True)
    return {
        "memory.png": (
            png(drawn),
            "What a compiled step plans to hold: with chunks one of them, until copies of the samples outweigh it.",
        )
    }


def run(config: Config) -> None:
    """Measure everything; print the tables and write the files."""
    make_row = row_maker("large_batches", config)
    apart = difference(config)
    print(f"gradients differ by {apart:.1e} of the largest", flush=True)
    found, begin = {}, time.perf_counter()
    for n in config.sizes:
        found[n] = measured(config, n)
        spent, share = time.perf_counter() - begin, sum(config.sizes[: len(found)]) / sum(config.sizes)
        print(
            f"{n} samples: {found[n]['seconds']:.2f} s a step; about {spent * (1 / share - 1) / 60:.0f} min left",
            flush=True,
        )
    target = "28 x 28 images"
    rows = [
        make_row(target, f"energy, n = {n}", config.seed, one, one["seconds"], None, n=n) for n, one in found.items()
    ]
    rows.append(make_row(target, "energy, difference", config.seed, {"difference": apart}, None, None))
    text = (__doc__ or "").split("\n\n")[2]
    write(config.output, "Large batches", text, tables(config, apart, found), rows, pictures(found))


def main(arguments: Sequence[str] | None = None) -> None:
    command("large_batches", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
