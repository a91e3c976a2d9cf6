"""What judges hear: pitches that are counted, variety, and bands in which louder and longer differ."""

import numpy as np
import pytest

from experiments.shared.hearing import SILENT, Judged, bands, measured, variety
from experiments.shared.notes import SIZE, Notes
from igm_jax.evaluation import Heard

RNG = np.random.default_rng(0)


def pictures(n=30):
    return np.cumsum(RNG.normal(size=(n, SIZE)), axis=1).astype(np.float32) / 40


def test_variety_is_none_of_copies_and_one_of_the_data():
    families = np.repeat([0, 1], 15)
    some = pictures() + 5.0 * families[:, None].astype(np.float32)
    learned = Notes(np.zeros((30, 4)), some, np.full(30, 60), families)
    assert variety(np.repeat(some[:, None], 4, axis=1), learned) == 0
    draws = np.stack([some[families == number] for number in (0, 1)])
    assert variety(draws, learned) == pytest.approx(np.sqrt(15 / 14))


def test_pitch_counts_octaves_aside_and_silence_as_wrong():
    hertz = np.array([440.0, 880.0, 450.0, 470.0, np.nan])
    one = Judged(Heard(hertz, np.full(5, 0.5), RNG.normal(size=(5, 2))), RNG.normal(size=(5, 2)))
    assert measured(one, one, np.full(5, 69))["agreement"] == pytest.approx(3 / 5)


def test_bands_hold_level_and_change_over_time():
    time = np.arange(16000) / 16000
    steady = np.sin(2 * np.pi * 1000 * time)
    seen = bands(np.stack([steady, steady / 2, steady * (time < 0.5), 0 * steady]))
    level, change = np.split(seen, 2, axis=1)
    loudest = level[0].argmax()
    assert level[0, loudest] - level[1, loudest] == pytest.approx(np.log(2), abs=0.01)
    assert change[2, loudest] > 10 * change[0, loudest]
    np.testing.assert_allclose(level[3], SILENT, rtol=1e-6)
