import inspect

import numpy as np
import pytest

from igm_jax.objectives import banked_drifting, drifting, drifting_field, guided_drifting
from igm_jax.objectives.fields.drifting_presets import FLOORS, PRESETS, checked_floor, checked_temperatures

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 5)), RNG.normal(size=(8, 5)) + 3.0
checked_floor = inspect.unwrap(checked_floor)


def field(least):
    """The released field at τ = .1, pair by pair: with the floor for both kinds of targets."""
    targets = np.concatenate([X, Y])
    distance = np.linalg.norm(X[:, None] - targets[None], axis=2)
    scale = distance.mean()
    kernel = np.exp(-(distance / scale + 100 * np.eye(len(X), len(targets))) / 0.1)
    affinity = np.maximum(kernel / np.sqrt(kernel.sum(1)[:, None] * kernel.sum(0)[None]), least)
    own, data = affinity[:, : len(X)], affinity[:, len(X) :]
    force = (data @ Y) * own.sum(1)[:, None] - (own @ X) * data.sum(1)[:, None]
    return force / np.sqrt(np.mean(force**2)) * scale / np.sqrt(X.shape[1])


@pytest.mark.parametrize("least", [0.0, 1e-3, 0.3])
def test_the_floor_is_the_smallest_affinity(x64, least):
    found = drifting_field(X, Y, 0.1, preset="released", floor=least).field
    np.testing.assert_allclose(found, field(least), rtol=1e-6)


def test_affinities_below_the_floor_pull_every_sample_to_one_mean(x64):
    heap, corners = RNG.normal(size=(6, 5)), 10 * np.eye(5)
    nearest = np.linalg.norm(heap[:, None] - corners[None], axis=2).argmin(1)
    goals = {"mean": corners.mean(0)[None] - 0.3 * heap, "nearest": corners[nearest] - 0.3 * heap}
    for floor, goal in ((None, "mean"), (0.0, "nearest")):
        moved = np.asarray(drifting_field(0.3 * heap, corners, 0.01, preset="released", floor=floor).field)
        sizes = np.linalg.norm(moved, axis=1)
        cosines = {name: (moved * aim).sum(1) / sizes / np.linalg.norm(aim, axis=1) for name, aim in goals.items()}
        assert max(cosines, key=lambda name: np.median(cosines[name])) == goal
        assert np.median(cosines[goal]) > 0.9


@pytest.mark.parametrize("preset", list(PRESETS))
def test_none_is_the_presets_own(preset):
    assert checked_floor(None, preset) == FLOORS[preset]
    assert checked_temperatures(None, preset) == PRESETS[preset]


@pytest.mark.parametrize("floor", [-0.1, 1.0, float("nan")])
def test_a_floor_that_is_no_affinity_is_refused(floor):
    for objective in (
        drifting,
        lambda **given: banked_drifting(3, **given),
        lambda **given: guided_drifting(abs, 1.0, **given),
    ):
        with pytest.raises(ValueError, match="`floor` must be"):
            objective(floor=floor)


@pytest.mark.parametrize("floor", ["0.1", True, np.zeros(2), (0.1,)])
def test_a_floor_that_is_no_number_is_refused(floor):
    with pytest.raises(TypeError, match="`floor` must be a number that is known before compiling"):
        checked_floor(floor, "paper")
