"""Moments: kernels as wide as the data say, banks that hold something."""

import pytest

from experiments.configs import Space
from experiments.configs.moments import mmd
from tests.experiments.configs.scaling import assert_grows


# A kernel's loss has no unit, so that its gradient is one over a length; the energy distance is a length.
@pytest.mark.parametrize(("name", "power"), [("mmd", -1), ("mmd-flow", -1), ("log-energy", -1), ("energy", 0)])
def test_velocities_scale_with_the_data(name, power):
    assert_grows(name, power)


def test_a_bank_needs_kernels_of_a_known_form():
    with pytest.raises(ValueError, match="`bandwidths` must hold at least one positive number, but is empty"):
        mmd(bandwidths=()).build(Space(2, 1.0))
    with pytest.raises(ValueError, match="`kernel` must be one of"):
        mmd(kernel="gauss").build(Space(2, 1.0))
