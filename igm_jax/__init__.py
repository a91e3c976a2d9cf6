"""igm_jax: implicit generative models in JAX, every objective through one small contract.

Plain divergences stay plain: ``mmd2_biased``, ``mmd2_unbiased``, ``energy_distance``, ``sinkhorn_divergence``,
``sliced_wasserstein`` and ``wasserstein_1d`` take two samples and give a scalar. ``igm_jax.objectives`` lifts them, and
critics and fields, to one contract, which ``igm_jax.training`` trains. Submodules are imported when they are first asked for.
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

from igm_jax.base import ConditionalGenerator, Generator, Network, Objective, velocity
from igm_jax.batches import Batch
from igm_jax.lifts import NoWitnessError, from_velocity, stateless
from igm_jax.objectives.moments.energy import energy_distance
from igm_jax.objectives.moments.mmd import mmd2_biased, mmd2_unbiased
from igm_jax.objectives.transport.sinkhorn import sinkhorn_divergence
from igm_jax.objectives.transport.sliced import sliced_wasserstein, wasserstein_1d
from igm_jax.objectives.transport.sliced_energy import energy_distance_1d, sliced_energy_distance

if TYPE_CHECKING:
    from igm_jax import data, distributions, evaluation, generators, networks, reporting, training  # noqa: F401

__version__ = "0.1.0"

__all__ = [
    "Batch",
    "ConditionalGenerator",
    "Generator",
    "Network",
    "NoWitnessError",
    "Objective",
    "energy_distance",
    "energy_distance_1d",
    "from_velocity",
    "mmd2_biased",
    "mmd2_unbiased",
    "sinkhorn_divergence",
    "sliced_energy_distance",
    "sliced_wasserstein",
    "stateless",
    "velocity",
    "wasserstein_1d",
]

_SUBMODULES = [found.name for found in pkgutil.iter_modules(__path__)]


def __getattr__(name: str) -> Any:
    if name not in _SUBMODULES:
        raise AttributeError(f"module 'igm_jax' has no attribute {name!r}")
    return import_module(f"igm_jax.{name}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES, "__version__"})
