"""Settings: each objective has one on each target, the winner of equally many candidates, all different and buildable."""

import pytest

from experiments.configs import COMPARED, OBJECTIVES, TARGETS, Space
from experiments.shared.settings import CANDIDATES, DIGITS, GRID, candidates, settings
from igm_jax import Objective
from igm_jax.distributions import normal

SPACES = {"grid": Space(2, 1.0, target=normal(2)), "digits": Space(64, 1.0, (8, 8, 1), normal(64))}


@pytest.mark.parametrize("images", [True, False])
@pytest.mark.parametrize("target", TARGETS)
def test_every_objective_has_a_setting_on_every_target(target, images):
    for name, kind in OBJECTIVES.items():
        found = settings(target, name, images)
        assert type(found) is kind, name
        assert name in COMPARED or found == kind()


def test_targets_that_were_not_searched_take_over_from_their_kind():
    for images, nearest in ((True, DIGITS), (False, GRID)):
        for target in TARGETS:
            known = CANDIDATES.get(target, nearest)
            assert candidates(target, images) == known
            assert all(settings(target, name, images) == trials[0] for name, trials in known.items()), target


@pytest.mark.parametrize("target", CANDIDATES)
def test_every_objective_has_as_many_candidates_none_of_them_twice(target):
    assert set(CANDIDATES[target]) == set(COMPARED)
    for name, trials in CANDIDATES[target].items():
        assert len(trials) == 3
        assert all(type(trial) is OBJECTIVES[name] for trial in trials)
        assert all(one != other for k, one in enumerate(trials) for other in trials[:k]), name


@pytest.mark.parametrize("target", CANDIDATES)
def test_every_candidate_can_be_built(target):
    space = SPACES["grid" if target == "grid" else "digits"]
    for trials in CANDIDATES[target].values():
        for trial in trials:
            assert isinstance(trial.build(space), Objective)
