from functools import partial

import jax
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.kernels import gaussian, laplace
from igm_jax.objectives import (
    annealed,
    auto,
    drifting,
    energy,
    fixed_sweeps,
    kernel_bank,
    median_scale,
    mmd,
    power_scale,
    score_difference,
    sinkhorn,
    spread_scale,
)
from tests.objectives.combinators.samples import draws

KEY = jax.random.key(0)


def after(objective, *batches):
    """State and info after an update on each batch."""
    state = objective.init(KEY, batches[0][0])
    for x, y in batches:
        state, info = jax.jit(objective.update)(KEY, state, x, y)
    return state, info


# Without a number in the units of the data; the velocity of each grows with this power of the scale.
SCALE_FREE = {
    "mmd": (auto(lambda s: mmd(kernel_bank(laplace, s, (0.3, 1.0)))), -1),
    "mmd of most power": (auto(lambda s: mmd(gaussian(s)), power_scale(gaussian, (0.3, 1.0, 2.0))), -1),
    "sinkhorn": (auto(lambda s: sinkhorn(0.1 * s**2, solver=fixed_sweeps(50)), "spread"), 1),
    "score_difference": (auto(lambda s: score_difference(0.3 * s)), -1),
    "drifting": (auto(lambda s: drifting(0.2 * s)), 1),
}


@pytest.mark.parametrize("name", SCALE_FREE)
def test_rescaled_data_rescale_the_scale_and_the_velocity(name, x64):
    (objective, power), (x, y) = SCALE_FREE[name], draws()
    step = jax.jit(partial(velocity, objective))
    small, info = after(objective, (x, y))
    large, later = after(objective, (100 * x, 100 * y))
    np.testing.assert_allclose(later["scale"], 100 * info["scale"], rtol=1e-10)
    assert info["scale"] == small.scale
    expected = 100.0**power * step(KEY, small, x, y)
    np.testing.assert_allclose(step(KEY, large, 100 * x, 100 * y), expected, rtol=1e-8, atol=1e-10 * 100.0**power)


def test_it_is_the_objective_at_the_scale_found(x64):
    x, y = draws()
    state, _ = after(auto(score_difference), (x, y))
    pairs = np.linalg.norm(np.asarray(y)[:, None] - np.asarray(y)[None], axis=-1)[np.triu_indices(len(y), 1)]
    np.testing.assert_allclose(state.scale, np.median(pairs), rtol=1e-12)
    objective, fixed = auto(score_difference), score_difference(float(np.median(pairs)))
    np.testing.assert_allclose(velocity(objective, KEY, state, x, y), velocity(fixed, KEY, (), x, y), rtol=1e-10)
    np.testing.assert_allclose(objective.witness(state, x, x, y), fixed.witness((), x, x, y), rtol=1e-10)
    np.testing.assert_allclose(spread_scale(x, y), np.sqrt(np.mean(pairs**2)), rtol=1e-12)


def test_the_first_update_counts_whole_and_later_ones_as_the_memory_says(x64):
    x, y = draws()
    median = float(median_scale(x, y))
    for memory, expected in ((0.0, 3 * median), (0.75, 1.5 * median), (1.0, median)):
        state, _ = after(auto(lambda s: mmd(gaussian(s)), memory=memory), (5 * x, y), (x, 3 * y))
        np.testing.assert_allclose(state.scale, expected, rtol=1e-10)
        assert state.step == 2


@pytest.mark.slow
def test_an_annealed_objective_is_that_of_the_scheduled_scale(x64):
    x, y = draws()
    objective = annealed(lambda s: drifting(s), lambda step: 2.0 * 0.5 ** step.astype(float))
    state, scales = objective.init(KEY, x), []
    for _ in range(3):
        state, info = objective.update(KEY, state, x, y)
        scales.append(float(info["scale"]))
    assert scales == [2.0, 1.0, 0.5]
    assert set(info) == {"scale", "drift"}
    np.testing.assert_allclose(
        velocity(objective, KEY, state, x, y), velocity(drifting(0.5), KEY, (), x, y), rtol=1e-10
    )


def test_scales_nest_when_their_names_differ(x64):
    x, y = draws()

    def of_factor(name):
        return annealed(lambda f: auto(lambda s: mmd(gaussian(f * s))), lambda step: 0.5, name=name)

    _, info = after(of_factor("factor"), (x, y))
    assert set(info) == {"factor", "scale"}
    np.testing.assert_allclose(info["scale"], median_scale(x, y), rtol=1e-12)
    with pytest.raises(ValueError, match='name="outer_scale"'):
        after(of_factor("scale"), (x, y))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: auto(lambda s: mmd(gaussian(s)), "medium"), ValueError, "did you mean 'median'"),
        (lambda: auto(lambda s: energy(), memory=1.5), ValueError, "between 0 and 1"),
        (lambda: auto(lambda s: s).init(KEY, draws()[0]), TypeError, "must be an Objective"),
    ],
)
def test_what_cannot_be_is_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()
