import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.features.architecture import Architecture, initial, logits_of, maps_of, reconstructed, seen_by_maps

KEY = jax.random.key(0)


@pytest.mark.parametrize(("side", "sides"), [(8, [4, 2, 1]), (28, [14, 7, 4]), (32, [16, 8, 4]), (64, [32, 16, 8, 4])])
def test_stages_halve_down_to_four_pixels_and_maps_have_the_widths_that_are_told(side, sides):
    shape = Architecture("classifier", (side, side, 3), width=2, code=5, classes=3)
    assert [one[0] for one in shape.sides[1:]] == sides
    assert shape.channels == [3, 2, 4, 8, 8][: len(sides) + 1]

    def both(images):
        parameters = initial(KEY, shape)
        return maps_of(shape, parameters, images), logits_of(shape, parameters, images)

    maps, logits = jax.eval_shape(both, jnp.zeros((7, shape.dim)))
    assert {name: one.shape for name, one in maps.items()} == {name: (7, p) for name, p in shape.widths.items()}
    assert logits.shape == (7, 3)


def test_an_odd_image_comes_back_in_its_shape():
    shape = Architecture("autoencoder", (7, 10, 1), width=2, code=5)
    back = jax.eval_shape(lambda x: reconstructed(shape, initial(KEY, shape), x), jnp.zeros((3, 70)))
    assert back.shape == (3, 70)
    assert list(shape.widths)[-1] == "bottleneck"


def test_maps_are_means_of_cells_and_moments_of_channels():
    shape = Architecture("classifier", (16, 16, 1), width=2, code=3, classes=2)
    parameters = initial(KEY, shape)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 256)), jnp.float32)
    maps = jax.jit(lambda x: maps_of(shape, parameters, x))(x)
    # Each cell of the first stage, 8 x 8 pixels, holds 2 x 2 of them: the mean of all cells is that of all pixels.
    np.testing.assert_allclose(maps["stage1"].reshape(2, 16, 2).mean(1), maps["moments"][:, :2], rtol=1e-5, atol=1e-6)
    # The last stage, 2 x 2 pixels, is left as it is: mean and deviation of its channels are those of the moments.
    last = np.asarray(maps["stage3"]).reshape(2, 4, 8)
    np.testing.assert_allclose(maps["moments"][:, 12:20], last.mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(maps["moments"][:, 20:], np.sqrt(last.var(1) + 1e-4), rtol=1e-4)


def test_maps_need_no_more_parameters_than_they_see():
    shape = Architecture("autoencoder", (8, 8, 1), width=2, code=3)
    parameters = {name: one for name, one in initial(KEY, shape).items() if seen_by_maps(name)}
    maps = jax.eval_shape(lambda x: maps_of(shape, parameters, x), jnp.zeros((2, 64)))
    assert set(maps) == set(shape.widths)
    assert len(parameters) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "classifier", "image_shape": (8, 8, 1)}, "`classes` must be at least 2"),
        ({"kind": "autoencoder", "image_shape": (2, 8, 1)}, "at least 4 x 4 pixels"),
        ({"kind": "autoencoder", "image_shape": (8, 8, 1), "width": 0}, "`width` must be at least 1"),
    ],
)
def test_shapes_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Architecture(**options)


def test_images_of_another_shape_are_refused_with_the_way_out():
    shape = Architecture("classifier", (8, 8, 1), width=2, code=3, classes=2)
    with pytest.raises(
        ValueError, match=r"images of shape \(8, 8, 1\) as rows \(n, 64\), but got .* \(2, 784\); in a clone, train one"
    ):
        maps_of(shape, initial(KEY, shape), jnp.zeros((2, 784)))
