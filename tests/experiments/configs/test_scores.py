import jax
import numpy as np
import pytest

from experiments.configs.choices import Space
from experiments.configs.moments import energy
from experiments.configs.scores import check_unconditional, crps_scoring, energy_scoring, under_conditions

SPACE = Space(2, 1.0)


def test_scores_say_how_many_draws_they_take():
    scored, number = under_conditions(energy_scoring(draws=4), energy_scoring().build(SPACE))
    assert (scored.made.name, number) == ("per_condition", 4)
    paired, number = under_conditions(energy(), energy().build(SPACE))
    assert (paired.made.name, number) == ("joint", 1)
    check_unconditional(crps_scoring())
    with pytest.raises(ValueError, match="the target has none"):
        check_unconditional(energy_scoring(draws=4))


def test_options_reach_the_objective():
    x, y = jax.numpy.asarray(np.random.default_rng(0).normal(size=(2, 6, 2)))
    value = lambda config: float(config.build(SPACE).loss(jax.random.key(0), (), x, y))  # noqa: E731
    assert value(energy_scoring(alpha=0.0)) > value(energy_scoring())
    assert value(energy_scoring(temperature=0.5)) > value(energy_scoring())
    assert value(energy_scoring(beta=0.5)) != value(energy_scoring())
    assert value(crps_scoring(alpha=0.0)) > value(crps_scoring())
