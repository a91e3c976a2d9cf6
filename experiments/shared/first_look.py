"""A look at a run before its first step: whether its objective's lengths let samples see data at all."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from experiments.configs import Problem
from igm_jax import Objective
from igm_jax.reach import MOST, blind
from igm_jax.training.progress import notice

OnChunk = Callable[[Any, Any], None]


def first_look(
    objective: Objective, problem: Problem, draw: Callable[[Any], Any], following: OnChunk | None = None
) -> OnChunk:
    """What is called with a run's state: before its first step a line where the objective sees nothing of the data's shape.

    Args:
        objective: what the generator is trained by, with lengths in the units of the data.
        problem: the target.
        draw: from the state to samples.
        following: what else is called with the state.

    Returns:
        The function, for ``on_chunk`` of ``train``.
    """

    def look(state: Any, rows: Any) -> None:
        if int(np.ravel(state.step)[0]) == 0 and problem.pairs is None:
            data = problem.held_out(jax.random.key(9), MOST)
            if text := blind(objective, np.asarray(draw(state))[:MOST], np.asarray(data)):
                notice(f"warning: {text}")
        if following is not None:
            following(state, rows)

    return look
