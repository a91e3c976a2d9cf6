"""igm_jax: implicit generative models in JAX, every objective through one small contract.

Plain divergences stay plain: ``mmd2_biased``, ``mmd2_unbiased``, ``energy_distance``, ``sinkhorn_divergence``,
``sliced_wasserstein`` and ``wasserstein_1d`` take two samples and give a scalar. ``igm_jax.objectives`` lifts them, and
critics and fields, to one contract, which ``igm_jax.training`` trains.
"""

from igm_jax.base import Generator, Network, NoWitnessError, Objective, from_velocity, stateless, velocity
from igm_jax.objectives.moments.energy import energy_distance
from igm_jax.objectives.moments.mmd import mmd2_biased, mmd2_unbiased
from igm_jax.objectives.transport.sinkhorn import sinkhorn_divergence
from igm_jax.objectives.transport.sliced import sliced_wasserstein, wasserstein_1d
from igm_jax.objectives.transport.sliced_energy import energy_distance_1d, sliced_energy_distance

__version__ = "0.1.0"

__all__ = [
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
