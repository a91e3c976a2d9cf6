"""Files of images: one order of their numbers, or an error with the way out."""

import numpy as np
import pytest

from experiments.shared.layout import Layout

LAST = np.arange(2 * 4 * 5 * 3, dtype=np.float32).reshape(2, 4, 5, 3)
KINDS = {"last": LAST, "first": LAST.transpose(0, 3, 1, 2), "flat": LAST.reshape(2, -1), "grey": LAST[..., 0]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, images in KINDS.items():
        np.save(folder / f"{name}.npy", images)
    return folder


def layout(folder, real, fake, image_shape=None):
    return Layout({"real": (folder / f"{real}.npy", None), "fake": (folder / f"{fake}.npy", None)}, image_shape)


def test_channels_that_come_first_are_named_with_the_way_out(folder):
    known = layout(folder, "last", "first", (4, 5, 3))
    np.testing.assert_array_equal(known.read("real"), KINDS["flat"])
    with pytest.raises(ValueError, match=r"--image-shape must be .* its channels come first: .*transpose"):
        known.read("fake")
    with pytest.raises(ValueError, match=r"\(4, 5, 3\) in --real and \(3, 4, 5\) in --fake"):
        layout(folder, "last", "first").check()


@pytest.mark.parametrize(("real", "fake"), [("last", "last"), ("last", "flat"), ("flat", "first"), ("last", "absent")])
def test_what_agrees_or_is_unknown_passes(folder, real, fake):
    layout(folder, real, fake).check()


def test_grey_images_need_no_channel(folder):
    assert layout(folder, "grey", "flat", (4, 5, 1)).read("real").shape == (2, 20)
    with pytest.raises(ValueError, match="check the height, the width and the channels"):
        layout(folder, "grey", "flat", (4, 5, 1)).read("fake")
    with pytest.raises(ValueError, match="say the file's own shape"):
        layout(folder, "grey", "flat", (5, 4, 1)).read("real")
