"""What the tests of pictures draw."""

import numpy as np

from igm_jax.reporting.figures import Curves, Field, field_panels, sample_grid, scatter_panels, training_curves

DRAWS = np.random.default_rng(0)
POINTS = {"energy": DRAWS.normal(size=(30, 2)), "a $gan_%": DRAWS.normal(size=(20, 2))}
AXIS = np.linspace(-2.0, 2.0, 9)
GRID = np.stack(np.meshgrid(AXIS, AXIS), -1).reshape(-1, 2)


def curves():
    decay = np.exp(-np.arange(5.0)) * np.array([[1.0], [1.5], [2.0]])
    return {name: Curves(np.arange(5), {"w2": scale * decay}) for name, scale in (("energy", 1), ("gan", 2))}


def draw(kind, **options):
    if kind == "grid":
        return sample_grid({"a": np.full((3, 12), 0.5)}, (2, 6), **options)
    if kind == "scatter":
        return scatter_panels(POINTS, POINTS["energy"], **options)
    if kind == "curves":
        return training_curves(curves(), **options)
    return field_panels({"energy": Field(GRID, -GRID, (GRID**2).sum(1)), "sd": Field(GRID, GRID)}, GRID, **options)
