"""The pairs of the Wasserstein-1 benchmark: drawn by seed, or given in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from igm_jax.arrays import read_npz
from igm_jax.distributions import random_ray_pair, ray_pair

Pair = tuple[Array, Array]
"""Centres (N, D) and offsets (N,) of a pair's funnels."""


class Cell(NamedTuple):
    """A column of the table: how many funnels, in how many dimensions."""

    count: int
    dim: int

    def __str__(self) -> str:
        return f"N = {self.count}, D = {self.dim}"


CELLS = (*(Cell(4, dim) for dim in (2, 4, 8, 16)), *(Cell(16, dim) for dim in (2, 4, 8)))


def drawn(cell: Cell, seed: int) -> Pair:
    """Centres (N, D) and offsets (N,) of a cell's pair of that seed."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), cell.dim), cell.count)
    rays = random_ray_pair(key, cell.dim, cell.count)
    return rays.centers, rays.offsets


def names(cell: Cell) -> tuple[str, str]:
    """What a cell's centres and offsets are called in a file."""
    return f"centers_d{cell.dim}_n{cell.count}", f"bias_d{cell.dim}_n{cell.count}"


def given(path: Path) -> dict[Cell, Pair]:
    """Centres and offsets from a ``.npz`` file, for the cells of which it holds ``centers_d{D}_n{N}`` and ``bias_d{D}_n{N}``.

    Raises:
        FileNotFoundError: where there is no file.
        ValueError: for a file of another kind, without a cell's arrays or with half of them, and for arrays of other
            shapes, with NaN, or with centres outside the cube.
    """
    arrays = _arrays(path)
    found = {cell: _checked(path, cell, arrays) for cell in CELLS if set(names(cell)) & set(arrays)}
    if not found:
        raise ValueError(
            f"expected arrays such as {' and '.join(map(repr, names(CELLS[0])))} in {path},"
            f" but it holds {', '.join(map(repr, arrays)) or 'none'}; name them by dimension d and number n of centres"
        )
    return found


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    if not path.exists():
        raise FileNotFoundError(f"expected a .npz file of pairs at {path}, but there is none; check `--pairs`")
    try:
        return read_npz(path)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"expected a .npz file of numeric arrays at {path}, but it cannot be read so ({error});"
            " save it with `numpy.savez`"
        ) from error


def _checked(path: Path, cell: Cell, arrays: Mapping[str, np.ndarray]) -> Pair:
    shapes = (cell.count, cell.dim), (cell.count,)
    for name, shape in zip(names(cell), shapes, strict=True):
        if name not in arrays:
            raise ValueError(
                f"{path} holds one half of the pair {cell}, but {name!r} is missing; add it, shape {shape}"
            )
        array = arrays[name]
        if array.shape != shape or array.dtype.kind not in "fiu":
            raise ValueError(
                f"{name!r} in {path} must be numbers of shape {shape}, but has shape {array.shape} and dtype"
                f" {array.dtype}; save the centres as (N, D) and the biases as (N,)"
            )
    try:
        rays = ray_pair(*(arrays[name].astype(float) for name in names(cell)))
    except ValueError as error:
        raise ValueError(f"the pair {cell} in {path} cannot be used: {error}") from error
    return rays.centers, rays.offsets
