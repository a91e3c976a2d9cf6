"""Training: one step, one loop, moving average, checkpoints, log."""

from igm_jax.training.directory import plain, read_config
from igm_jax.training.errors import Interrupted, NonFiniteError, RunDirectoryError, RunMismatchError
from igm_jax.training.likelihood import add_likelihood
from igm_jax.training.logs import read_log
from igm_jax.training.loop import Trained, train
from igm_jax.training.provenance import provenance
from igm_jax.training.step import Run, TrainState, advance, training
from igm_jax.training.trained import TrainedGenerator, load_generator, restore

__all__ = [
    "Interrupted",
    "NonFiniteError",
    "Run",
    "RunDirectoryError",
    "RunMismatchError",
    "TrainState",
    "Trained",
    "TrainedGenerator",
    "add_likelihood",
    "advance",
    "load_generator",
    "plain",
    "provenance",
    "read_config",
    "read_log",
    "restore",
    "train",
    "training",
]
