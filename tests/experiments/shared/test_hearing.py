"""What judges hear: pitches that are counted, variety, and bands in which louder and longer differ."""

import numpy as np
import pytest

from experiments.shared.hearing import SILENT, Judged, bands, matched, measured, variety
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
    assert variety(draws, learned) == pytest.approx(1)
    alone = Notes(np.zeros((31, 4)), np.concatenate([some, some[:1] + 9]), np.full(31, 60), np.append(families, 2))
    assert variety(draws, alone) == pytest.approx(1)  # a family of one recording has no two


def test_recordings_are_matched_by_key_first_and_by_family_where_that_costs_none():
    def some(keys, families):
        return Notes(np.zeros((len(keys), 4)), np.zeros((len(keys), 4)), np.array(keys), np.array(families))

    learned = some([60, 60, 62, 70, 70, 90], [0, 1, 1, 0, 1, 1])
    assert matched(learned, some([60, 70, 61], [1, 0, 1])).tolist() == [1, 3, 2]
    assert matched(learned, some([60, 60], [1, 1])).tolist() in ([0, 1], [1, 0])  # none is taken twice
    assert matched(learned, some([70, 89], [1, 0])).tolist() == [4, 5]
    many = some(RNG.integers(40, 89, 300), RNG.integers(0, 9, 300))
    held = some(RNG.integers(40, 89, 100), RNG.integers(0, 9, 100))
    places = matched(many, held)
    assert len(set(places.tolist())) == 100
    assert np.abs(many.keys[places] - held.keys).mean() < 0.5


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
