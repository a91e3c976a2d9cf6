"""Colours that everybody can tell apart, windows that hold the data."""

import itertools
import re
from importlib import resources

import numpy as np
import pytest

from igm_jax.reporting.style import DARK, LIGHT, PALETTE, PALETTE_DARK, colours, pictures, view_of

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
SIMULATIONS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ np.clip(rgb, 0, 1))


def contrast(one, two):
    low, high = sorted(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour) + 0.05 for colour in (one, two))
    return high / low


@pytest.mark.parametrize("chosen", [PALETTE, PALETTE_DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", SIMULATIONS)
def test_colours_are_apart_for_every_eye(eye, chosen):
    seen = [oklab(np.array(SIMULATIONS[eye]) @ linear(colour)) for colour in chosen]
    # 0.02 is about what can just be seen beside each other; 0.1 is clear across a page.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.1


@pytest.mark.parametrize(("shade", "chosen", "least"), [(LIGHT, PALETTE, 1.9), (DARK, (*PALETTE_DARK, DARK.data), 3.0)])
def test_colours_stand_out_from_the_page(shade, chosen, least):
    assert min(contrast(colour, shade.background) for colour in chosen) > least
    assert contrast(shade.text, shade.background) > 10


def test_dark_pages_have_the_colours_of_dark_pictures_and_everything_on_their_cards_can_be_seen():
    css = (resources.files("igm_jax.reporting") / "templates" / "report.css").read_text(encoding="utf-8")
    dark = dict(re.findall(r"--(\w+): (#\w{6});", css[css.index("prefers-color-scheme: dark") :].partition("}")[0]))
    assert (dark["page"], dark["text"], dark["data"]) == (DARK.background, DARK.text, DARK.data)
    assert min(contrast(colour, dark["card"]) for colour in (*PALETTE_DARK, dark["soft"], dark["accent"])) > 3.0


def test_an_objective_keeps_its_colour():
    assert colours(["a", "b"])["b"] == colours(["a", "b", "c"])["b"]
    assert len(set(colours(map(str, range(9))).values())) == 9
    assert colours(map(str, range(10)))["9"] == PALETTE[0]
    assert list(colours("ab", dark=True).values()) == list(PALETTE_DARK[:2])


def test_the_window_is_square_and_holds_the_data():
    data = np.random.default_rng(0).normal(size=(50, 2)) * [5, 1]
    view = view_of(data)
    low, high = np.array(view.low), np.array(view.high)
    assert (data > low).all()
    assert (data < high).all()
    np.testing.assert_allclose(*(high - low))


def test_the_window_of_one_place_has_a_width():
    assert view_of(np.zeros((3, 2)))[1] == (0.5, 0.5)


@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.zeros(2), np.zeros((0, 2)), [[0.0, float("nan")]]])
def test_windows_need_finite_points_of_the_plane(bad):
    with pytest.raises(ValueError, match="`data`"):
        view_of(bad)


def test_what_is_transparent_is_on_white():
    red = pictures("x", [[1, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0.5]], (1, 1, 4), (0.0, 1.0))
    np.testing.assert_allclose(red.reshape(3, 3), [[1, 0, 0], [1, 1, 1], [1, 0.5, 0.5]])


def test_images_get_their_shape_and_range():
    flat = np.array([[-1.0, 0.0, 1.0, 3.0, float("nan"), -7.0]])
    shaped = pictures("x", flat, (2, 3), (-1.0, 1.0))
    assert shaped[0, :, :, 0].tolist() == [[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]]
    assert pictures("x", np.zeros((4, 12)), (2, 2, 3), (0.0, 1.0)).shape == (4, 2, 2, 3)


@pytest.mark.parametrize(
    ("shape", "limits", "message"),
    [((2, 2), (0.0, 1.0), "flat images"), ((2, 3, 2), (0.0, 1.0), "c 1 or 3"), ((2, 3), (1.0, 1.0), "black < white")],
)
def test_images_that_do_not_fit_are_errors(shape, limits, message):
    with pytest.raises(ValueError, match=message):
        pictures("x", np.zeros((1, 6)), shape, limits)
