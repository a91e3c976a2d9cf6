"""Damages: what they do to images, and that they do it to the same ones at every strength."""

import numpy as np
import pytest

from experiments.shared.damage import DAMAGES, Pool, blurred, damages_for, noisy, repeated, without_classes

RNG = np.random.default_rng(0)
POOL = Pool(RNG.uniform(-1, 1, (60, 30)), np.arange(60) % 4, 20, (6, 5, 1), (-1.0, 1.0))


def test_noise_is_one_noise_scaled():
    quiet, loud = (
        noisy(POOL._replace(limits=(-100.0, 100.0)), strength) - POOL.values[:20] for strength in (0.01, 0.02)
    )
    np.testing.assert_allclose(2 * quiet, loud, atol=1e-9)
    assert quiet.std() == pytest.approx(1, rel=0.1)
    assert np.abs(noisy(POOL, 5.0)).max() == 1


def test_blur_keeps_means_of_flat_images_and_takes_detail():
    flat = POOL._replace(values=np.full((60, 30), 0.3))
    np.testing.assert_allclose(blurred(flat, 1.5), 0.3)
    deviations = [blurred(POOL, strength).std(axis=1).mean() for strength in (0.01, 0.5, 1.0, 2.0)]
    assert (np.diff(deviations) < 0).all()
    # An image is blurred in itself: its neighbours do not matter.
    other = POOL._replace(values=np.concatenate([POOL.values[:1], RNG.normal(size=(59, 30))]))
    np.testing.assert_array_equal(blurred(other, 1.0)[0], blurred(POOL, 1.0)[0])


def test_missing_classes():
    found = without_classes(POOL, 2)
    places = [int(np.flatnonzero((POOL.values == row).all(1))[0]) for row in found]
    assert set(POOL.labels[places]) == {0, 1}
    assert len(set(places)) == 20
    with pytest.raises(ValueError, match="without 3 classes there are 15 held-out images, but 20 are wanted"):
        without_classes(POOL, 3)


def test_duplicates():
    found = repeated(POOL, 5)
    assert found.shape == (20, 30)
    np.testing.assert_array_equal(np.unique(found, axis=0), np.unique(POOL.values[:4], axis=0))
    assert len(np.unique(repeated(POOL, 100), axis=0)) == 1


def test_what_makes_sense():
    assert "classes missing" not in damages_for(None, 0)
    assert damages_for(POOL.labels, 4)["classes missing"].strengths == (1, 2)
    assert "classes missing" not in damages_for(POOL.labels, 1)
    assert all(list(damage.strengths) == sorted(damage.strengths) for damage in DAMAGES.values())
