"""Pictures: deterministic, in the right colours, with what was asked for on them, and leaving no trace in matplotlib."""

import io
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from igm_jax.reporting.curves import spread
from igm_jax.reporting.figures import (
    Curves,
    Field,
    animation,
    field_panels,
    png,
    sample_grid,
    scatter_panels,
    training_curves,
)
from igm_jax.reporting.style import DARK, LIGHT, PALETTE

RNG = np.random.default_rng(0)
POINTS = {"energy": RNG.normal(size=(30, 2)), "a $gan_%": RNG.normal(size=(20, 2))}
AXIS = np.linspace(-2.0, 2.0, 9)
GRID = np.stack(np.meshgrid(AXIS, AXIS), -1).reshape(-1, 2)


def curves():
    decay = np.exp(-np.arange(5.0)) * np.array([[1.0], [1.5], [2.0]])
    return {name: Curves(np.arange(5), {"w2": scale * decay}) for name, scale in (("energy", 1), ("gan", 2))}


def draw(kind, **options):
    if kind == "grid":
        return sample_grid({"a": np.full((3, 12), 0.5)}, (2, 6), **options)
    if kind == "scatter":
        return scatter_panels(POINTS, POINTS["energy"], **options)
    if kind == "curves":
        return training_curves(curves(), **options)
    return field_panels({"energy": Field(GRID, -GRID, (GRID**2).sum(1)), "sd": Field(GRID, GRID)}, GRID, **options)


@pytest.mark.parametrize("kind", ["grid", "scatter", "curves", "field"])
def test_the_same_numbers_give_the_same_bytes_and_no_setting_changes(kind):
    before = dict(mpl.rcParams)
    pages = {dark: png(draw(kind, dark=dark), dpi=40) for dark in (False, True)}
    assert png(draw(kind), dpi=40) == pages[False]
    assert dict(mpl.rcParams) == before
    for dark, shade in ((False, LIGHT), (True, DARK)):
        picture = Image.open(io.BytesIO(pages[dark]))
        corner = np.array(picture.convert("RGB"))[0, 0]
        wanted = [int(shade.background[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(corner.astype(int) - wanted).max() <= 2
        assert not {"Software", "Creation Time"} & set(picture.info)


def test_a_figure_is_sharp_on_a_readme():
    assert Image.open(io.BytesIO(png(draw("curves")))).width == 1500


def test_scatter_panels_show_samples_over_data_in_one_window():
    figure = scatter_panels({f"o{i}": POINTS["energy"] for i in range(7)}, POINTS["a $gan_%"], columns=5)
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in panels] == [f"o{i}" for i in range(7)]
    assert len({axis.get_xlim() + axis.get_ylim() for axis in panels}) == 1
    behind, samples = panels[1].collections
    np.testing.assert_allclose(behind.get_offsets(), POINTS["a $gan_%"])
    np.testing.assert_allclose(samples.get_offsets(), POINTS["energy"])
    assert to_hex(samples.get_facecolor()[0]) == PALETTE[1]


def test_diverged_samples_do_not_stop_a_picture():
    png(scatter_panels({"gan": np.full((4, 2), np.nan), "energy": POINTS["energy"]}, POINTS["energy"]), dpi=30)
    png(field_panels({"gan": Field(GRID, GRID * np.nan, GRID[:, 0] * np.nan)}, GRID), dpi=30)
    png(sample_grid({"gan": np.full((2, 4), np.inf)}, (2, 2)), dpi=30)
    lost = Curves(np.arange(3), {"w2": np.full((2, 3), np.nan)})
    png(training_curves({"gan": lost, "half": Curves(np.arange(3), {"w2": [[1.0, 2.0, np.nan]] * 2})}), dpi=30)
    png(training_curves({"gan": lost}), dpi=30)


def test_sample_grids_show_the_first_samples_in_order():
    images = np.linspace(0, 1, 5)[:, None] * np.ones((5, 4))
    figure = sample_grid({"real": images, "gan": images[::-1]}, (2, 2), columns=3)
    strips = [axis.images[0].get_array() for axis in figure.axes]
    assert [axis.get_ylabel() for axis in figure.axes] == ["real", "gan"]
    assert [float(strips[0][0, 3 * i, 0]) for i in range(3)] == [0.0, 0.25, 0.5]
    assert [float(strips[1][0, 3 * i, 0]) for i in range(3)] == [1.0, 0.75, 0.5]


def test_curves_show_the_mean_in_the_band_of_the_seeds():
    values = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 8.0]])
    figure = training_curves({"energy": Curves(np.arange(3), {"w2": values})}, {"w2": "W2"}, floors={"w2": 0.5})
    (axis,) = figure.axes
    np.testing.assert_allclose(axis.lines[0].get_ydata(), values.mean(0))
    band = axis.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1.0, 8.0)
    np.testing.assert_allclose(axis.lines[1].get_ydata(), 0.5)
    assert [text.get_text() for text in axis.texts] == ["real data", "energy"]
    assert axis.get_yscale() == "linear"


def test_a_wide_positive_measure_has_a_logarithmic_scale():
    figure = training_curves({"energy": Curves(np.arange(3), {"w2": [[1e-3, 1.0, 10.0]], "v": [[-1.0, 1.0, 100.0]]})})
    assert [axis.get_yscale() for axis in figure.axes] == ["log", "linear"]


def test_labels_are_spread_as_little_as_possible():
    rng = np.random.default_rng(1)
    places = np.sort(rng.uniform(size=8))
    moved = np.array(spread(places.tolist(), 0.1))
    assert (np.diff(moved) >= 0.1 - 1e-12).all()
    np.testing.assert_allclose(moved.mean(), places.mean())  # least squares keeps the mean
    inside = np.array(spread(places.tolist(), 0.1, (0.0, 1.0)))
    assert (np.diff(inside) >= 0.1 - 1e-12).all()
    assert inside.min() >= 0
    assert inside.max() <= 1
    assert spread([0.2, 0.9], 0.1) == [0.2, 0.9]


def test_fields_are_read_in_any_order():
    order = RNG.permutation(len(GRID))
    heights = GRID[:, 0] + 10 * GRID[:, 1]
    one = field_panels({"a": Field(GRID, -GRID, heights)}, GRID)
    two = field_panels({"a": Field(GRID[order], -GRID[order], heights[order])}, GRID)
    assert png(one, dpi=40) == png(two, dpi=40)


def test_an_objective_without_a_witness_is_named_so():
    titles = [axis.get_title() for axis in draw("field").axes[:2]]
    assert titles == ["energy", "sd (no witness)"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (Field(GRID[:-1], GRID[:-1]), "full regular grid"),
        (Field(GRID, GRID[:-1]), "full regular grid"),
        (Field(GRID, GRID, GRID[:, :1]), "heights"),
        (Field(GRID[:, 0], GRID), "points of the plane"),
    ],
)
def test_fields_that_do_not_fit_are_errors(field, message):
    with pytest.raises(ValueError, match=message):
        field_panels({"a": field}, GRID)


def test_other_bad_input_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        scatter_panels({}, GRID)
    with pytest.raises(ValueError, match="points of the plane"):
        scatter_panels({"a": np.zeros((3, 3))}, GRID)
    with pytest.raises(ValueError, match=r"shape \(seeds, k\)"):
        training_curves({"a": Curves(np.arange(3), {"w2": np.zeros((2, 4))})})
    with pytest.raises(ValueError, match="flat images"):
        sample_grid({"a": np.zeros((3, 5))}, (2, 2))


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


def test_long_names_are_not_cut_off_and_images_keep_their_shape():
    names = ["score-difference", "W" * 12]
    figure = sample_grid({name: np.full((20, 64), 0.5) for name in names}, (8, 8))
    figure.draw_without_rendering()
    for axis in figure.axes:
        assert figure.bbox.contains(*axis.yaxis.label.get_window_extent().p0)
        height, width = axis.images[0].get_array().shape[:2]
        box = axis.get_window_extent()
        np.testing.assert_allclose(box.width / box.height, width / height, rtol=0.02)
