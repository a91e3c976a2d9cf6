"""Held-out images, damaged in ways that a judge must see, each by several strengths."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter


class Pool(NamedTuple):
    """Images to damage, in random order.

    Attributes:
        values: (m, h·w·c), the first n of which are damaged.
        labels: (m,) class numbers, or None.
        n: how many damaged images there are to be.
        shape: (height, width, channels).
        limits: the least and the greatest value of a pixel.
        seed: of the noise.
    """

    values: np.ndarray
    labels: np.ndarray | None
    n: int
    shape: tuple[int, int, int]
    limits: tuple[float, float]
    seed: int = 0


class Damage(NamedTuple):
    """A way to damage images.

    Attributes:
        unit: what a strength is.
        strengths: ascending.
        apply: ``(pool, strength) -> (n, d) images``.
        needs_labels: whether it goes by classes.
    """

    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[Pool, float], np.ndarray]
    needs_labels: bool = False


def noisy(pool: Pool, strength: float) -> np.ndarray:
    """Gaussian noise of a standard deviation in half ranges of the pixels, cut to the range."""
    low, high = pool.limits
    noise = np.random.default_rng(pool.seed).normal(size=(pool.n, pool.values.shape[1]))
    return np.clip(pool.values[: pool.n] + strength * (high - low) / 2 * noise, low, high)


def blurred(pool: Pool, strength: float) -> np.ndarray:
    """A Gaussian filter of a standard deviation in pixels."""
    images = np.asarray(pool.values[: pool.n], np.float64).reshape(-1, *pool.shape)
    return gaussian_filter(images, (0, strength, strength, 0), mode="nearest").reshape(pool.n, -1)


def without_classes(pool: Pool, strength: float) -> np.ndarray:
    """Without the last classes: as many images of the others, those that were there and further ones."""
    assert pool.labels is not None
    left = np.flatnonzero(pool.labels < int(pool.labels.max()) + 1 - strength)
    if len(left) < pool.n:
        raise ValueError(
            f"without {strength:g} classes there are {len(left)} held-out images, but {pool.n} are wanted; lower --samples"
        )
    return pool.values[left[: pool.n]]


def repeated(pool: Pool, strength: float) -> np.ndarray:
    """Few originals, each there so many times."""
    originals = max(round(pool.n / strength), 1)
    return pool.values[np.arange(pool.n) % originals]


DAMAGES: Mapping[str, Damage] = {
    "noise": Damage("standard deviation, half ranges", (0.1, 0.2, 0.4, 0.8), noisy),
    "blur": Damage("standard deviation, pixels", (0.5, 1.0, 1.5, 2.0), blurred),
    "classes missing": Damage("number of classes", (1, 2, 4, 8), without_classes, needs_labels=True),
    "duplicates": Damage("copies of each", (2, 5, 20, 100), repeated),
}


def damages_for(labels: Any, classes: int) -> dict[str, Damage]:
    """The damages that make sense for images, by name, with the strengths that do.

    Args:
        labels: of the images; None where they have none.
        classes: how many there are; at least one is left.
    """
    found = {name: damage for name, damage in DAMAGES.items() if labels is not None or not damage.needs_labels}
    for name, damage in found.items():
        if damage.needs_labels:
            found[name] = damage._replace(strengths=tuple(s for s in damage.strengths if s < classes))
    return {name: damage for name, damage in found.items() if damage.strengths}
