"""Pictures of graphs."""

import numpy as np
import pytest

from igm_jax.reporting.graph import ROOM, Edge, apart, arranged, graph, layout, places_of

PATH = [Edge("a", "b", "exact"), Edge("b", "c", "limit"), Edge("c", "d", "exact", shown=False)]


def test_a_path_is_laid_out_straight_with_equal_steps():
    places = layout("abcd", PATH) / np.array([1.0, 0.62])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    np.testing.assert_allclose(steps, 1.0, rtol=3e-3)
    np.testing.assert_allclose(np.linalg.norm(places[3] - places[0]), 3.0, rtol=3e-3)


def test_parts_that_do_not_hang_together_stand_apart():
    places = layout("abxy", [Edge("a", "b", "exact"), Edge("x", "y", "exact")])
    assert min(np.linalg.norm(places[i] - places[j]) for i in (0, 1) for j in (2, 3)) > 0.3


def test_edges_between_the_same_nodes_lie_side_by_side():
    edges = [Edge("a", "b", "exact"), Edge("b", "a", "limit")]
    places = {"a": np.zeros(2), "b": np.array([1.0, 0.0])}
    first, second = (places_of(edge, edges, places) for edge in edges)
    np.testing.assert_allclose(first - second, [[0.0, -0.05]] * 2, atol=1e-12)


def test_the_picture_names_nodes_and_kinds():
    axis = graph(PATH).axes[0]
    assert {text.get_text() for text in axis.texts} == set("abcd")
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["exact", "limit"]
    with pytest.raises(ValueError, match="at least one edge"):
        graph([])


def test_labels_do_not_cover_each_other():
    names = [f"a rather long name {i}" for i in range(12)]
    places = apart(names, np.random.default_rng(0).uniform(size=(12, 2)) * ROOM)
    gaps = np.abs(places[:, None] - places[None])
    width = 0.078 * np.array([[len(a) / 2 + len(b) / 2 for b in names] for a in names]) + 0.28
    clear = (gaps[:, :, 0] > width - 1e-6) | (gaps[:, :, 1] > 0.4 - 1e-6)
    assert clear[~np.eye(12, dtype=bool)].all()


def test_the_largest_part_fills_the_canvas_whatever_else_there_is():
    star = [Edge("middle", f"ray {i}", "exact") for i in range(7)] + [Edge("ray 0", "far", "exact")]
    names = ["middle", *(f"ray {i}" for i in range(7)), "far", "x", "y"]
    places = arranged(names, [*star, Edge("x", "y", "limit")])
    np.testing.assert_allclose(np.ptp(places[:9], axis=0), ROOM, rtol=0.1)
    low, high = places[:9].min(0) - 0.5, places[:9].max(0) + 0.5
    assert (places[9:] >= low).all(), "the other part stands inside of what the first takes"
    assert (places[9:] <= high).all()
    assert min(np.linalg.norm(places[i] - places[j]) for i in range(9) for j in (9, 10)) > 0.8
