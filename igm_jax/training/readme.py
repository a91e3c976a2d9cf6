"""What a run's directory says of itself in words: what was trained, how to draw samples, how to go on, what the files are."""

import json
import shlex
from pathlib import Path
from typing import Any

from igm_jax.descriptions import Made
from igm_jax.files import write_whole
from igm_jax.recipes import Recipe
from igm_jax.training.directory import read_config
from igm_jax.training.errors import RunDirectoryError
from igm_jax.training.keys import key_of
from igm_jax.training.parts import Parts, is_conditional
from igm_jax.training.step import Run, parts_of

_FILES = {
    "config.json": "what tells this run from others, its random key, and where it was made (commit, versions, device)",
    "generator.json": "how the generator is made: names of constructors and their arguments; nothing in it is executed",
    "generator.npz": "arrays that the generator is made with, if there are any",
    "checkpoints/": "the newest states, a folder each, named by its number of steps",
    "log.jsonl": "one row of measures a line",
    "samples.npz": "samples of the finished run, where a command writes them",
    "report.html": "what came out, with `samples/` and `curves.png`, its pictures, where a command draws them",
}


def readme(directory: Path, run: Run, recipe: Recipe, command: str | None = None) -> str:
    """What the directory of a run holds, in Markdown.

    Args:
        directory: the run directory; its config.json says how many seeds there are, and when and with what it was begun.
        run: the run.
        recipe: how its generator is made.
        command: the command that starts the run, if there is one.

    Returns:
        The text.
    """
    config = read_config(directory)
    key = key_of(config, directory)
    seeds = len(key) if key.ndim else None
    lines = [f"# A run of igm_jax: {run.name}", "", "## What is trained", ""]
    lines += [f"- **{name}**: {text}" for name, text in _trained(run).items()]
    lines += ["", "## Samples from it", "", *_sampling(directory, recipe, seeds, run)]
    lines += ["", "## Going on with it", "", *_going_on(directory, command), "", "## The files", ""]
    lines += [f"- `{name}`: {text}." for name, text in _FILES.items()]
    return "\n".join([*lines, *_begun(config), ""])


def write_readme(directory: Path, run: Run, recipe: Recipe, command: str | None = None) -> None:
    """Write the directory's ``README.md``, unless there is a file of that name: that may be somebody's own.

    Args:
        directory: the run directory.
        run: the run.
        recipe: how its generator is made.
        command: the command that starts the run, if there is one.

    Raises:
        RunDirectoryError: if the directory cannot be written.
    """
    path = directory / "README.md"
    if path.exists():
        return
    try:
        write_whole(path, readme(directory, run, recipe, command))
    except OSError as error:
        raise RunDirectoryError(
            f"{path} cannot be written ({error.strerror}); free some space, or choose another directory"
        ) from error


def _begun(config: dict[str, Any]) -> list[str]:
    """When and with what the run was begun, which may be long before its README is written."""
    try:
        told = config["provenance"]
        versions = " and ".join(f"{name} {told['versions'][name]}" for name in ("igm-jax", "jax"))
        return ["", f"Begun on {told['date'][:10]} with {versions}."]
    except (KeyError, TypeError):  # a directory that does not say it
        return []


def _points(run: Run) -> int | None:
    """How many points a particle flow has, which can give neither more nor fewer samples; None for another generator."""
    parts = parts_of(run)
    made = parts and getattr(parts.generator, "made", None)
    return len(made.arguments["x"]) if isinstance(made, Made) and made.name == "particles" else None


def _trained(run: Run) -> dict[str, str]:
    parts = parts_of(run)
    if parts is None:
        return {"run": f"{run.name}, put together by hand"}
    return {
        "objective": _words(parts.objective, run.name),
        "target": _words(parts.target),
        "generator": _words(parts.generator),
        "a step": f"{parts.inner_steps} of the objective, then one of the generator, each on {_numbers(parts)}",
        "average": f"the parameters' running average, with a decay of {parts.average:g}",
    }


def _numbers(parts: Parts) -> str:
    """How many samples and data an update sees."""
    samples = f"{parts.batch_size} samples"
    if is_conditional(parts.generator):
        samples = f"{parts.draws} samples under each of {parts.batch_size} conditions"
    return samples if parts.num_data == parts.batch_size else f"{samples} and {parts.num_data} data"


def _words(value: Any, name: str = "") -> str:
    """A value as it was made; of somebody's own code the name."""
    if isinstance(made := getattr(value, "made", None), Made):
        return f"`{made}`"
    name = name or getattr(value, "__qualname__", type(value).__name__)
    return f"`{name}`, put together by hand"


def _sampling(directory: Path, recipe: Recipe, seeds: int | None, run: Run) -> list[str]:
    """How to draw samples: of several seeds of the first one, and of a particle flow all its points."""
    points, parts = _points(run), parts_of(run)
    conditional = parts is not None and is_conditional(parts.generator)
    where, n = json.dumps(directory.as_posix()), "conditions, 10" if conditional else points or 1000
    passed = ", generator=generator" * bool(recipe.missing) + ", seed=0" * bool(seeds)
    which = f"  # a seed of 0 to {seeds - 1}" if seeds else ""
    note = f"; of the {points} particles, all" if points else "; 10 under each" if conditional else ""
    lines = [
        "In Python, with igm_jax installed:",
        "",
        "```python",
        "import jax",
        "from igm_jax.training import load_generator",
        "",
        f"model = load_generator({where}{passed}){which}",
        f"x = model.sample(jax.random.key(0), {n})  # of the running average{note}",
        "```",
        "",
    ]
    if not recipe.missing and conditional:
        return [*lines, "Here `conditions` are arrays like those that it was trained with."]
    if not recipe.missing:
        of = " --of 0" * bool(seeds)
        quoted = shlex.quote(directory.as_posix())
        command = f"python -m experiments.sample --run {quoted}{of} --n {n} --out samples.npy"
        return [*lines, "From a clone of igm_jax, on the command line:", "", "```bash", command, "```"]
    told = [f"- `{place}` {reason}" for place, reason in recipe.missing.items()]
    return [*lines, "Here `generator` is built as it was for training, since it cannot be made from a file:", "", *told]


def _going_on(directory: Path, command: str | None) -> list[str]:
    if command is not None:
        return [
            "The command that began it goes on from the newest checkpoint, from the same place:",
            "",
            "```bash",
            command,
            "```",
        ]
    return [
        f"The same call of `train` with `directory={json.dumps(directory.as_posix())}` goes on from the newest checkpoint:"
        " with the same run and key, and as many `steps` as it should have in all."
    ]
