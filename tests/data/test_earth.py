"""Fields of the earth, from small files that the tests write in the same format; the real ones where their package is."""

import hashlib

import numpy as np
import pytest
from scipy.io import netcdf_file

from igm_jax.data import earth, ocean_climate, relief
from igm_jax.data.places import DataChangedError, DataNotFoundError, located

RNG = np.random.default_rng(0)


def written(path, axes, fields, place, monkeypatch):
    with netcdf_file(str(path), "w") as file:
        for name, values in axes.items():
            file.createDimension(name, len(values))
            file.createVariable(name, "d", (name,))[:] = values
        for name, values in fields.items():
            variable = file.createVariable(name, "f", tuple(axes))
            variable.missing_value = np.float32(-1e34)
            variable[:] = values
    content = path.read_bytes()
    monkeypatch.setitem(earth._CONTENT, place, (hashlib.sha256(content).hexdigest(), len(content)))


@pytest.fixture
def climate(tmp_path, monkeypatch):
    axes = {"TIME": np.arange(12), "COADSY": np.arange(-89, 91, 10), "COADSX": np.arange(21, 381, 10)}
    shape = tuple(map(len, axes.values()))
    fields = {name: RNG.normal(number, 1 + number, shape) for number, name in enumerate(earth.OUTCOMES)}
    fields["SST"][:, 3, 5] = -1e34  # land
    written(tmp_path / "coads_climatology.cdf", axes, fields, earth.CLIMATE, monkeypatch)
    return tmp_path, axes, fields


def test_rows_are_months_and_places_of_the_sea(climate):
    folder, axes, fields = climate
    data = ocean_climate(folder)
    parts = (data.train, data.validation, data.test)
    assert sum(len(part.values) for part in parts) == 12 * (18 * 36 - 1)
    np.testing.assert_allclose(data.train.values.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.values.std(0), 1, rtol=1e-5)
    # Each row is found again at its month and place.
    row = data.undone(data.test.values)[7]
    cos, sin, north, cosx, sinx = data.test.condition[7].astype(float)
    month = round(np.arctan2(sin, cos) % (2 * np.pi) / (2 * np.pi) * 12 - 0.5)
    y = np.abs(axes["COADSY"] - 90 * north).argmin()
    x = np.abs((axes["COADSX"] - np.rad2deg(np.arctan2(sinx, cosx)) + 180) % 360 - 180).argmin()
    np.testing.assert_allclose(row, [field[month, y, x] for field in fields.values()], rtol=1e-4, atol=1e-4)


def test_regions_stay_together(climate):
    data = ocean_climate(climate[0])
    seen = [
        {tuple(np.round(row[2:], 4)) for row in part.condition} for part in (data.train, data.validation, data.test)
    ]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]


def test_relief_is_cut_where_there_is_land_and_north_is_up(tmp_path, monkeypatch):
    latitudes, longitudes = np.linspace(-65, 65, 320), np.arange(640.0)
    heights = np.broadcast_to(10 * latitudes[:, None], (320, 640)) + RNG.normal(0, 30, (320, 640))
    axes = {"ETOPO05_Y": latitudes, "ETOPO05_X": longitudes}
    written(tmp_path / "etopo5.cdf", axes, {"ROSE": heights}, earth.RELIEF, monkeypatch)
    data = relief(tmp_path, 16)
    pictures = data.undone(data.train.values)[..., 0].astype(float)
    assert pictures.shape[1:] == (16, 16)
    assert np.all((pictures > 0).mean((1, 2)) >= 0.2)
    assert (pictures[:, 0] - pictures[:, -1]).mean() == pytest.approx(10 * 130 / 319 * 15, rel=0.1)
    assert data.train.values.min() >= -1
    assert data.train.values.max() <= 1
    with pytest.raises(ValueError, match="`size` must be at most 128"):
        relief(tmp_path, 200)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"ocean-climate needs the file coads_climatology.cdf.*ferret-datasets"):
        ocean_climate(tmp_path)
    (tmp_path / "etopo5.cdf").write_bytes(b"CDF\1")
    with pytest.raises(DataChangedError, match="is not that of Debian's package ferret-datasets"):
        relief(tmp_path)


def test_the_real_oceans():
    try:
        located(earth.CLIMATE)
    except DataNotFoundError:
        pytest.skip("Debian's package ferret-datasets is not installed")
    data = ocean_climate()
    rows = np.concatenate([data.undone(part.values) for part in (data.train, data.validation, data.test)])
    assert len(rows) == 99_235
    assert np.corrcoef(rows[:, 0], rows[:, 1])[0, 1] == pytest.approx(0.993, abs=0.001)
