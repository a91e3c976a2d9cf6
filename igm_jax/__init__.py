"""igm_jax: implicit generative models in JAX, every objective through one small contract."""

from igm_jax.base import Generator, Network, NoWitnessError, Objective, from_velocity, stateless, velocity

__version__ = "0.1.0"

__all__ = [
    "Generator",
    "Network",
    "NoWitnessError",
    "Objective",
    "from_velocity",
    "stateless",
    "velocity",
]
