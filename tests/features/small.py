"""A tiny encoder of tiny images, trained once for all tests."""

from functools import cache

import numpy as np

from igm_jax.features import Encoder, Recipe, fit_encoder

SHAPE = (8, 8, 1)


@cache
def images() -> tuple[np.ndarray, np.ndarray]:
    """Images with a bright upper or lower half, and which."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    bright = np.where(labels[:, None] == 0, np.arange(64)[None] < 32, np.arange(64)[None] >= 32)
    return (bright + 0.3 * rng.normal(size=(80, 64))).astype(np.float32), labels.astype(np.int32)


@cache
def classifier() -> Encoder:
    """A classifier of them."""
    x, y = images()
    return fit_encoder(
        "classifier", x[:60], SHAPE, y[:60], held_out=(x[60:], y[60:]), width=4, code=8, recipe=Recipe(30, 16)
    )
