"""A slice of the degenerate grid; ``python -m tests.degenerate`` goes through all of it."""

import numpy as np

from tests.degenerate import grid


def test_energy_distance_is_right_or_an_error():
    found = dict(grid("energy_distance", [np.int32, np.float64]))
    assert [label for label, verdict in found.items() if verdict == "WRONG"] == []
    assert found["float64 plain offset 1.7e+09 x64 off"] == "error"
    assert found["float64 plain offset 1.7e+09 x64 on"] == "right"
    assert found["float64 weight near one offset 10000 x64 off"] == "right"
