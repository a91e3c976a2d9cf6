"""The sample size at which a test rejects half of the time."""

import math
from typing import NamedTuple

import jax
import numpy as np
import pytest
from scipy import stats

from igm_jax.distributions import gaussian, normal
from igm_jax.evaluation import energy_permutation_test, n50


class Outcome(NamedTuple):
    p_value: float


def z_test(*, real, fake, seed):
    """The test of equal means with known unit variance."""
    del seed
    n = len(real)
    z = abs(real.mean() - fake.mean()) / np.sqrt(2 / n)
    return Outcome(2 * stats.norm.sf(z))


def shifted(shift):
    """N(shift, 1), drawn on the host: jax would compile a program for every size."""

    def draw(key, n):
        seed = np.asarray(jax.random.key_data(key)).tolist()
        return np.random.default_rng(seed).normal(shift, size=(n, 1))

    return draw


@pytest.mark.parametrize("shift", [pytest.param(0.3, marks=pytest.mark.slow), 0.6])
def test_of_the_z_test_it_is_known(shift):
    # Power ½ where the mean of z is the critical value: shift √(n/2) = 1.96.
    expected = 2 * (stats.norm.ppf(0.975) / shift) ** 2
    found = n50(real=shifted(0), fake=shifted(shift), test=z_test, repetitions=200)
    assert found.n50 == pytest.approx(expected, abs=4 * found.standard_error)
    assert 0 < found.standard_error < 0.15 * found.n50


@pytest.mark.slow
def test_standard_error_is_the_spread_over_seeds():
    found = [n50(real=shifted(0), fake=shifted(0.5), test=z_test, repetitions=40, seed=seed) for seed in range(12)]
    spread = np.std(np.log([one.n50 for one in found]), ddof=1)
    stated = np.median([one.standard_error / one.n50 for one in found])
    assert 0.5 < spread / stated < 2


def test_equal_laws_are_not_told_apart():
    real, fake = np.random.default_rng(0).normal(size=(2, 200, 2))
    found = n50(real=real, fake=fake, repetitions=10)
    assert found.n50 == math.inf
    assert math.isnan(found.standard_error)
    assert found.largest == 100


def test_samples_and_samplers_agree():
    target, model = normal(1), gaussian([1.0], [[1.0]])
    drawn = n50(real=target, fake=model, test=z_test, repetitions=100)
    given = n50(real=target(jax.random.key(0), 2000), fake=model(jax.random.key(1), 2000), test=z_test, repetitions=100)
    # Two thousand given samples have a shift of their own: ± √(2/2000), and n50 goes with its square.
    error = math.hypot(drawn.standard_error, given.standard_error, 2 * math.sqrt(2 / 2000) * drawn.n50)
    assert given.n50 == pytest.approx(drawn.n50, abs=4 * error)


def test_worse_models_need_fewer_samples():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 400, 2))
    sizes = [n50(real=real, fake=scale * fake, repetitions=20).n50 for scale in (0.8, 0.6, 0.05)]
    assert sizes[0] > sizes[1] > sizes[2] == 8


def test_far_samples_are_told_at_once():
    real = np.random.default_rng(0).normal(size=(100, 2))
    assert n50(real=real, fake=real + 50, repetitions=10).n50 == 8


def test_any_test_will_do():
    def energy(**arguments):
        return energy_permutation_test(num_permutations=39, **arguments)

    real, fake = np.random.default_rng(0).normal(size=(2, 64, 2))
    assert n50(real=real, fake=fake + 1.5, test=energy, repetitions=10).n50 < 32


def test_wrong_wishes_are_refused():
    real = np.zeros((10, 1))
    with pytest.raises(ValueError, match="`level` must lie between 0 and ½"):
        n50(real=real, fake=real, level=0.5)
    with pytest.raises(ValueError, match="`largest` must be at most the number of given samples, 10, but is 11"):
        n50(real=real, fake=real, largest=11)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"test": "mmd"}, "`test` must be a function such as `energy_permutation_test`, but is 'mmd'"),
        ({"fake": np.zeros((300, 1))}, "shapes \\(500, 2\\) and \\(300, 1\\)"),
        ({"seed": -1}, "`seed` must be at least 0"),
    ],
)
def test_wrong_wishes_name_the_argument(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        n50(**{"real": np.zeros((500, 2)), "fake": np.ones((500, 2)), **arguments})
