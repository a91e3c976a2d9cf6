"""Bases that a generator starts from, and targets that it should reach: each is ``distribution(key, n) -> (n, d)``."""

from igm_jax.distributions.alternatives import odd_mode, perturbed_uniform
from igm_jax.distributions.base import Distribution, Modes, dataset, normal, sphere, uniform_cube
from igm_jax.distributions.conditional import ConditionalLaw, bimodal, heteroscedastic, preadditive
from igm_jax.distributions.curved import banana, funnel
from igm_jax.distributions.files import load_samples, sample_shape
from igm_jax.distributions.images import digits, photo_patches
from igm_jax.distributions.lorenz96 import Lorenz96
from igm_jax.distributions.mixtures import gaussian, gaussian_mixture
from igm_jax.distributions.posterior import logistic_posterior
from igm_jax.distributions.ray_pairs import RayPair, random_ray_pair, ray_pair
from igm_jax.distributions.splits import Part, Scaling, Splits
from igm_jax.distributions.synthetic import checkerboard, grid, moons, ring, swiss_roll, unequal_mixture

__all__ = [
    "ConditionalLaw",
    "Distribution",
    "Lorenz96",
    "Modes",
    "Part",
    "RayPair",
    "Scaling",
    "Splits",
    "banana",
    "bimodal",
    "checkerboard",
    "dataset",
    "digits",
    "funnel",
    "gaussian",
    "gaussian_mixture",
    "grid",
    "heteroscedastic",
    "load_samples",
    "logistic_posterior",
    "moons",
    "normal",
    "odd_mode",
    "perturbed_uniform",
    "photo_patches",
    "preadditive",
    "random_ray_pair",
    "ray_pair",
    "ring",
    "sample_shape",
    "sphere",
    "swiss_roll",
    "unequal_mixture",
    "uniform_cube",
]
