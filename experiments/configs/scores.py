"""Scores of draws: of all samples of a batch, or, where a table has conditions, of a few under each."""

from typing import Annotated

import tyro

from experiments.configs import choices
from experiments.configs.choices import Space
from igm_jax import Objective, checks, objectives

Alpha = Annotated[float, tyro.conf.arg(help="1 for the fair score, 0 for the V-statistic, between them almost fair.")]
Temperature = Annotated[float, tyro.conf.arg(help="Below 1, draws come out sharper than the data.")]
Draws = Annotated[int, tyro.conf.arg(help="Samples under each condition, where there are conditions.")]


@choices.objective()
def energy_scoring(
    space: Space, beta: float = 1.0, alpha: Alpha = 1.0, temperature: Temperature = 1.0, draws: Draws = 2
) -> Objective:
    """Energy score of a few draws under each condition of a table; without conditions, of all samples.

    Args:
        beta: Exponent of the distance, above 0 and at most 2.
    """
    del space
    checks.count("draws", draws, least=2)
    return objectives.energy_scoring(beta, alpha, temperature)


@choices.objective()
def crps_scoring(space: Space, alpha: Alpha = 1.0, temperature: Temperature = 1.0, draws: Draws = 2) -> Objective:
    """CRPS of every feature by itself, of a few draws under each condition of a table; without conditions, of all."""
    del space
    checks.count("draws", draws, least=2)
    return objectives.crps_scoring(None, alpha, temperature)


SCORES = (energy_scoring, crps_scoring)
"""Those that are taken within each condition, where there are conditions, with ``draws`` samples under each."""


def under_conditions(config: object, objective: Objective) -> tuple[Objective, int]:
    """The objective where there are conditions, and how many samples are drawn under each: a score compares them with the datum
    of their condition, all else compares pairs with each other."""
    if isinstance(config, SCORES):
        return objectives.per_condition(objective), config.draws  # pyrefly: ignore
    return objectives.joint(objective), 1


def check_unconditional(config: object) -> None:
    """An error for a number of draws that nobody would look at, as there are no conditions."""
    if isinstance(config, SCORES) and config.draws != 2:  # pyrefly: ignore
        raise ValueError(
            f"`draws` are samples under each condition, but the target has none; leave `--draws {config.draws}` out, or name"  # pyrefly: ignore
            " columns that are given: `table --path FILE --condition NAME`"
        )
