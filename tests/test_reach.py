import numpy as np
import pytest

from igm_jax import kernels, objectives
from igm_jax.reach import MOST, Reach, blind, reaches


@pytest.fixture
def far():
    """Samples in a tight heap, far from data: a generator at its start among images."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 200)).astype(np.float32)
    return 0.3 * rng.normal(size=(30, 200)).astype(np.float32) + 0.5, y


def affinities(x, y, temperature, least=0.0):
    """The doubly normalised affinities of x to y, pair by pair, and how much of a row is theirs."""
    every = np.concatenate([y, x]).astype(float)
    kernel = np.array([[np.exp(-np.linalg.norm(a - b) / temperature) for b in every] for a in x.astype(float)])
    np.fill_diagonal(kernel[:, len(y) :], 0)
    found = np.maximum(kernel / np.sqrt(kernel.sum(1)[:, None] * kernel.sum(0)[None]), least)[:, : len(y)]
    return found, kernel[:, : len(y)].sum(1) / kernel.sum(1)


def test_temperatures_are_those_of_the_field(far):
    x, y = far
    (found,) = reaches(objectives.drifting(4.0), x, y)
    affinity, share = affinities(x, y, 4.0)
    np.testing.assert_allclose(found.share, np.median(share), rtol=1e-6)
    number = affinity.sum(1) ** 2 / (affinity**2).sum(1)
    np.testing.assert_allclose(found.evenness, np.median(number) / len(y), rtol=1e-6)


def test_the_released_floor_is_what_makes_far_data_equal(far):
    x, y = far
    distances = np.linalg.norm(np.concatenate([x, y])[None] - x[:, None], axis=2)
    unit = float(distances.mean())
    found = reaches(objectives.drifting((0.05, 2.0), preset="released"), x, y)
    for one, temperature in zip(found, (0.05, 2.0), strict=True):
        affinity, share = affinities(x, y, temperature * unit, least=1e-3)
        number = affinity.sum(1) ** 2 / (affinity**2).sum(1)
        np.testing.assert_allclose(one.share, np.median(share), rtol=1e-4)
        np.testing.assert_allclose(one.evenness, np.median(number) / len(y), rtol=1e-4)
    without = affinities(x, y, 0.05 * unit)[0]
    assert without.max() < 1e-3
    assert found[0].evenness == 1.0


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (objectives.drifting(), "temperature 0.05 underflows"),
        (objectives.drifting((0.01, 0.05), preset="released"), "temperature 0.01 of the mean distance"),
        (objectives.mmd(kernels.gaussian(0.1)), "underflows"),
        (objectives.mmd(kernels.gaussian(1000.0)), "makes all data equal (to 0.0%)"),
        (objectives.score_difference(0.1), "bandwidth 0.1 underflows"),
        (objectives.kde_drift(0.1), "bandwidth 0.1 underflows"),
        (objectives.weighted([(1.0, objectives.drifting()), (0.0, objectives.mmd(kernels.laplace(0.05)))]), "laplace(0.05)"),
        (objectives.with_bank(objectives.mmd(kernels.gaussian(0.1)), 4), "gaussian(0.1)"),
        (objectives.frozen(objectives.mmd(kernels.gaussian(0.1)), np.zeros((3, 50), np.float32)), "gaussian(0.1)"),
    ],
)  # fmt: skip
def test_a_scale_that_sees_nothing_is_told_with_the_cure(far, objective, words):
    text = blind(objective, *far)
    assert text is not None
    assert words in text
    median = np.median(np.linalg.norm(far[1][:, None] - far[1][None], axis=2)[np.triu_indices(40, 1)])
    assert f"data {median:.3g} from each other" in text
    assert "objectives.auto(" in text


@pytest.mark.parametrize(
    "objective",
    [
        objectives.energy(),  # without a length
        objectives.mmd(kernels.distance()),
        objectives.auto(lambda scale: objectives.drifting(scale)),  # reads it off the data
        objectives.drifting((0.05, 4.0)),  # one of two is enough
        objectives.mmd(kernels.gaussian(0.1) + kernels.gaussian(10.0)),
        objectives.score_difference(8.0),
        objectives.sinkhorn(0.1),
    ],
)
def test_where_something_is_seen_nothing_is_told(far, objective):
    assert blind(objective, *far) is None


def test_scales_move_with_the_data(far):
    x, y = far
    here, there = (reaches(objectives.drifting(4.0 * s), s * x, s * y)[0] for s in (1.0, 50.0))
    np.testing.assert_allclose(here[1:], there[1:], rtol=1e-4)


def test_of_many_samples_the_first_are_looked_at(far):
    x, y = (np.concatenate([some] * 20) for some in far)
    assert reaches(objectives.drifting(4.0), x, y) == reaches(objectives.drifting(4.0), x[:MOST], y[:MOST])


def test_coinciding_samples_and_single_data():
    x = np.zeros((3, 2), np.float32)
    assert blind(objectives.mmd(kernels.gaussian(1.0)), x, x[:1]) is not None  # one datum is all data
    assert isinstance(reaches(objectives.drifting(1.0), x, x + 1)[0], Reach)
