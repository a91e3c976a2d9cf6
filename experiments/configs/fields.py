"""Objectives that are velocity fields: score differences and drifts, and those that know their target's density or score."""

from typing import Annotated, Literal

import optax
import tyro

from experiments.configs import choices
from experiments.configs.choices import Space
from experiments.configs.shared import CRITIC, R1, Critic, length, with_density
from igm_jax import Network, Objective, checks, functions, kernels, objectives
from igm_jax.kernels import Kernel
from igm_jax.networks import mlp

RatioDivergence = Literal["reverse_kl", "kl", "neyman", "pearson", "squared_hellinger"]

Form = Annotated[Literal["gaussian", "inverse_multiquadric"], tyro.conf.arg(help="Form of the kernel.")]
Bandwidth = Annotated[float, tyro.conf.arg(help="Its width, in median distances of the data.")]
Smoothing = Annotated[float, tyro.conf.arg(help="Width of the Gaussian, in median distances of the data.")]
Power = Annotated[float, tyro.conf.arg(help="Largest power of the ratio of densities.")]
Width = Annotated[int, tyro.conf.arg(help="Units of a hidden layer.")]
Depth = Annotated[int, tyro.conf.arg(help="Hidden layers.")]
Rate = Annotated[float, tyro.conf.arg(help="Learning rate of Adam.")]


def _perceptron(
    features: int, space: Space, width: int, depth: int, rate: float
) -> tuple[Network, optax.GradientTransformation]:
    """A network from (n, features) to (n, d), a perceptron for images, too, and its optimiser."""
    return mlp(features, space.dim, width=width, depth=depth), optax.adam(checks.positive("rate", rate))


def _smooth_kernel(form: str, bandwidth: float, space: Space) -> Kernel:
    """A kernel by its name in ``igm_jax.kernels``, its bandwidth in median distances of the data."""
    of = getattr(kernels, checks.choice("kernel", form, ("gaussian", "inverse_multiquadric")))
    return of(length("bandwidth", bandwidth, space))


@choices.objective()
def score_difference(space: Space, bandwidth: Smoothing = 0.1) -> Objective:
    """Score difference: the gap between the scores of data and samples, both smoothed by a Gaussian."""
    return objectives.score_difference(length("bandwidth", bandwidth, space))


@choices.objective()
def drifting(
    space: Space,
    temperatures: tuple[float, ...] = (0.05, 0.2, 1.0),
    preset: Literal["paper", "released"] = "released",
    floor: float | None = 0.0,
) -> Objective:
    """Drifting: doubly normalised attraction and repulsion.

    Args:
        temperatures: One field each, added; in median distances of the data ("paper") or mean ones ("released").
        preset: The formula of the paper's toy notebook, or of its released code.
        floor: The smallest affinity; None for the preset's own, in the released code .001, for which images become one mean.
    """
    if preset == "paper":
        temperatures = tuple(length("temperatures", value, space) for value in temperatures)
    return objectives.drifting(temperatures, preset, floor=floor)


@choices.objective()
def kde_drift(
    space: Space, divergence: RatioDivergence = "neyman", bandwidth: Smoothing = 0.12, most: Power = 10.0
) -> Objective:
    """The gradient flow of a divergence between kernel density estimates.

    Args:
        divergence: Which divergence; neyman is chi-squared, weighted by model over data.
    """
    return objectives.kde_drift(length("bandwidth", bandwidth, space), divergence, max_power=most)


@choices.objective()
def annealed_difference(space: Space, start: float = 0.5, end: float = 0.05, over: int = 800) -> Objective:
    """Score difference at noisy samples, for noise that falls as training goes on.

    Args:
        start: First standard deviation of the noise, in median distances of the data.
        end: The last.
        over: Steps from one to the other.
    """
    return objectives.annealed_difference(length("start", start, space), length("end", end, space), over)


@choices.objective(inner_steps=3, learns="the networks")
def learned_score(
    space: Space, sigma: float = 0.12, width: Width = 128, depth: Depth = 3, rate: Rate = 1e-3
) -> Objective:
    """Score difference, both scores learned by denoising.

    Args:
        sigma: Standard deviation of the noise, in median distances of the data.
    """
    network = _perceptron(space.dim, space, width, depth, rate)
    return objectives.learned_score_difference(*network, length("sigma", sigma, space))


@choices.objective(inner_steps=3, learns="the network")
def distribution_matching(
    space: Space, low: float = 0.05, high: float = 0.5, width: Width = 128, depth: Depth = 3, rate: Rate = 1e-3
) -> Objective:
    """Distribution matching distillation from the data's exact denoiser, the model's learned.

    Args:
        low: Least standard deviation of the noise, in median distances of the data.
        high: Greatest one.
    """
    network = _perceptron(space.dim + 1, space, width, depth, rate)
    return objectives.distribution_matching(*network, length("low", low, space), length("high", high, space))


@choices.objective(inner_steps=1)
def discriminator_flow(
    space: Space, divergence: RatioDivergence = "reverse_kl", most: Power = 10.0, r1: R1 = 0.1, critic: Critic = CRITIC
) -> Objective:
    """The gradient flow of a divergence, its ratio of densities learned by a classifier.

    Args:
        divergence: Which divergence; reverse_kl moves along the logit's own gradient.
    """
    return objectives.discriminator_flow(*critic.build(space), divergence, max_power=most, r1=r1 * space.scale**2)


@choices.objective()
def banked_drifting(
    space: Space, size: int = 1024, weight: float = 0.5, temperatures: tuple[float, ...] = (0.025,)
) -> Objective:
    """Drifting against a bank of past samples, too.

    Args:
        size: Past samples.
        weight: How strongly each repels, compared with a present one.
        temperatures: One field each, added; in median distances of the data.
    """
    lengths = tuple(length("temperatures", value, space) for value in temperatures)
    return objectives.banked_drifting(size, lengths, weight=weight)


@choices.objective(kind="KSD", needs_density=True)
def ksd(space: Space, kernel: Form = "inverse_multiquadric", bandwidth: Bandwidth = 0.3) -> Objective:
    """Squared kernel Stein discrepancy from a target with a known score."""
    return objectives.ksd(with_density("ksd", space).score, _smooth_kernel(kernel, bandwidth, space))


@choices.objective(kind="SVGD", needs_density=True)
def svgd(space: Space, kernel: Form = "gaussian", bandwidth: Bandwidth = 0.1) -> Objective:
    """Stein variational gradient descent to a target with a known score, amortised by the generator."""
    return objectives.svgd(with_density("svgd", space).score, _smooth_kernel(kernel, bandwidth, space))


@choices.objective(kind="SteinReverseKL", needs_density=True)
def stein_reverse_kl(
    space: Space, kernel: Form = "gaussian", bandwidth: Bandwidth = 0.3, ridge: float = 0.003
) -> Objective:
    """KL to a target with a known score, the model's own score estimated by Stein's identity.

    Args:
        ridge: What is added to the mean of the kernel's matrix.
    """
    score = with_density("stein-reverse-kl", space).score
    return objectives.stein_reverse_kl(score, _smooth_kernel(kernel, bandwidth, space), ridge)


@choices.objective(kind="ReverseKL", inner_steps=3, needs_density=True)
def reverse_kl(space: Space, critic: Critic = CRITIC) -> Objective:
    """KL to a target with a known density, the model's own learned by a classifier."""
    log_density = functions.is_function("log_density", with_density("reverse-kl", space).log_density)
    return objectives.reverse_kl(log_density, *critic.build(space))
