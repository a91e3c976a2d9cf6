"""Objectives of optimal transport."""

from typing import Annotated, Literal

import tyro

from experiments.configs import choices
from experiments.configs.choices import Space
from experiments.configs.shared import FEATURE_CRITIC, FeatureCritic, length
from igm_jax import Objective, objectives

Epsilon = Annotated[float, tyro.conf.arg(help="Strength of the entropy, in squared median distances of the data.")]

DIRECTIONS = {
    "random": objectives.random_directions,
    "orthogonal": objectives.orthogonal_directions,
    "quasi-random": objectives.quasi_random_directions,
}


def _strength(name: str, multiple: float, space: Space) -> float:
    """A multiple of the data's squared median distance."""
    return length(name, multiple, space) * space.scale


@choices.objective()
def sinkhorn(space: Space, epsilon: Epsilon = 0.01) -> Objective:
    """Sinkhorn divergence: optimal transport with entropy, debiased."""
    return objectives.sinkhorn(_strength("epsilon", epsilon, space))


@choices.objective()
def unbalanced_sinkhorn(space: Space, epsilon: Epsilon = 0.01, rho: float = 1.0) -> Objective:
    """Sinkhorn divergence that may leave mass behind: marginals are penalised, not met.

    Args:
        rho: Strength of the penalty on marginals, likewise: mass is hardly moved farther than its root.
    """
    return objectives.sinkhorn(_strength("epsilon", epsilon, space), rho=_strength("rho", rho, space))


@choices.objective()
def two_batch_sinkhorn(space: Space, epsilon: Epsilon = 0.01) -> Objective:
    """Sinkhorn divergence whose self terms compare independent halves of a batch."""
    return objectives.two_batch_sinkhorn(_strength("epsilon", epsilon, space))


@choices.objective()
def sinkhorn_drift(space: Space, epsilon: Epsilon = 0.01, two_sided: bool = True) -> Objective:
    """Sinkhorn drift: to the barycentres of the plan to the data, from those of the plan to itself.

    Args:
        two_sided: Whether plans meet both marginals, or are one kernel with normalised rows.
    """
    return objectives.sinkhorn_drift(_strength("epsilon", epsilon, space), two_sided=two_sided)


@choices.objective()
def sliced(
    space: Space, num_projections: int = 128, directions: Literal["random", "orthogonal", "quasi-random"] = "random"
) -> Objective:
    """Sliced Wasserstein distance: sort along random directions.

    Args:
        num_projections: Directions in each step.
        directions: How they are drawn.
    """
    del space
    return objectives.sliced(num_projections, directions=DIRECTIONS[directions])


@choices.objective(inner_steps=5, learns="the direction")
def max_sliced(space: Space, rate: float = 0.5) -> Objective:
    """Max-sliced Wasserstein distance: sort along the one direction that tells samples apart best.

    Args:
        rate: How far an update turns the direction, up to 1.
    """
    del space
    return objectives.max_sliced(rate=rate)


@choices.objective(kind="IMLE")
def imle(space: Space) -> Objective:
    """Implicit maximum likelihood: each datum pulls its nearest sample."""
    del space
    return objectives.imle()


@choices.objective()
def chamfer(space: Space) -> Objective:
    """Squared Chamfer distance: each datum and each sample pull on their nearest."""
    del space
    return objectives.chamfer()


@choices.objective()
def bures(space: Space) -> Objective:
    """Squared Wasserstein distance of Gaussian fits: means and covariances alone."""
    del space
    return objectives.bures()


@choices.objective(kind="OTGAN", inner_steps=1)
def ot_gan(space: Space, epsilon: float = 0.1, critic: FeatureCritic = FEATURE_CRITIC) -> Objective:
    """OT-GAN: transport between halves of a batch, in features that a critic learns.

    Args:
        epsilon: Strength of the entropy, in units of the cosine distance.
    """
    return objectives.ot_gan(*critic.build(space), epsilon=epsilon)
