"""Images of every mode and orientation as arrays, and those that cannot be had."""

import numpy as np
import pytest
from PIL import Image

from igm_jax.data import ImageError, decode, header
from tests.data import told
from tests.data.pictures import animated, claiming, pixels, stored


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF"])
def test_pixels_come_back_to_the_bit(kind):
    image = pixels(6, 6)
    np.testing.assert_array_equal(decode(stored(image, kind), 6, 1)[:, :, 0], image)
    if kind != "GIF":
        image = pixels(6, 6, 3)
        np.testing.assert_array_equal(decode(stored(image, kind), 6, 3), image)


def test_webp_and_jpeg_are_read(tmp_path):
    image = pixels(6, 6, 3)
    np.testing.assert_array_equal(decode(stored(image, "WEBP", lossless=True), 6, 3), image)
    (tmp_path / "x").write_bytes(stored(np.full((16, 16, 3), 70, np.uint8), "JPEG"))
    assert np.abs(decode(tmp_path / "x", 16, 3).astype(int) - 70).max() <= 1
    assert header(tmp_path / "x")[:3] == (16, 16, False)


def test_grey_becomes_three_alike_and_colour_one():
    image = pixels(5, 5)
    np.testing.assert_array_equal(decode(stored(image), 5, 3), np.repeat(image[:, :, None], 3, 2))
    red = np.zeros((5, 5, 3), np.uint8)
    red[..., 0] = 255
    assert np.unique(decode(stored(red), 5, 1)).tolist() == [76]  # .299 · 255


def test_sixteen_bits_are_kept_where_they_are_asked_for():
    image = pixels(7, 7, dtype=np.uint16)
    assert header(stored(image)).deep
    found = decode(stored(image), 7, 1, deep=True)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[:, :, 0], image)
    eight = decode(stored(image), 7, 1)[:, :, 0]
    np.testing.assert_array_equal(eight, np.rint(image / 257))
    wide = decode(stored(np.full((4, 8), 65535, np.uint16)), 4, 1, "pad", deep=True)
    assert np.unique(wide).tolist() == [65535]


def test_palettes_are_grey_or_not():
    grey = Image.fromarray(pixels(6, 6)).convert("P")
    colour = Image.fromarray(pixels(6, 6, 3)).quantize(16)
    assert (header(stored(grey)).grey, header(stored(colour)).grey) == (True, False)
    np.testing.assert_array_equal(decode(stored(colour), 6, 3), np.asarray(colour.convert("RGB")))
    assert header(stored(Image.new("1", (6, 6)))).grey
    assert decode(stored(Image.new("1", (6, 6), 1)), 6, 1).min() == 255


def test_what_is_transparent_is_white():
    image = np.zeros((2, 2, 4), np.uint8)
    image[0, 0, 3], image[0, 1, 3] = 255, 51
    found = decode(stored(image), 2, 3)
    assert found[:, :, 0].tolist() == [[0, 204], [255, 255]]
    assert header(stored(image)).alpha
    assert decode(stored(Image.new("LA", (2, 2), (9, 0))), 2, 1).min() == 255
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([1, 2, 3])
    assert decode(stored(palette, transparency=0), 2, 3).min() == 255
    assert decode(stored(palette), 2, 3)[0, 0].tolist() == [1, 2, 3]


def test_the_colours_of_print_are_turned():
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    assert header(stored(cyan, "JPEG")).mode == "CMYK"
    np.testing.assert_allclose(decode(stored(cyan, "JPEG"), 8, 3)[4, 4], [0, 255, 255], atol=3)
    np.testing.assert_allclose(decode(stored(cyan, "JPEG"), 8, 1)[4, 4], [179], atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_image_is_turned_as_the_camera_was_held(orientation, kind):
    seen = np.zeros((16, 16), np.uint8)
    seen[:8, :8], seen[:8, 8:], seen[8:, :8] = 250, 150, 50  # as it was seen
    undo = {
        1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1], 5: seen.T, 6: np.rot90(seen), 7: seen[::-1, ::-1].T,
        8: np.rot90(seen, 3),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = stored(np.ascontiguousarray(undo[orientation]), kind, exif=exif)
    np.testing.assert_allclose(decode(file, 16, 1)[:, :, 0].astype(int), seen, atol=0 if kind == "PNG" else 3)


def test_a_header_gives_the_size_after_turning():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert header(stored(pixels(4, 9), exif=exif))[:2] == (9, 4)
    assert header(stored(pixels(4, 9)))[:2] == (4, 9)


def test_crop_takes_the_middle_and_pad_surrounds_it():
    image = np.zeros((4, 12), np.uint8)
    image[:, 4:8] = 200
    assert np.unique(decode(stored(image), 4, 1)).tolist() == [200]
    assert decode(stored(image), 2, 1).shape == (2, 2, 1)
    padded = decode(stored(image), 12, 1, "pad")[:, :, 0]
    np.testing.assert_array_equal(padded[4:8], image)
    assert padded[:4].min() == padded[8:].min() == 255


def test_shrinking_averages_and_large_jpegs_are_shrunk_while_they_are_decoded():
    board = np.indices((64, 64)).sum(0) % 2 * 255
    np.testing.assert_allclose(decode(stored(board.astype(np.uint8)), 4, 1).astype(int), 127, atol=2)
    slope = np.tile(np.linspace(0, 255, 512).astype(np.uint8), (512, 1))
    found = decode(stored(slope, "JPEG"), 8, 1)[:, :, 0].astype(int)
    np.testing.assert_allclose(found, slope.reshape(8, 64, 8, 64).mean((1, 3)), atol=4)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_are_named(kind):
    for read in (header, lambda file: decode(file, 8, 1)):
        assert told(read, animated(kind)) == "the image is animated; leave it out, or save it anew as PNG"


def test_giants_are_refused_by_their_header():
    for width, height in ((10_001, 10_000), (60_000, 60_000)):
        with pytest.raises(ImageError) as caught:
            decode(claiming(width, height), 8, 1, name="bomb.png")
        assert str(caught.value) == ("bomb.png is of more than 100 megapixels; leave it out, or save it anew as PNG")


def test_damage_is_named():
    whole = stored(pixels(40, 40))
    with pytest.raises(ImageError) as caught:
        decode(whole[: len(whole) // 2], 8, 1, name="half.png")
    assert caught.value.reason == "damaged or truncated"
    assert str(caught.value).startswith("half.png is damaged or truncated (")
    assert told(header, b"no image", name="x") == "x is damaged or truncated; leave it out, or save it anew as PNG"
    assert told(header, claiming(9000, 9000), name="x") == (
        "x is damaged or truncated (it is too short for its size); leave it out, or save it anew as PNG"
    )
    with pytest.raises(FileNotFoundError):
        header("/nowhere/x.png")
