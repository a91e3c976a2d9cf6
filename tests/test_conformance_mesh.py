"""Every row of the conformance table over eight devices: value and velocity are those of one device, up to rounding."""

import pytest

from tests.conformance import ROWS
from tests.virtual import printed

# One of each family, and of what is put together; all others take minutes to compile.
SHOWN = ("mmd", "energy", "sinkhorn", "sliced", "gan", "drifting", "score_difference", "energy_scoring", "joint")
OTHERS = [name for name in ROWS if name not in SHOWN]


def gaps_of(*parts):
    """Of each row the gaps of value and velocity; each part of the names in a process of its own."""
    found = printed(*(["tests.conformance.mesh_check", *names] for names in parts), devices=8, timeout=1500)
    return {name: gaps for part in found for name, gaps in part.items()}


@pytest.fixture(scope="module")
def shown():
    return gaps_of(SHOWN)


@pytest.fixture(scope="module")
def others():
    return gaps_of(OTHERS[::2], OTHERS[1::2])


def check(gaps):
    """In double precision, where a sum that misses a pair, or meets one twice, stands out from rounding."""
    value, slope = gaps
    assert value < 1e-10
    assert slope < 1e-10


@pytest.mark.parametrize("name", SHOWN)
def test_value_and_velocity_are_those_of_one_device(name, shown):
    check(shown[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_so_are_those_of_all_other_rows(name, others):
    check(others[name])
