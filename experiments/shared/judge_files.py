"""Published networks from the user's files, as ``--judge-files inception=FILE`` names them, each looking at an image once."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.shared.seen import Seen
from igm_jax import checks
from igm_jax.distributions import Scaling
from igm_jax.evaluation import PUBLISHED

OPTION = "--judge-files"

Features = Callable[[Any], np.ndarray]


def judge_files(texts: Sequence[str]) -> dict[str, Path]:
    """The files of published networks, by the networks' short names.

    Args:
        texts: e.g. ``("inception=weights.pth", "dinov2=other.pth")``.

    Raises:
        ValueError: for a text of another form, a network that is not known or is named twice.
    """
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not (equals and path):
            raise ValueError(f"{OPTION} must be network=FILE, such as inception=weights.pth, but is {text!r}")
        checks.choice(f"the network of {OPTION}", name, tuple(PUBLISHED))
        if name in found:
            raise ValueError(f"{OPTION} must name each network once, but names {name} twice; drop one of the files")
        found[name] = Path(path)
    return found


def seen_by(
    files: dict[str, Path], image_shape: tuple[int, int, int] | None, scaling: Scaling | None
) -> tuple[Seen, ...]:
    """Published networks to see samples through.

    Args:
        files: by the networks' short names.
        image_shape: (h, w, c) of the samples.
        scaling: from the units that the images are stored in to those of the samples; None if the latter are -1 to 1.

    Raises:
        ValueError, OSError: for samples that are no images, or a file that is not the network's.
    """
    if files and image_shape is None:
        raise ValueError(
            f"{OPTION} goes with images, but of these samples no shape is known; give --image-shape, or drop it"
        )
    made = [PUBLISHED[name](path, image_shape, scaling) for name, path in files.items() if image_shape is not None]
    return tuple(Seen(judge.name, remembered(judge.features), option=OPTION) for judge in made)


def remembered(features: Features, most: int = 20_000) -> Features:
    """Features of rows that are computed once: floors take the same images several times, and a look is dear.

    Args:
        features: ``(n, d) -> (n, k)``, each row on its own.
        most: rows that are kept; where there is no room for new ones it begins anew.

    Returns:
        The same function.
    """
    known: dict[bytes, np.ndarray] = {}

    def look(rows: Any) -> np.ndarray:
        rows = np.asarray(rows)
        keys = [hashlib.sha256(row.tobytes()).digest() for row in rows]
        places = {key: place for place, key in enumerate(keys)}
        if len(known) + sum(key not in known for key in places) > most:
            known.clear()
        new = {key: place for key, place in places.items() if key not in known}
        if new:
            known.update(zip(new, features(rows[list(new.values())]), strict=True))
        return np.stack([known[key] for key in keys])

    return look
