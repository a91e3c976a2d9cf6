"""Pictures of samples: with what was asked for on them, in the right colours."""

import io
import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from igm_jax.reporting.figures import animation, png, sample_grid, scatter_panels
from igm_jax.reporting.style import PALETTE
from tests.reporting.pictures import GRID, POINTS


def test_scatter_panels_show_samples_over_data_in_one_window():
    figure = scatter_panels({f"o{i}": POINTS["energy"] for i in range(7)}, POINTS["a $gan_%"], columns=5)
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in panels] == [f"o{i}" for i in range(7)]
    assert len({axis.get_xlim() + axis.get_ylim() for axis in panels}) == 1
    behind, samples = panels[1].collections
    np.testing.assert_allclose(behind.get_offsets(), POINTS["a $gan_%"])
    np.testing.assert_allclose(samples.get_offsets(), POINTS["energy"])
    assert to_hex(samples.get_facecolor()[0]) == PALETTE[1]


def test_sample_grids_show_the_first_samples_in_order():
    images = np.linspace(0, 1, 5)[:, None] * np.ones((5, 4))
    figure = sample_grid({"real": images, "gan": images[::-1]}, (2, 2), columns=3)
    strips = [axis.images[0].get_array() for axis in figure.axes]
    assert [axis.get_ylabel() for axis in figure.axes] == ["real", "gan"]
    assert [float(strips[0][0, 3 * i, 0]) for i in range(3)] == [0.0, 0.25, 0.5]
    assert [float(strips[1][0, 3 * i, 0]) for i in range(3)] == [1.0, 0.75, 0.5]


def test_an_animation_shows_every_frame_and_is_the_same_every_time():
    frames = np.stack([POINTS["energy"] * share for share in (1.0, 0.5, 0.1)])
    frames[2, 0] = np.nan
    film = animation(frames, [0, 5, 10], GRID, title="energy", dpi=30)
    assert animation(frames, [0, 5, 10], GRID, title="energy", dpi=30) == film
    shown = Image.open(io.BytesIO(film))
    assert (shown.n_frames, shown.info["loop"]) == (3, 0)
    pages = []
    for number in range(3):
        shown.seek(number)
        pages.append(np.array(shown.convert("RGB")).astype(int))
    assert all(np.abs(a - b).max() > 50 for a, b in itertools.pairwise(pages))
    assert shown.info["duration"] == 1500


@pytest.mark.parametrize(("frames", "steps"), [(np.zeros((2, 3, 3)), [0, 1]), (np.zeros((2, 3, 2)), [0])])
def test_animations_that_do_not_fit_are_errors(frames, steps):
    with pytest.raises(ValueError, match=r"shape \(k, n, 2\)"):
        animation(frames, steps, GRID)


def test_diverged_samples_do_not_stop_a_picture():
    png(scatter_panels({"gan": np.full((4, 2), np.nan), "energy": POINTS["energy"]}, POINTS["energy"]), dpi=30)
    png(sample_grid({"gan": np.full((2, 4), np.inf)}, (2, 2)), dpi=30)


def test_other_bad_input_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        scatter_panels({}, GRID)
    with pytest.raises(ValueError, match="points of the plane"):
        scatter_panels({"a": np.zeros((3, 3))}, GRID)
    with pytest.raises(ValueError, match="flat images"):
        sample_grid({"a": np.zeros((3, 5))}, (2, 2))


def test_long_names_are_not_cut_off_and_images_keep_their_shape():
    names = ["score-difference", "W" * 12]
    figure = sample_grid({name: np.full((20, 64), 0.5) for name in names}, (8, 8))
    figure.draw_without_rendering()
    for axis in figure.axes:
        assert figure.bbox.contains(*axis.yaxis.label.get_window_extent().p0)
        height, width = axis.images[0].get_array().shape[:2]
        box = axis.get_window_extent()
        np.testing.assert_allclose(box.width / box.height, width / height, rtol=0.02)
