import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, NoWitnessError
from igm_jax.objectives.adversarial.augment import additive_noise, augmented, colour, cutout, shifted, translation
from igm_jax.objectives.adversarial.wasserstein import wgan

SHAPE = (6, 4, 2)


def images(n=400):
    return jnp.asarray(np.random.default_rng(0).uniform(1, 2, size=(n, 48)).astype(np.float32))


@pytest.mark.parametrize(("by", "axis"), [(2, 0), (-1, 0), (0, 1), (-3, 1)])
def test_a_shift_moves_pixels_and_lets_zeros_in(by, axis):
    image = np.asarray(images(1)).reshape(SHAPE)
    expected = np.zeros_like(image)
    kept, taken = (slice(max(by, 0), SHAPE[axis] + min(by, 0)), slice(max(-by, 0), SHAPE[axis] - max(by, 0)))
    at = (slice(None),) * axis
    expected[(*at, kept)] = image[(*at, taken)]
    np.testing.assert_array_equal(shifted(jnp.asarray(image), by, axis), expected)


def test_translations_are_uniform_on_their_range(key):
    """Where the first pixel of a filled image lands tells the move: ±1 of 6 rows and ±1 of 4 columns at a quarter."""
    x = images()
    moved = np.asarray(jax.jit(translation(SHAPE, 0.25))(key, x)).reshape(-1, *SHAPE)
    rows, columns = (np.any(moved != 0, axis=axes) for axes in ((2, 3), (1, 3)))
    assert {tuple(row) for row in columns} == {(True,) * 4, (True, True, True, False), (False, True, True, True)}
    found = {tuple(row) for row in rows}  # a quarter of 6 is rounded to 2
    assert len(found) == 5
    counts = np.unique(columns, axis=0, return_counts=True)[1]
    assert np.abs(counts - 400 / 3).max() < 4 * np.sqrt(400 * 2 / 9)


def test_cutouts_are_rectangles_of_zeros(key):
    x = images()
    cut = np.asarray(jax.jit(cutout(SHAPE, 0.5))(key, x)).reshape(-1, *SHAPE)
    gone = cut == 0
    np.testing.assert_array_equal(cut[~gone], np.asarray(x).reshape(-1, *SHAPE)[~gone])
    assert (gone[..., 0] == gone[..., 1]).all()
    rows, columns = gone[..., 0].any(2), gone[..., 0].any(1)
    np.testing.assert_array_equal(gone[..., 0], rows[:, :, None] & columns[:, None, :])
    assert set(rows.sum(1)) == {2, 3}  # 3 of 6 rows, fewer at an edge
    assert set(columns.sum(1)) == {1, 2}
    assert rows.any(0).all()
    assert columns.any(0).all()


def test_colours_keep_what_they_should(key):
    """Brightness alone moves all pixels alike; saturation alone keeps each pixel's grey, contrast alone the mean."""
    x = images(5)
    pictures = np.asarray(x).reshape(5, 24, 2)

    def changed(**strengths):
        none = {"brightness": 0.0, "saturation": 0.0, "contrast": 0.0}
        return np.asarray(colour(SHAPE, **none | strengths)(key, x)).reshape(5, 24, 2)

    np.testing.assert_allclose(changed(), pictures, rtol=1e-6)
    light = changed(brightness=0.5) - pictures
    np.testing.assert_allclose(light, np.broadcast_to(light[:, :1, :1], light.shape), atol=1e-6)
    assert 0.01 < np.abs(light).max() <= 0.5
    assert np.ptp(light[:, 0, 0]) > 0.01
    vivid = changed(saturation=1.0)
    np.testing.assert_allclose(vivid.mean(2), pictures.mean(2), rtol=1e-5)
    assert np.abs(vivid - pictures).max() > 0.01
    sharp = changed(contrast=0.5)
    np.testing.assert_allclose(sharp.mean((1, 2)), pictures.mean((1, 2)), rtol=1e-5)
    ratio = (sharp - sharp.mean((1, 2), keepdims=True)) / (pictures - pictures.mean((1, 2), keepdims=True))
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1], ratio.shape), rtol=2e-2)


@pytest.mark.parametrize("change", [translation(SHAPE), colour(SHAPE), cutout(SHAPE), additive_noise(0.3)])
def test_gradients_pass_to_the_images(x64, key, change):
    """All changes are affine in the image, so that two differences along a line are equal, and the gradient is exact."""
    rng = np.random.default_rng(1)
    x, direction, weights = (jnp.asarray(rng.normal(size=(3, 48))) for _ in range(3))
    value, slope = jax.value_and_grad(lambda x: jnp.sum(weights * change(key, x)))(x)
    moved = jnp.sum(weights * change(key, x + 2 * direction))
    assert np.abs(slope).max() > 0.1
    np.testing.assert_allclose((moved - value) / 2, jnp.sum(slope * direction), rtol=1e-9)


def test_both_sides_are_changed_with_draws_of_their_own(key):
    linear = Network(lambda key: jnp.ones(1), lambda psi, x: x @ psi)
    objective = augmented(wgan(linear, optax.sgd(0.0)), additive_noise(2.0))
    x = jnp.zeros((2000, 1))
    state = objective.init(key, x)
    _, info = jax.jit(objective.update)(key, state, x, x)
    assert 0 < abs(float(info["critic_gap"])) < 4 * 2 * np.sqrt(2 / 2000)
    with pytest.raises(NoWitnessError, match="random changes"):
        objective.witness(state, x, x, x)
    doubled = augmented(wgan(linear, optax.sgd(0.0)), lambda key, x: x + 1, lambda key, x: 2 * x)  # in this order
    assert float(doubled.loss(key, state, x, x)) == -2


def test_what_does_not_fit_is_named(key):
    with pytest.raises(ValueError, match=r"come as rows \(n, 48\), but got \(2, 9\)"):
        translation(SHAPE)(key, jnp.ones((2, 9)))
    with pytest.raises(ValueError, match="needs at least one augmentation"):
        augmented(wgan(Network(lambda key: {}, lambda params, x: x[:, 0]), optax.sgd(0.1)))
    with pytest.raises(ValueError, match="`std` must be positive"):
        additive_noise(0.0)
