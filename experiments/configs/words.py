"""Targets in lists, a word each: ``grid``, ``fashion-mnist``, ``images:FOLDER``, ``file:FILE``, ``table:FILE``."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.configs.choices import TargetConfig
from igm_jax import checks
from igm_jax.files import absolute

READ = {"path": "what is read", "folder": "where its files lie"}
"""The option of a target that stands after the colon."""


def target_of(word: str, targets: Mapping[str, type[Any]]) -> TargetConfig:
    """The target that a word of a list means, with the usual options.

    Args:
        word: a target's name, with what it reads after a colon.
        targets: the targets by name.

    Raises:
        ValueError: for a name that there is not, or what is read where nothing is or nothing is said; the text says what to do.
    """
    name, colon, path = word.partition(":")
    kind = targets[checks.choice("targets", name, targets)]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    option = next((each for each in READ if each in fields), None)
    if option is None:
        if colon:
            raise ValueError(f"the target {name} reads nothing, but {word!r} names {path!r}; leave it out")
        return kind()
    if not path:
        if colon or fields[option].default is dataclasses.MISSING:
            raise ValueError(f"the target {name} must know {READ[option]}, `{name}:PATH`, but is {word!r}")
        return kind()
    return kind(**{option: absolute(path) if path.startswith("~") else Path(path)})


def file_name(word: str) -> str:
    """A name for files of a target in a list, different for each."""
    name, colon, path = word.partition(":")
    if not colon:
        return name
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(path).name)[:40].strip(".-") or "data"
    return f"{name}-{stem}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def short(word: str) -> str:
    """A target's word for tables and headings: of a path its last part."""
    name, colon, path = word.partition(":")
    return f"{name} {Path(path).name}" if colon else name
