"""The convolutional classifier: it tells places apart that shift, keeps its weights, and is a convolution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import convolutional_classifier_judge
from igm_jax.evaluation.judges import convolutional

SHAPE = (9, 8, 1)


def strokes(n, seed):
    """A vertical or a horizontal stroke, somewhere."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = 0.3 * rng.normal(size=(n, *SHAPE))
    for image, label, place in zip(images, labels, rng.integers(1, 7, n), strict=True):
        image[(slice(None), place) if label else (place, slice(None))] += 1
    return images.reshape(n, -1), labels


@pytest.fixture(scope="module")
def kept_in(tmp_path_factory):
    directory = tmp_path_factory.mktemp("judges")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolutional, "STEPS", 200)
        patch.setattr(convolutional, "BATCH", 32)
        return directory, convolutional_classifier_judge(*strokes(200, 0), SHAPE, directory=directory)


def test_held_out_strokes_are_recognised(kept_in):
    judge = kept_in[1]
    images, labels = strokes(600, 1)
    probabilities = judge.probabilities(images)
    assert np.mean(probabilities.argmax(1) == labels) >= 0.95
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert judge.name == "classifier"
    features = judge.features(strokes(200, 0)[0])
    assert features.shape == (200, 64)
    assert np.mean(features**2) == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(judge.features(images)[512:515], judge.features(images[512:515]), rtol=1e-5, atol=1e-6)


def test_kept_and_read_again_whatever_the_precision(kept_in):
    directory, judge = kept_in
    images, labels = strokes(200, 0)
    (path,) = directory.iterdir()
    stamp = path.stat().st_mtime_ns
    with jax.enable_x64(True):
        again = convolutional_classifier_judge(images, labels, SHAPE, directory=directory)
        np.testing.assert_array_equal(again.features(images[:5]), judge.features(images[:5]))
    assert path.stat().st_mtime_ns == stamp, "it was read, not trained"
    assert path.name.startswith("convolutional-")


@pytest.mark.parametrize(("shape", "stride"), [((7, 6, 2), 1), ((8, 5, 1), 2), ((10, 9, 3), 3)])
def test_patches_make_a_convolution(shape, stride):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *shape)).astype(np.float32)
    kernel = rng.normal(size=(2 * stride + 1, 2 * stride + 1, shape[2], 4)).astype(np.float32)
    expected = jax.lax.conv_general_dilated(
        jnp.asarray(x), jnp.asarray(kernel), (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found = np.asarray(convolutional._patches(jnp.asarray(x), 2 * stride + 1, stride)) @ kernel.reshape(-1, 4)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_larger_images_cost_no_more_places():
    assert [convolutional._strides((side, side, 1))[0] for side in (8, 16, 28, 32, 48, 64, 128)] == [
        1,
        1,
        2,
        2,
        3,
        5,
        9,
    ]
    for shape in ((28, 28, 1), (64, 48, 3), (9, 8, 1)):
        weights = convolutional._initial(jax.random.key(0), np.zeros((2, *shape), np.float32), 3)
        assert jax.eval_shape(convolutional._logits, weights, jnp.zeros((2, *shape))).shape == (2, 3)


def test_shifts_are_of_a_pixel_and_repeat_the_rim():
    x = jnp.asarray(np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1))
    wide = np.pad(np.arange(9.0).reshape(3, 3), 1, mode="edge")
    windows = [wide[a : a + 3, b : b + 3].tolist() for a in range(3) for b in range(3)]
    found = [np.asarray(convolutional._shifted(jax.random.key(seed), x))[0, :, :, 0].tolist() for seed in range(12)]
    assert all(each in windows for each in found)
    assert len({str(each) for each in found}) > 3


def test_what_will_not_do_is_told():
    images, labels = strokes(10, 0)
    with pytest.raises(ValueError, match=r"must be at least 8 × 8 .* use `classifier_judge`"):
        convolutional_classifier_judge(images, labels, (12, 6, 1))
    with pytest.raises(ValueError, match="flat images of 9 · 8 · 1 = 72 numbers"):
        convolutional_classifier_judge(images[:, :50], labels, SHAPE)
    with pytest.raises(ValueError, match="`labels` must be 10 integers"):
        convolutional_classifier_judge(images, labels[:-1], SHAPE)
