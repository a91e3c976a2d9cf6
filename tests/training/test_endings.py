"""The errors of a run that ends before its time say where it stood, what is kept and what to do."""

import numpy as np

from igm_jax.sources import SourceError
from igm_jax.training.endings import interrupted, non_finite, without_data
from tests.training import toys


def test_without_a_directory_nothing_is_said_to_be_kept(key):
    infos = {"loss": np.array([1.0, np.nan]), "velocity": np.array([1.0, 2.0])}
    error = non_finite("energy", 9, infos, (2, 0), None, toys.still_run().init(key))
    assert (error.step, error.checkpoint) == (2, None)
    assert "'energy' broke at step 2 of 9: loss nan, velocity 2; there is no checkpoint" in str(error)
    seeds = {"loss": np.array([[1.0, np.inf]]), "velocity": np.ones((1, 2))}
    assert "in seed 1 of 2: loss inf" in str(non_finite("energy", 9, seeds, (1, 1), None, toys.still_run().init(key)))
    assert "parameters that are no longer finite" in str(
        non_finite("energy", 9, {"loss": np.ones(1), "velocity": np.ones(1)}, (1, 0), None, toys.still_run().init(key))
    )


def test_signals_and_sources_name_the_step():
    assert (interrupted(4, 9, 15, None).step, interrupted(4, 9, 15, None).signal) == (4, 15)
    assert str(without_data(SourceError("it ended"), 4, 9, None)) == "no data for step 5 of 9: it ended"
