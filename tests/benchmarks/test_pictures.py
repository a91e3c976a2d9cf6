"""Pictures of benchmarks: what is drawn is what was measured."""

import numpy as np

from benchmarks.pictures import against_n, pictures
from benchmarks.rows import Row


def rows():
    slow = [
        Row("mmd", n, n, 2, name, "ok", seconds=factor * n, memory_mb=0.0, floor_seconds=n / 10)
        for name, factor in (("igm_jax", 1.0), ("plain jax", 3.0))
        for n in (16, 64)
    ]
    return [*slow, Row("mmd", 256, 256, 2, "plain jax", "failed", reason="out of memory")]


def test_a_line_for_each_implementation_and_one_for_the_floor():
    figure = against_n(rows(), lambda row: row.seconds, "seconds", floor=True)
    (axis,) = figure.axes
    lines = {line.get_label(): line.get_xydata() for line in axis.lines}
    assert set(lines) == {"igm_jax", "plain jax", "floor"}
    np.testing.assert_allclose(lines["plain jax"], [[16, 48], [64, 192]])
    np.testing.assert_allclose(lines["floor"], [[16, 1.6], [64, 6.4]])
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_no_memory_has_a_place_on_the_axis_and_no_row_no_picture():
    found = pictures(rows())
    assert set(found) == {"time.png", "memory.png"}
    assert all(content.startswith(b"\x89PNG") for content in found.values())
    assert pictures(rows()[-1:]) == {}
