"""Damage to the files of a finished run's directory, and what reading it and training on in it come to."""

import contextlib
import hashlib
import json
import random
import shutil
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from igm_jax import stateless
from igm_jax.generators import particles
from igm_jax.training import (
    Run,
    RunDirectoryError,
    RunMismatchError,
    load_generator,
    read_log,
    restore,
    train,
    training,
)
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.digests import digests, identity_of
from igm_jax.training.directory import read_config

STEPS, MORE = 20, 30
OPTIONS = {"chunk": 5, "every": 5, "log_every": 1, "progress": False}


def run_of(rate: float = 0.05) -> Run:
    """Points that move at random, with numbers that cannot be compressed: a flipped bit meets no check of the files' own."""
    gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
    x = np.random.default_rng(0).normal(size=(32, 16)).astype(np.float32)
    return training(particles(x), gap, optax.adam(rate), lambda key, n: jax.random.normal(key, (n, 16)), 32)


def told(directory: Path) -> dict:
    """All that a finished run comes to: the digests of its state, and its log without the times."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in read_log(directory)]
    state = restore(run_of(), directory)
    return {"state": digests(state), "rows": hashlib.sha256(json.dumps(rows).encode()).hexdigest()}


@contextlib.contextmanager
def finished() -> Iterator[tuple[Path, dict]]:
    """The directory of a finished run, with two checkpoints, and what the run comes to with more steps."""
    with tempfile.TemporaryDirectory() as folder:
        directory, more = Path(folder, "run"), Path(folder, "more")
        train(run_of(), jax.random.key(0), STEPS, directory=directory, **OPTIONS)
        shutil.copytree(directory, more)
        foreign = Path(folder, "foreign")
        train(run_of(0.1), jax.random.key(0), STEPS, directory=foreign, **OPTIONS)
        train(run_of(), jax.random.key(0), MORE, directory=more, **OPTIONS)
        yield directory, told(more)


def flips(rng: random.Random, directory: Path, number: int) -> str:
    """Flip one bit: by turns of the numbers in the checkpoints, and of a file chosen at random."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.stat().st_size)
    numbers = [path for path in files if "ocdbt.process_0" in path.parts]
    path = rng.choice(files) if number % 2 else rng.choices(numbers, [path.stat().st_size for path in numbers])[0]
    content = bytearray(path.read_bytes())
    content[place := rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return f"byte {place} of {path.relative_to(directory)}"


TARGETS = (
    "config.json",
    "log.jsonl",
    "generator.json",
    "generator.npz",
    "README.md",
    ".lock",
    "checkpoints",
    "checkpoints/20",
    "checkpoints/20/_CHECKPOINT_METADATA",
    "checkpoints/20/state",
    "checkpoints/20/state/_METADATA",
    "checkpoints/20/state/manifest.ocdbt",
    "checkpoints/20/state/ocdbt.process_0",
)


STRIDE = 46
"""From one damage to the next: however few are done, they are of several kinds, to several targets, first the checkpoints' data;
all of them have no divisor in common with it."""


def _gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _instead(make: Callable[[Path], object]) -> Callable[[Path, Path], None]:
    def damage(path: Path, foreign: Path) -> None:
        del foreign
        _gone(path)
        make(path)

    return damage


def _content(change: Callable[[bytes], bytes]) -> Callable[[Path, Path], None]:
    def damage(path: Path, foreign: Path) -> None:
        del foreign
        for file in [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file()):
            file.write_bytes(change(file.read_bytes()))

    return damage


def _foreign(path: Path, foreign: Path) -> None:
    _gone(path)
    shutil.copytree(foreign, path) if foreign.is_dir() else shutil.copy(foreign, path)


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "another run's": _foreign,
    "deleted": _instead(lambda path: None),
    "emptied": _content(lambda content: b""),
    "halved": _content(lambda content: content[: len(content) // 2]),
    "zeroed": _content(lambda content: bytes(len(content))),
    "doubled": _content(lambda content: content + content),
    "a directory": _instead(Path.mkdir),
    "a dangling link": _instead(lambda path: path.symlink_to("nowhere")),
}


def damaged(number: int, seed: int, only_flips: bool, tell: Callable[[str], None] = print) -> Counter:
    """Damage copies of a finished run's directory, and count what comes of it."""
    rng, counts = random.Random(seed), Counter(refused=0, said=0, unchanged=0, silent=0, tracebacks=0, lost=0)
    # A newest checkpoint that is gone altogether cannot be told from one that was never saved.
    none = ("checkpoints/20", "deleted")
    all_of_them = [pair for target in TARGETS[::-1] for name in DAMAGES if (pair := (target, name)) != none]
    with finished() as (whole, expected):
        foreign = whole.with_name("foreign")
        for i in range(number):
            directory = Path(shutil.copytree(whole, whole.with_name("copy")))
            if only_flips:
                what = flips(rng, directory, i)
            else:
                target, name = all_of_them[i * STRIDE % len(all_of_them)]
                what = f"{target} {name}"
                DAMAGES[name](directory / target, foreign / target)
            for verdict in outcome(directory, expected):
                counts[verdict] += 1
                if verdict in ("silent", "tracebacks", "lost"):
                    tell(f"{verdict}: {what}")
            shutil.rmtree(directory)
    return counts


def outcome(directory: Path, expected: dict) -> Iterator[str]:
    """What reading a directory and training on in it comes to: one word for each of both, and one more for what was lost."""
    before = content_of(directory)
    whole = whole_ones(directory)
    for do in (_drawn, _went_on):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                verdict = do(directory, expected)
            except (RunDirectoryError, RunMismatchError):
                verdict = "refused"
            except Exception:
                traceback.print_exc()
                verdict = "tracebacks"
        yield (
            "said"
            if verdict != "unchanged" and caught and verdict == "other"
            else "silent"
            if verdict == "other"
            else verdict
        )
        if verdict == "refused" and content_of(directory) != before:
            yield "lost"
    if whole and not whole_ones(directory):
        yield "lost"


def content_of(directory: Path) -> dict[str, bytes]:
    """All that lies in a directory, but its lock, and what only says in words what is there."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.name not in (".lock", "README.md"))
    made = ("generator.json", "generator.npz")  # which is made anew where it is damaged
    return {str(path.relative_to(directory)): path.read_bytes() for path in files if path.name not in made}


def whole_ones(directory: Path) -> list[int]:
    """Steps of the whole checkpoints; none where the run's config cannot be read."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = run_of()
        like = jax.eval_shape(run.init, jax.random.key(0))
        with Checkpoints(directory, clean=False, run=identity_of(read_config(directory))) as checkpoints:
            newest = checkpoints.newest_whole(like)
            return [] if newest is None else [newest]
    return []


def _drawn(directory: Path, expected: dict) -> str:
    """The parameters of the newest whole checkpoint."""
    del expected
    model = load_generator(directory)
    if digests(model.average) != _known(model.step):
        return "silent"
    return "unchanged" if model.step == STEPS else "other"


def _went_on(directory: Path, expected: dict) -> str:
    """The same state and log as if nothing had happened, or the same state with other rows, which has to be said."""
    train(run_of(), jax.random.key(0), MORE, directory=directory, **OPTIONS)
    found = told(directory)
    if found["state"] != expected["state"]:
        return "silent"
    return "unchanged" if found == expected else "other"


_averages: dict[int, dict] = {}


def _known(step: int) -> dict:
    """The digests of the average after some steps of the undisturbed run."""
    if step not in _averages:
        _averages[step] = digests(train(run_of(), jax.random.key(0), step, **OPTIONS).state.average)
    return _averages[step]
