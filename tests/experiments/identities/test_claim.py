"""What counts as shown, and by what."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.identities import IDENTITIES, MEANING, Identity, Outcome
from experiments.identities.claim import compared, conservative, mixture, plane, spread, steps, towards
from igm_jax.objectives import energy


def test_names_and_kinds():
    assert len({identity.name for identity in IDENTITIES}) == len(IDENTITIES)
    assert {identity.kind for identity in IDENTITIES} <= set(MEANING)
    assert all((identity.rate is not None) == (identity.kind == "limit") for identity in IDENTITIES)


def test_a_rate_is_the_slope_in_logarithms_and_a_wrong_one_is_seen():
    at = (1.0, 2.0, 4.0)
    outcome = Outcome(tuple(3 / t**2 for t in at), at)
    np.testing.assert_allclose(outcome.rate, -2)
    claim = Identity("a", ("x", "y"), "", "", "limit", lambda: outcome, rate=-2.0)
    assert claim.holds(outcome)
    assert not claim._replace(rate=-1.5).holds(outcome)
    assert not claim._replace(rate=None, bound=0.1).holds(outcome)
    assert claim._replace(rate=None, kind="denied", bound=0.1).holds(outcome)
    assert not claim.holds(Outcome((float("nan"),) * 3, at))


def test_discrepancies_are_relative_to_the_second():
    assert compared(jnp.array([1.0, 2.5]), jnp.array([1.0, 2.0])).errors == (0.25,)
    assert towards(lambda t: jnp.array([1 + t]), jnp.array([1.0]), (0.5, 0.25)) == Outcome((0.5, 0.25), (0.5, 0.25))
    with pytest.raises(ValueError, match="only arrays of one shape"):
        compared(jnp.zeros(2), jnp.zeros(3))


def test_steps_are_the_distribution_function():
    np.testing.assert_allclose(steps(jnp.array([3.0, 1.0]), jnp.array([0.0, 1.0, 2.0, 3.0])), [0, 0.5, 0.5, 1])


def test_samples_and_densities(x64):
    x, y = plane(6, 8, dim=3)
    assert (x.shape, y.shape, x.dtype) == ((6, 3), (8, 3), jnp.float64)
    np.testing.assert_allclose(mixture(jnp.array([0.0]), ((1.0, 0.0, 2.0),)), 1 / (2 * np.sqrt(2 * np.pi)), rtol=1e-12)


def test_the_spread_of_means_is_the_standard_deviation_over_the_root_of_their_number(x64):
    outcome = spread(lambda key, number: 2 + jnp.mean(jax.random.normal(key, (number,))), 2.0, (4, 64))
    np.testing.assert_allclose(outcome.errors, [0.25, 0.0625], rtol=0.15)
    assert outcome.at == (4.0, 64.0)


@pytest.mark.slow
def test_a_velocity_that_is_not_the_slope_of_the_witness_is_seen(x64):
    objective = energy()
    halved = objective._replace(witness=lambda *given: objective.witness(*given) / 2)
    assert conservative(objective, *plane(5, 6)).discrepancy < 1e-12
    np.testing.assert_allclose(conservative(halved, *plane(5, 6)).discrepancy, 1, rtol=1e-9)
