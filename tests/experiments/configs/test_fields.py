"""Fields: a score is one over a length, a drift is a length; known scores come from the target."""

import pytest

from experiments.configs import OBJECTIVES, Space
from tests.experiments.configs.scaling import assert_grows


@pytest.mark.parametrize(
    ("name", "power"),
    [("score-difference", -1), ("drifting", 1), pytest.param("banked-drifting", 1, marks=pytest.mark.slow)],
)
def test_velocities_scale_with_the_data(name, power):
    assert_grows(name, power)


@pytest.mark.parametrize("name", [name for name, kind in OBJECTIVES.items() if kind.needs_density])
def test_known_scores_need_a_target_that_has_one(name):
    with pytest.raises(ValueError, match=f"{name} needs a target whose score is known"):
        OBJECTIVES[name]().build(Space(2, 1.0))
