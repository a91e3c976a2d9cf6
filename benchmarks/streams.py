"""What reading from the disk costs: decoding, batches, memory, and whole steps beside those with data in memory.

    python -m benchmarks.streams --images FOLDER
    python -m benchmarks.streams --images FOLDER --grain    beside grain, which decodes every image in every epoch

Decodes a folder of images once, reads batches of what was decoded, and trains with steps of about the given time from memory
and from the disk, in turn. The results stand in a table and in ``results/streams.json``.
"""

import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.console import Console
from rich.table import Table

from igm_jax import checks, data
from igm_jax.data.store import Store
from igm_jax.distributions import normal
from igm_jax.extras import unusable
from igm_jax.files import write_json, write_whole
from igm_jax.generators import pushforward
from igm_jax.lifts import stateless
from igm_jax.networks import conv_generator
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.sources import Source, source
from igm_jax.training import provenance, train, training

ROUNDS = 7
STEPS = 10


@dataclasses.dataclass(frozen=True)
class Streams:
    """Time reading from the disk."""

    images: Path
    """A folder of images."""
    size: int = 32
    """The side that they are brought to."""
    batch_size: int = 256
    """Images in a batch."""
    step: float = 0.05
    """Seconds that a step takes at least."""
    gigabytes: float = 5.0
    """How much is read to see whether memory grows."""
    grain: bool = False
    """Whether grain reads the same folder beside it."""
    output: Path = Path("results/streams.json")
    """Where the numbers go."""


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 when all is written, 2 for a wrong config or folder."""
    config = command_line(Streams, arguments, "python -m benchmarks.streams")
    try:
        checked(config)
        with tempfile.TemporaryDirectory() as folder:
            found = measured(config, Path(folder))
        write_json(config.output, {**found, **provenance()})
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    table = Table(
        "", "value", title=f"{found['images']} images of {config.size} × {config.size}, batches of {config.batch_size}"
    )
    for name, value in found.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
    return 0


def checked(config: Streams) -> None:
    """An error for what cannot be measured or written, before anything is."""
    for name in ("size", "batch_size"):
        checks.count(name, getattr(config, name))
    for name in ("step", "gigabytes"):
        checks.positive(name, getattr(config, name))
    if config.output.suffix != ".json":
        raise ValueError(f"`output` must end in .json, but is {config.output}; name another file")
    write_whole(config.output.with_name(f".{config.output.name}.writable"), "").unlink()
    if config.grain:
        try:
            import grain  # pyrefly: ignore  # noqa: F401
        except Exception as error:
            raise unusable("`--grain`", "grain", error) from error


def measured(config: Streams, folder: Path) -> dict[str, Any]:
    """All numbers, by what they are."""
    begin = time.perf_counter()
    store = data.stored(config.images, folder / "kept", config.size)
    seconds, number = time.perf_counter() - begin, sum(store.sizes.values())
    found: dict[str, Any] = {"images": number, "decoded a second": number / seconds}
    stream = store.stream("train", config.batch_size)
    found["a batch from the disk, ms"] = 1e3 * batch_seconds(stream)
    found |= growth(stream, config.gigabytes)
    memory = store.splits(store.sizes["train"]).target()
    sources: dict[str, Any] = {"memory": memory, "disk": stream}
    if config.grain:
        found["a batch from grain, ms"] = 1e3 * batch_seconds(grains(config, store))
    work, plain = busy(config, memory)
    found["products in a step"] = work
    rates = {name: [] for name in sources}
    for _ in range(ROUNDS):
        for name, target in sources.items():
            rates[name].append(plain(target))
    for name, seconds_of in rates.items():
        found[f"a step, {name}, ms"] = 1e3 * statistics.median(seconds_of)
    found["a step, disk over memory"] = statistics.median(
        disk / own for disk, own in zip(rates["disk"], rates["memory"], strict=True)
    )
    return found


def batch_seconds(stream: Source, number: int = 50) -> float:
    """The median time of a batch."""
    batches, times = stream.start((0, 1), None), []
    for _ in range(number):
        begin = time.perf_counter()
        next(batches)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def growth(stream: Source, gigabytes: float) -> dict[str, float]:
    """How much the resident size grows while so much is read."""
    batches = stream.start((0, 1), None)
    for _ in range(200):
        batch = next(batches)
    size = sum(part.size for part in jax.tree.leaves(batch))  # a byte a number on the disk
    before, number = resident(), int(gigabytes * 1e9 / size)
    begin = time.perf_counter()
    for _ in range(number):
        next(batches)
    seconds = time.perf_counter() - begin
    return {
        "GB read": number * size / 1e9,
        "MB a second": number * size / 1e6 / seconds,
        "resident size, growth in MB a GB": (resident() - before) / 1e6 / (number * size / 1e9),
    }


def resident() -> int:
    """Bytes of memory that this process holds, on Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def busy(config: Streams, memory: Any) -> tuple[int, Callable[[Any], float]]:
    """How many products make a step long enough, and a function that times a step with such a target."""

    def run_of(target: Any, work: int) -> Any:
        def gap(x: jax.Array, y: jax.Array) -> jax.Array:
            square = jnp.eye(256) * (1 + 1e-9 * jnp.mean(x - y))
            square = jax.lax.fori_loop(0, work, lambda _, m: m @ square, square) if work else square
            return jnp.mean((x.mean(0) - y.mean(0)) ** 2) + 0 * jax.lax.stop_gradient(square[0, 0])

        generator = pushforward(conv_generator(8, (config.size, config.size, channels), width=8), normal(8))
        return training(generator, stateless(gap), optax.adam(1e-3), target, config.batch_size)

    channels = memory.dim // config.size**2

    def timed(target: Any, work: int) -> float:
        trained = train(run_of(target, work), jax.random.key(0), STEPS, progress=False, chunk=5)
        return trained.run_seconds / STEPS

    work = 0
    while timed(memory, work) < config.step:
        work = max(1, work * 2)
    return work, lambda target: timed(target, work)


def grains(config: Streams, store: Store) -> Source:
    """The same images, read and decoded by grain in every epoch."""
    import grain  # pyrefly: ignore

    found = data.folder(config.images)
    kept = data.survey(found).folder.files
    channels = store.layout.shape[2]

    def decoded(file: str) -> np.ndarray:
        image = data.decode(file, config.size, channels, "crop")
        return image.astype(np.float32).reshape(-1) / 127.5 - 1

    dataset = grain.MapDataset.source([str(file) for file in kept]).seed(0).shuffle().repeat().map(decoded)
    batches = dataset.batch(config.batch_size).to_iter_dataset(
        grain.ReadOptions(num_threads=2, prefetch_buffer_size=512)
    )

    def begin() -> Iterator[np.ndarray]:
        return iter(batches)

    return source(begin)


if __name__ == "__main__":
    ended(main)
