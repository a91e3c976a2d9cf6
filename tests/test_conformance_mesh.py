"""Every row of the conformance table over eight devices: value and velocity are those of one device, up to rounding."""

import pytest

from tests.conformance import ROWS
from tests.virtual import printed

# Each takes every second row, as machines have two cores at least.
PROCESSES = 2


@pytest.fixture(scope="module")
def found():
    """Of each row the gaps of value and velocity."""
    commands = [["tests.conformance.mesh_check", str(first), str(PROCESSES)] for first in range(PROCESSES)]
    parts = printed(*commands, devices=8, timeout=550)
    return {name: gaps for part in parts for name, gaps in part.items()}


@pytest.mark.parametrize("name", ROWS)
def test_value_and_velocity_are_those_of_one_device(name, found):
    """In double precision, where a sum that misses a pair, or meets one twice, stands out from rounding."""
    value, slope = found[name]
    assert value < 1e-10
    assert slope < 1e-10
