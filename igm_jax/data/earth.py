"""Fields of the earth, from the data sets of NOAA's program Ferret: a table with conditions, and pictures that are heights."""

import io
import os
from typing import Any

import numpy as np
from scipy.io import netcdf_file

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled
from igm_jax.data.places import Place, located, verified
from igm_jax.distributions.splits import Scaling, Splits

_PACKAGE = "Debian's package ferret-datasets"
_FOLDER = "/usr/share/ferret-vis/data"
_CREDIT = "{} (NOAA, public domain), from the data sets of the program Ferret."

CLIMATE = Place("ocean-climate", _PACKAGE, _FOLDER, ("coads_climatology.cdf",))
RELIEF = Place("relief", _PACKAGE, _FOLDER, ("etopo5.cdf",))

_CONTENT = {
    CLIMATE: ("b94f55034d13d63f33e2153afddc0c5e00347076c35ab3e34937aec38ce9c4c1", 5_447_472),
    RELIEF: ("1455d5e5feebd183d0bef5538a750ca8a44801e1503f964df900831c224459ce", 37_394_632),
}

OUTCOMES = {
    "SST": "sea temperature, °C", "AIRT": "air temperature, °C", "SPEH": "humidity, g/kg", "WSPD": "wind speed, m/s",
    "UWND": "wind to the east, m/s", "VWND": "wind to the north, m/s", "SLP": "pressure, hPa",
}  # fmt: skip
"""The variables of the climate table, and what they are called."""

REGION = 10.0
"""Degrees of a square region, which lies in one part: neighbouring cells are alike."""

POLAR = 66.0
"""Degrees of latitude beyond which the relief is left out: there a cell's width is less than half of its height."""


STEEP = 4000
"""Metres below and above the sea, beyond which the relief is cut: the deepest trench would leave the land one grey."""


def ocean_climate(folder: str | os.PathLike[str] | None = None) -> Splits:
    """The climate of the oceans: air and sea in each month and cell of two degrees, given when and where.

    99 235 rows with seven outcomes (sea and air temperature, humidity, wind speed and its two components, pressure), each
    standardised, under five conditions: the month on a circle, the latitude in 90 degrees, the longitude on a circle. Regions of
    10 × 10 degrees lie in one part.

    Args:
        folder: where ``coads_climatology.cdf`` lies; None for ``IGM_DATA`` or the place of Debian's package ferret-datasets.

    Returns:
        Splits of (n, 7) rows with conditions (n, 5).

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where the file is not; the text names the package.
        DataChangedError: a ``ValueError``, where it holds something else.

    Source: S. Woodruff et al., A comprehensive ocean-atmosphere data set, Bulletin of the AMS 68, 1987.

    Example:
        >>> from igm_jax.data import ocean_climate
        >>> data = ocean_climate()  # doctest: +SKIP
        >>> data.train.values.shape, data.condition_names  # doctest: +SKIP
        ((82353, 7), ('month, cos', 'month, sin', 'latitude', 'longitude, cos', 'longitude, sin'))
    """
    fields = _read(CLIMATE, folder)
    months, latitudes, longitudes = (fields[name] for name in ("TIME", "COADSY", "COADSX"))
    when, north, east = np.meshgrid(np.arange(len(months)), latitudes, longitudes, indexing="ij")
    rows = np.stack([fields[name] for name in OUTCOMES], axis=-1).reshape(-1, len(OUTCOMES)).astype(np.float64)
    whole = np.asarray(np.isfinite(rows).all(axis=1))
    when, north, east = (each.ravel()[whole] for each in (when, north, east))
    rows = rows[whole].astype(np.float32)
    year, circle = 2 * np.pi * (when + 0.5) / len(months), np.deg2rad(east)
    condition = np.stack([np.cos(year), np.sin(year), north / 90, np.cos(circle), np.sin(circle)], axis=1)
    region = np.stack([north // REGION, east % 360 // REGION], axis=1).astype(np.int16)
    found = Found(
        CLIMATE.name, CLIMATE.name, rows, condition=condition.astype(np.float32), groups=[each.tobytes() for each in region],
        columns=tuple(OUTCOMES.values()),
        condition_names=("month, cos", "month, sin", "latitude", "longitude, cos", "longitude, sin"),
    )  # fmt: skip
    placed = found.split()
    train = rows[placed.rows(0)].astype(np.float64)
    notes = [f"Cells of which anything is missing, such as land, are left out: {int((~whole).sum())} of {len(whole)}."]
    told = "The columns are standardised by the mean and the standard deviation of the training part."
    splits = assembled(found, placed, Scaling(train.mean(0), train.std(0)), what="rows", told=told, notes=notes)
    return splits._replace(credit=_CREDIT.format("Ocean climate: COADS"))


def relief(folder: str | os.PathLike[str] | None = None, size: int = 32) -> Splits:
    """Pictures of the earth's relief: heights in metres on squares of 5 minutes of arc a pixel, between 66° south and north.

    The map is cut into blocks of four pictures' width, each wholly in one part; within a block, pictures overlap by half.
    Pictures with less than a fifth of land are left out.

    Args:
        folder: where ``etopo5.cdf`` lies; None for ``IGM_DATA`` or the place of Debian's package ferret-datasets.
        size: the side of a picture in pixels, at most 128.

    Returns:
        Splits of (n, size * size) heights, 4000 m below the sea at -1 and above it at 1; what lies beyond is cut.

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where the file is not; the text names the package.
        DataChangedError: a ``ValueError``, where it holds something else.

    Source: ETOPO5, NOAA National Geophysical Data Center, 1988.

    Example:
        >>> from igm_jax.data import relief
        >>> relief(size=32).image_shape  # doctest: +SKIP
        (32, 32, 1)
    """
    size = checks.count("size", size)
    if size > 128:
        raise ValueError(f"`size` must be at most 128, so that there are blocks for three parts, but is {size}")
    fields = _read(RELIEF, folder)
    rows = np.abs(fields["ETOPO05_Y"]) < POLAR
    heights = fields["ROSE"][rows].round().astype(np.int16)[::-1]  # north is up
    pictures, groups = _pictures(heights, size)
    found = Found(RELIEF.name, f"relief {size}x{size}", pictures, groups=groups)
    low, high = int(pictures.min()), int(pictures.max())
    beyond = np.abs(pictures) > STEEP
    np.clip(pictures, -STEEP, STEEP, out=pictures)
    splits = assembled(
        found, found.split(), Scaling.of_range(-STEEP, STEEP, "int16"), what="images", image_shape=(size, size, 1),
        extent=(low, high), told=f"Heights from {-STEEP} m to {STEEP} m are taken to -1 ... 1.",
        notes=[
            "Pictures with less than a fifth of land are left out.",
            f"{beyond.mean():.1%} of the heights lie beyond {STEEP} m, up or down, and are cut to that.",
        ],
    )  # fmt: skip
    return splits._replace(credit=_CREDIT.format("Relief: ETOPO5"))


def _pictures(heights: np.ndarray, size: int) -> tuple[np.ndarray, list[bytes]]:
    """Squares of a map, (n, size, size, 1), and the block that each lies in."""
    block, stride, kept, groups = 4 * size, max(1, size // 2), [], []
    for top in range(0, heights.shape[0] - block + 1, block):
        for left in range(0, heights.shape[1] - block + 1, block):
            within = heights[top : top + block, left : left + block]
            squares = np.lib.stride_tricks.sliding_window_view(within, (size, size))[::stride, ::stride]
            squares = squares.reshape(-1, size, size)
            squares = squares[(squares > 0).mean(axis=(1, 2)) >= 0.2]
            kept.append(squares)
            groups += [f"{top},{left}".encode()] * len(squares)
    return np.concatenate(kept)[..., None], groups


def _read(place: Place, folder: str | os.PathLike[str] | None) -> dict[str, Any]:
    """The variables of a NetCDF file by name; what is missing is NaN."""
    name = place.files[0]
    content = verified(located(place, folder) / name, *_CONTENT[place], place.package)
    fields = {}
    with netcdf_file(io.BytesIO(content), "r", mmap=False) as file:
        for key, variable in file.variables.items():
            values = np.array(variable.data, np.float32)
            for mark in ("missing_value", "_FillValue"):
                if hasattr(variable, mark):
                    values[values == np.float32(np.ravel(getattr(variable, mark))[0])] = np.nan
            values[np.abs(values) > 1e10] = np.nan
            fields[key] = values
    return fields
