"""A published network as a space to train in: the judge's features, and slopes of them in the images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import Scaling
from igm_jax.evaluation import dinov2, dinov2_maps
from igm_jax.evaluation.judges.vision_transformer import all_tokens, class_token, placed, transformer_shapes
from tests.evaluation.judges.test_published import BYTES, PIXELS, SHAPE, TINY, saved
from tests.evaluation.judges.test_vision_transformer import drawn, reference


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("maps") / "vit.safetensors", drawn(transformer_shapes(TINY)))


@pytest.mark.parametrize("scaling", [PIXELS, Scaling.of_range(0, 255)._replace(offset=np.full(189, 127.5))])
def test_of_images_of_whole_pixels_it_says_what_the_judge_says(path, scaling):
    """But for pixels that resizing takes beyond black and white, which the judge cuts off: an image of middle greys has none."""
    x = scaling.scaled(64 + BYTES / 4)
    x = scaling.scaled(np.rint(scaling.undone(x)))
    maps = dinov2_maps(path, SHAPE, scaling)
    found = maps.network.apply(maps.network.init(jax.random.key(0)), jnp.asarray(x))
    judge = dinov2(path, SHAPE, PIXELS)
    assert maps.name == judge.name
    assert {name: rows.shape for name, rows in found.items()} == {
        name: (2, width) for name, width in maps.widths.items()
    }
    np.testing.assert_allclose(found["class"], judge.features(x), atol=2e-5)


def test_patches_are_the_mean_of_their_tokens():
    tensors = drawn(transformer_shapes(TINY))
    parameters = {name: jnp.asarray(value) for name, value in placed(tensors, 224).items()}
    images = jnp.asarray(np.random.default_rng(0).normal(size=(2, 224, 224, 3)), jnp.float32)
    tokens = all_tokens(parameters, images)
    assert tokens.shape == (2, 17, 64)
    np.testing.assert_array_equal(tokens[:, 0], class_token(parameters, images))
    np.testing.assert_allclose(
        tokens[0, 0], reference(placed(tensors, 224), np.asarray(images[0], float), TINY), atol=1e-4
    )


def test_slopes_are_those_of_the_maps(path, x64):
    """Also in images beyond black and white, which a judge would cut off."""
    maps = dinov2_maps(path, (5, 5, 1))
    params = jax.tree.map(lambda leaf: leaf.astype(float), maps.network.init(jax.random.key(0)))
    rng = np.random.default_rng(1)
    x, along = jnp.asarray(1.5 * rng.normal(size=(1, 25))), jnp.asarray(rng.normal(size=(1, 25)))

    def said(step):
        return jnp.concatenate(list(maps.network.apply(params, x + step * along).values()), axis=1)

    slope = jax.jvp(said, (0.0,), (1.0,))[1]
    difference = (said(1e-5) - said(-1e-5)) / 2e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-5, atol=1e-7)
    assert np.abs(slope).max() > 1e-3


def test_rows_of_another_size_are_refused(path):
    network = dinov2_maps(path, (5, 5, 1)).network
    with pytest.raises(ValueError, match=r"takes images of shape \(5, 5, 1\) as rows \(n, 25\), but got \(2, 24\)"):
        network.apply(network.init(jax.random.key(0)), jnp.zeros((2, 24)))
