"""A run's generator in its directory: written at the run's start, so that whoever has the directory can draw samples.

::

    DIRECTORY/generator.json   the recipe (``igm_jax.recipes``), or what of it could not be written, and why
    DIRECTORY/generator.npz    the arrays in it, where it has some
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax.arrays import read_npz
from igm_jax.base import ConditionalGenerator, Generator
from igm_jax.files import regular, write_json, write_npz
from igm_jax.recipes import Recipe, RecipeError, rebuilt, recipe_of
from igm_jax.training.digests import digest_of, is_changed, sealed
from igm_jax.training.errors import RunDirectoryError, RunMismatchError
from igm_jax.training.step import Run, parts_of

SCHEMA = 1
"""Version of generator.json; a file of another version is refused."""

_WAY_OUT = (
    "build the generator as it was built for training, and pass it: `load_generator(directory, generator=generator)`"
)


def recipe_of_run(run: Run) -> Recipe:
    """How the generator of a run is made."""
    parts = parts_of(run)
    if parts is None:
        return Recipe(None, {}, {"run": "was put together by hand, so that its generator is not known"})
    return recipe_of(parts.generator, "generator")


def write_generator(directory: Path, recipe: Recipe, run: str) -> None:
    """Write a recipe, unless it is there already, whole; what is damaged is written again.

    Args:
        directory: the run directory.
        recipe: from ``recipe_of_run``.
        run: the run's identity, so that the file of another run is known as such.

    Raises:
        RunDirectoryError: if the directory cannot be written.
    """
    path = directory / "generator.json"
    arrays = {} if recipe.missing else recipe.arrays
    story = {
        "schema": SCHEMA,
        "run": run,
        "generator": recipe.value,
        "missing": recipe.missing,
        "arrays": {name: digest_of(array) for name, array in arrays.items()},
    }
    story = sealed(story)
    try:
        # Bytes, since a damaged file need not be text.
        told = path.exists() and regular(path).read_bytes() == (json.dumps(story, indent=2) + "\n").encode()
        if told and _holds(path.with_suffix(".npz"), story["arrays"]):
            return
        if arrays:
            write_npz(path.with_suffix(".npz"), arrays)
        write_json(path, story)
    except OSError as error:
        raise RunDirectoryError(
            f"{path} cannot be written ({error.strerror}); free some space, or choose another directory"
        ) from error


def read_generator(directory: Path, run: str) -> Generator | ConditionalGenerator:
    """The generator that a run directory has the recipe of.

    Args:
        directory: the run directory.
        run: the run's identity, from its config.

    Returns:
        The generator.

    Raises:
        RunDirectoryError: if there is no recipe, or its files are damaged.
        RunMismatchError: if parts of it could not be written, or it was written for another version.
    """
    story = _story(directory / "generator.json", run)
    if missing := story["missing"]:
        told = "\n  ".join(f"`{place}` {reason}" for place, reason in missing.items())
        raise RunMismatchError(
            f"{directory} holds the parameters of a generator, but not how the generator is made:\n  {told}\nSo {_WAY_OUT}"
        )
    arrays = _arrays(directory / "generator.npz", story["arrays"]) if story["arrays"] else {}
    try:
        generator = rebuilt(story["generator"], arrays)
        if not isinstance(generator, Generator | ConditionalGenerator):
            raise RecipeError(f"it makes a {type(generator).__name__}, which is no generator")
    except RecipeError as error:
        raise RunMismatchError(
            f"{directory / 'generator.json'} cannot be followed: {error}. Use the version of igm_jax that began the run"
            f" (see config.json), or {_WAY_OUT}"
        ) from error
    return generator


def _story(path: Path, run: str) -> dict[str, Any]:
    try:
        story = json.loads(regular(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunDirectoryError(
            f"{path.parent} does not say how its generator is made: it has no {path.name}, which `train` writes at a run's start"
            f" since version 0.1.0. Start the run again with this version, which adds the file, or {_WAY_OUT}"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RunDirectoryError(f"{path} cannot be read ({error}); {_WAY_OUT}") from error
    if not isinstance(story, dict) or story.get("schema") != SCHEMA:
        schema = story.get("schema") if isinstance(story, dict) else None
        raise RunMismatchError(
            f"{path} has schema {schema!r}, but this version of igm_jax reads schema {SCHEMA}; use the version that wrote it,"
            f" or {_WAY_OUT}"
        )
    if not all(isinstance(story.get(name), dict) for name in ("missing", "arrays")) or "generator" not in story:
        raise RunDirectoryError(f"{path} is damaged: it lacks what `train` writes there; {_WAY_OUT}")
    if is_changed(story):
        raise RunDirectoryError(f"{path} was changed since it was written: its digest is another; {_WAY_OUT}")
    if story.get("run", run) != run:
        raise RunMismatchError(f"{path} belongs to another run than {path.with_name('config.json')}; {_WAY_OUT}")
    return story


def _arrays(path: Path, digests: dict[str, str]) -> dict[str, np.ndarray]:
    try:
        arrays = read_npz(path)
    except (OSError, ValueError) as error:
        raise RunDirectoryError(
            f"{path}, which holds the generator's arrays, cannot be read ({error}); {_WAY_OUT}"
        ) from error
    if wrong := [name for name in digests if name not in arrays or digest_of(arrays[name]) != digests[name]]:
        raise RunDirectoryError(
            f"{path} holds another array {wrong[0]!r} than generator.json was written with; {_WAY_OUT}"
        )
    return {name: arrays[name] for name in digests}


def _holds(path: Path, digests: dict[str, str]) -> bool:
    """Whether a file has the arrays, where there are any."""
    try:
        return not digests or bool(_arrays(path, digests))
    except RunDirectoryError:
        return False
