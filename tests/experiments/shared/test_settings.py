"""Settings: each objective has one on each target, a place of its ladder; all places differ and can be built."""

import pytest

from experiments.configs import COMPARED, OBJECTIVES, TARGETS, Space
from experiments.configs.moments import energy
from experiments.shared.settings import DIGITS, GARMENTS, GRID, LADDERS, Ladder, ladders, settings
from igm_jax import Objective
from igm_jax.distributions import normal

SHAPES = {"grid": None, "digits": (8, 8, 1), "photo-patches": (8, 8, 3), "fashion-mnist": (28, 28, 1)}


@pytest.mark.parametrize("shape", [None, (8, 8, 1), (28, 28, 1)])
@pytest.mark.parametrize("target", TARGETS)
def test_every_objective_has_a_setting_on_every_target(target, shape):
    for name, kind in OBJECTIVES.items():
        found = settings(target, name, shape)
        assert type(found) is kind, name
        assert name in ladders(target, shape) or found == kind()


def test_targets_that_were_not_searched_take_over_from_their_kind():
    for shape, nearest in ((None, GRID), ((8, 8, 3), DIGITS), ((15, 12, 1), DIGITS), ((16, 16, 1), GARMENTS)):
        for target in TARGETS:
            known = LADDERS.get(target, nearest)
            assert ladders(target, shape) == known
            assert all(settings(target, name, shape) == one.of(one.used) for name, one in known.items()), target


def reached(ladder):
    """The places that a search may try: the five, and those beyond either edge."""
    found = list(ladder.places)
    for _ in range(4):
        found += [one for edge in (min(found), max(found)) if (one := ladder.beyond(found, edge)) is not None]
    return found


@pytest.mark.parametrize("target", LADDERS)
def test_every_ladder_rises_in_five_places_of_different_settings_around_the_one_used(target):
    assert set(LADDERS[target]) >= set(COMPARED)
    for name, ladder in LADDERS[target].items():
        trials = [ladder.of(place) for place in ladder.places]
        assert len(trials) == 5
        assert list(ladder.places) == sorted(ladder.places)
        assert ladder.least <= ladder.places[0] < ladder.places[-1] <= ladder.most, name
        assert ladder.used in reached(ladder), name
        assert all(type(trial) is OBJECTIVES[name] for trial in trials)
        assert all(one != other for k, one in enumerate(trials) for other in trials[:k]), name


@pytest.mark.parametrize("target", LADDERS)
def test_every_setting_can_be_built(target):
    dim = 784 if target == "fashion-mnist" else 192 if target == "photo-patches" else 64 if target == "digits" else 2
    space = Space(dim, 1.0, SHAPES[target], normal(dim))
    for ladder in LADDERS[target].values():
        for place in ladder.places:
            assert isinstance(ladder.of(place).build(space), Objective)


def test_a_ladder_goes_on_in_its_own_ratio_and_within_its_bounds():
    ladder = Ladder(energy, (0.25, 0.5, 1.0, 1.5, 1.75), 0.5, least=0.1, most=1.9)
    assert ladder.beyond(ladder.places, 1.0) is None
    assert ladder.beyond(ladder.places, 0.25) == 0.125
    assert ladder.beyond((*ladder.places, 0.125), 0.125) is None  # .0625 is below the least
    assert ladder.beyond(ladder.places, 1.75) is None  # 2.04 is above the most
    thirds = Ladder(energy, (0.1, 0.15, 0.225, 0.3375, 0.50625), 0.1)
    assert thirds.beyond(thirds.places, 0.50625) == 0.759  # three digits
