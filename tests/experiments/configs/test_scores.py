import jax
import numpy as np
import pytest

from experiments.configs.choices import Space
from experiments.configs.moments import energy
from experiments.configs.scores import crps_scoring, draws_of, energy_scoring

SPACE = Space(2, 1.0)


def test_scores_say_how_many_draws_they_take():
    assert draws_of(energy_scoring(draws=4), True) == 4
    assert draws_of(crps_scoring(), False) == 2
    assert draws_of(energy(), True) is None
    with pytest.raises(ValueError, match="the target has none"):
        draws_of(energy_scoring(draws=4), False)


def test_options_reach_the_objective():
    x, y = jax.numpy.asarray(np.random.default_rng(0).normal(size=(2, 6, 2)))
    value = lambda config: float(config.build(SPACE).loss(jax.random.key(0), (), x, y))  # noqa: E731
    assert value(energy_scoring(alpha=0.0)) > value(energy_scoring())
    assert value(energy_scoring(temperature=0.5)) > value(energy_scoring())
    assert value(energy_scoring(beta=0.5)) != value(energy_scoring())
    assert value(crps_scoring(alpha=0.0)) > value(crps_scoring())
