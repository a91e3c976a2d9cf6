"""Judges that have seen no data: the samples themselves, and random convolutions."""

import numpy as np
import pytest

from igm_jax.evaluation import frechet_distance, identity_judge, random_convolution_judges

SHAPE = (6, 5, 2)
IMAGES = np.random.default_rng(0).normal(size=(7, 60))


def convolve(x, filters, stride):
    """A 3 × 3 convolution with zero padding as XLA's SAME has it, in loops."""
    n, h, w, _ = x.shape
    out = [-(-size // stride) for size in (h, w)]
    before = [max(0, (o - 1) * stride + 3 - size) // 2 for o, size in zip(out, (h, w), strict=True)]
    padded = np.pad(x, ((0, 0), (before[0], 3), (before[1], 3), (0, 0)))
    result = np.zeros((n, *out, filters.shape[3]))
    for i in range(out[0]):
        for j in range(out[1]):
            patch = padded[:, i * stride : i * stride + 3, j * stride : j * stride + 3]
            result[:, i, j] = np.tensordot(patch, filters, 3)
    return result


def test_identity_judge():
    judge = identity_judge()
    assert judge.features(IMAGES.astype(np.float32)).dtype == np.float64
    np.testing.assert_array_equal(judge.features(IMAGES), IMAGES)
    assert judge.probabilities is None


def test_random_features_are_what_they_say():
    rng = np.random.default_rng(4).spawn(1)[0]
    x = IMAGES.reshape(-1, *SHAPE)
    for channels, stride in ((2, 1), (16, 2)):
        filters = rng.normal(scale=np.sqrt(2 / (9 * channels)), size=(3, 3, channels, 16))
        x = np.maximum(convolve(x, filters, stride), 0)
    quarters = [
        quarter.mean((1, 2)) for half in np.array_split(x, 2, axis=1) for quarter in np.array_split(half, 2, axis=2)
    ]
    found = random_convolution_judges(SHAPE, draws=1, seed=4)[0].features(IMAGES)
    np.testing.assert_allclose(found, np.concatenate(quarters, axis=1), rtol=1e-4, atol=1e-5)


def test_draws_differ_and_are_the_same_again():
    first, again = (random_convolution_judges(SHAPE, draws=3, seed=1) for _ in range(2))
    features = [judge.features(IMAGES) for judge in first]
    assert len({judge.name for judge in first}) == 3
    assert not np.allclose(features[0], features[1])
    for judge, expected in zip(again, features, strict=True):
        np.testing.assert_array_equal(judge.features(IMAGES), expected)


def test_features_of_an_image_do_not_depend_on_its_company():
    judge = random_convolution_judges(SHAPE, draws=1)[0]
    many = np.tile(IMAGES, (100, 1))  # more than one batch
    np.testing.assert_allclose(judge.features(many)[:7], judge.features(IMAGES), rtol=1e-5, atol=1e-6)


def test_every_draw_sees_noise_and_scrambled_pixels():
    rng = np.random.default_rng(0)
    ramp = np.linspace(-1, 1, 8)
    across, down = np.tile(ramp, 8), np.repeat(ramp, 8)
    real, fake = (rng.normal(size=(200, 1)) * across + rng.normal(size=(200, 1)) * down for _ in range(2))
    noisy = fake + 0.3 * rng.normal(size=fake.shape)
    scrambled = fake[:, rng.permutation(64)]
    for judge in random_convolution_judges((8, 8, 1)):
        distances = [
            frechet_distance(real=judge.features(real), fake=judge.features(x)) for x in (fake, noisy, scrambled)
        ]
        assert distances[1] > 2 * distances[0]
        assert distances[2] > 2 * distances[0]


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="must be \\(height, width, channels\\)"):
        random_convolution_judges((8, 8))
    with pytest.raises(ValueError, match="at least 4 × 4"):
        random_convolution_judges((3, 8, 1))
    with pytest.raises(ValueError, match="flat images of 6 · 5 · 2 = 60 numbers, but has shape \\(7, 30\\)"):
        random_convolution_judges(SHAPE)[0].features(IMAGES[:, :30])
    with pytest.raises(ValueError, match="`draws` must be at least 1"):
        random_convolution_judges(SHAPE, draws=0)
