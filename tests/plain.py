"""Every plain function of two samples in one table, for what must be true of all of them: scales, types, devices, NaN."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import (
    energy_distance,
    energy_distance_1d,
    kernels,
    mmd2_biased,
    mmd2_unbiased,
    sinkhorn_divergence,
    sliced_energy_distance,
    sliced_wasserstein,
    wasserstein_1d,
)
from igm_jax import objectives as o
from tests import reference

KEY = jax.random.key(0)


class Plain(NamedTuple):
    """A function of two samples, and what is known of it.

    Attributes:
        call: ``(x, y, unit, **weights) -> array``, all lengths in it in so many units.
        degree: what power of the unit the result grows with, where samples grow with it; None where it has no scale.
        weighted: whether it takes ``x_weights`` and ``y_weights``.
        exact: ``(x, y) -> array`` in NumPy, for a unit of one; where None, the function itself in double precision serves.
        least: how many samples it takes.
        scalars: whether it takes samples of one feature alone.
    """

    call: Callable
    degree: int | None
    weighted: bool = True
    exact: Callable | None = None
    least: int = 1
    scalars: bool = False


def _score(unit):
    return lambda points: -points / unit / unit


def _energy(x, y):
    return reference.energy(x, y)


def _gaussian(x, y):
    return np.exp(-reference.squared_distances(x, y) / 2)


def _laplace(x, y):
    return np.exp(-np.sqrt(reference.squared_distances(x, y)))


def _line(x, y):
    """``∫ |F_x - F_y|`` of scalars."""
    z = np.sort(np.concatenate([x, y]).ravel())
    of_x, of_y = (np.searchsorted(np.sort(some.ravel()), z[:-1], side="right") / len(some) for some in (x, y))
    return np.sum(np.abs(of_x - of_y) * np.diff(z))


def _chamfer(x, y):
    squared = reference.squared_distances(x, y)
    return squared.min(1).mean() + squared.min(0).mean()


def _imle(x, y):
    return reference.squared_distances(x, y).min(0).mean()


def _outputs(value: Callable) -> Callable:
    """A value of critics' outputs, here those of the first feature."""
    return lambda x, y, unit, **weights: value(x[:, 0] / unit, y[:, 0] / unit, **weights)


def _draws(score: Callable) -> Callable:
    """A score of a few draws under each of two conditions."""
    return lambda x, y, unit: score(jnp.stack([x, x[::-1]]), y[:2], unit)


SUMS = {
    "mmd2_biased, gaussian": Plain(
        lambda x, y, unit, **w: mmd2_biased(x, y, kernels.gaussian(unit), **w), 0, exact=partial(reference.mmd2, kernel=_gaussian)
    ),
    "mmd2_biased, imq": Plain(lambda x, y, unit, **w: mmd2_biased(x, y, kernels.inverse_multiquadric(unit), **w), 0),
    "mmd2_biased, cauchy": Plain(lambda x, y, unit, **w: mmd2_biased(x, y, kernels.cauchy(unit), **w), 0),
    "mmd2_biased, matern": Plain(lambda x, y, unit, **w: mmd2_biased(x, y, kernels.matern_32(unit), **w), 0),
    "mmd2_biased, linear": Plain(lambda x, y, unit, **w: mmd2_biased(x, y, kernels.linear(), **w), 2),
    "mmd2_unbiased": Plain(
        lambda x, y, unit, **w: mmd2_unbiased(x, y, kernels.laplace(unit), **w), 0, least=2,
        exact=partial(reference.mmd2_unbiased, kernel=_laplace),
    ),
    "mmd2_unbiased, gaussian": Plain(lambda x, y, unit, **w: mmd2_unbiased(x, y, kernels.gaussian(unit), **w), 0, least=2),
    "mmd_witness": Plain(lambda x, y, unit, **w: o.mmd_witness(x, x, y, kernels.gaussian(unit), **w), 0),
    "energy_distance": Plain(lambda x, y, unit, **w: energy_distance(x, y, **w), 1, exact=_energy),
    "log_energy_distance": Plain(lambda x, y, unit, **w: o.log_energy_distance(x, y, unit, **w), 0),
    "mmd2_block": Plain(lambda x, y, unit: o.mmd2_block(x, y, kernels.gaussian(unit), block_size=2).value, 0, False, least=4),
    "mmd2_linear": Plain(lambda x, y, unit: o.mmd2_linear(x, y, kernels.gaussian(unit)).value, 0, False, least=4),
    "mmd2_incomplete": Plain(
        lambda x, y, unit: o.mmd2_incomplete(KEY, x, y, kernels.gaussian(unit), num_shifts=1).value, 0, False, least=3
    ),
    "mmd2_estimate": Plain(
        lambda x, y, unit: jnp.stack(o.mmd2_estimate(x, y, kernels.gaussian(unit))), 0, False, least=4
    ),
    "mmd_power": Plain(lambda x, y, unit: o.mmd_power(x, y, kernels.gaussian(unit)), 0, False, least=4),
    "nystrom_mmd2": Plain(
        lambda x, y, unit, **w: o.nystrom_mmd2(KEY, x, y, kernels.gaussian(unit), num_landmarks=4, **w)[0], 0
    ),
    "random_feature_mmd2": Plain(
        lambda x, y, unit, **w: o.random_feature_mmd2(KEY, x, y, o.normal_frequencies(1 / unit), num_features=8, **w)[0], 0
    ),
    "characteristic_distance": Plain(
        lambda x, y, unit, **w: o.characteristic_distance(x, y, jnp.eye(x.shape[1], dtype=jnp.float32) / unit, **w), 0
    ),
    "repulsive_value": Plain(lambda x, y, unit: o.repulsive_value(x, y, kernels.gaussian(unit)), 0, False, least=2),
    "energy_score": Plain(_draws(lambda draws, y, unit: o.energy_score(draws, y)), 1, False, least=2),
    "crps": Plain(_draws(lambda draws, y, unit: o.crps(draws, y)), 1, False, least=2),
    "kernel_score": Plain(_draws(lambda draws, y, unit: o.kernel_score(draws, y, kernels.gaussian(unit))), 0, False, least=2),
}  # fmt: skip

TRANSPORT = {
    "sinkhorn_divergence": Plain(lambda x, y, unit, **w: sinkhorn_divergence(x, y, unit**2, **w), 2),
    "sinkhorn_witness": Plain(lambda x, y, unit, **w: o.sinkhorn_witness(x, x, y, unit**2, **w), 2),
    "sinkhorn_potentials": Plain(lambda x, y, unit, **w: o.sinkhorn_potentials(x, y, unit**2, **w).f, 2),
    "two_batch_sinkhorn_divergence": Plain(
        lambda x, y, unit: o.two_batch_sinkhorn_divergence(x, y, unit**2), 2, False, least=2
    ),
    "sinkhorn_drift_field": Plain(lambda x, y, unit: o.sinkhorn_drift_field(x, y, unit**2), 1, False),
    "minibatch_energy_distance": Plain(
        lambda x, y, unit: o.minibatch_energy_distance(x, y, unit), None, False, least=2
    ),
    "sliced_wasserstein": Plain(lambda x, y, unit, **w: sliced_wasserstein(KEY, x, y, num_projections=8, **w), 2),
    "sliced_wasserstein, p=1": Plain(
        lambda x, y, unit, **w: sliced_wasserstein(KEY, x, y, num_projections=8, p=1, **w), 1
    ),
    "sliced_energy_distance": Plain(
        lambda x, y, unit, **w: sliced_energy_distance(KEY, x, y, num_projections=8, **w), 1
    ),
    "sliced_witness": Plain(
        lambda x, y, unit: o.sliced_witness(x, x, y, jnp.eye(x.shape[1], dtype=jnp.asarray(x).dtype)), 2, False
    ),
    "max_sliced_wasserstein": Plain(lambda x, y, unit: o.max_sliced_wasserstein(KEY, x, y), 2, False),
    "wasserstein_1d": Plain(lambda x, y, unit, **w: wasserstein_1d(x, y, **w), 1, exact=_line, scalars=True),
    "energy_distance_1d": Plain(
        lambda x, y, unit, **w: energy_distance_1d(x, y, **w), 1, exact=_energy, scalars=True
    ),
    "imle_loss": Plain(lambda x, y, unit, **w: o.imle_loss(x, y, **w), 2, exact=_imle),
    "chamfer_distance": Plain(lambda x, y, unit, **w: o.chamfer_distance(x, y, **w), 2, exact=_chamfer),
    "bures_distance": Plain(lambda x, y, unit, **w: o.bures_distance(x, y, **w), 2),
    "neighbour_kl": Plain(lambda x, y, unit: o.neighbour_kl(x, y), 0, False, least=2),
}  # fmt: skip

FIELDS = {
    "drifting_field": Plain(lambda x, y, unit: o.drifting_field(x, y, unit).field, 1, False),
    "drifting_field, released": Plain(lambda x, y, unit: o.drifting_field(x, y, preset="released").field, 1, False),
    "drifting_loss": Plain(lambda x, y, unit: o.drifting_loss(x[None], y[None]), 0, False),
    "score_difference_field": Plain(lambda x, y, unit, **w: o.score_difference_field(x, y, unit, **w), -1),
    "sharp_drifting_field": Plain(
        lambda x, y, unit, **w: o.sharp_drifting_field(x, y, kernels.laplace(unit), **w), -1
    ),
    "kde_drift_field": Plain(lambda x, y, unit, **w: o.kde_drift_field(x, y, unit, **w), -1),
    "denoiser_difference_field": Plain(lambda x, y, unit: o.denoiser_difference_field(x, x, y, unit), -1, False),
    "svgd_field": Plain(
        lambda x, y, unit: o.svgd_field(x, _score(unit), kernels.gaussian(unit)), -1, False
    ),
    "ksd2_biased": Plain(lambda x, y, unit: o.ksd2_biased(x, _score(unit), kernels.gaussian(unit)), -2, False),
    "ksd2_unbiased": Plain(
        lambda x, y, unit: o.ksd2_unbiased(x, _score(unit), kernels.inverse_multiquadric(unit)), -2, False, least=2
    ),
    "stein_score": Plain(lambda x, y, unit: o.stein_score(x, kernels.gaussian(unit), 0.1), -1, False),
}  # fmt: skip

VALUES = {
    name: Plain(_outputs(value), None)
    for name, value in {
        "gan_value": o.gan_value,
        "hinge_value": o.hinge_value,
        "lsgan_value": o.lsgan_value,
        "wgan_value": o.wgan_value,
        "kl_wgan_value": o.kl_wgan_value,
        "relativistic_value": o.relativistic_value,
        "relativistic_average_value": o.relativistic_average_value,
        "f_gan_value": partial(o.f_gan_value, "kl"),
        "density_ratio_value": partial(o.density_ratio_value, "logistic"),
        "kl_estimate": partial(o.kl_estimate, "logistic"),
    }.items()
}

SCALES = {
    "median_scale": Plain(lambda x, y, unit: o.median_scale(x, y), 1, False),
    "spread_scale": Plain(lambda x, y, unit: o.spread_scale(x, y), 1, False),
    "median_bandwidth": Plain(lambda x, y, unit: kernels.median_bandwidth(y), 1, False, least=2),
}

PLAIN = {**SUMS, **TRANSPORT, **FIELDS, **VALUES, **SCALES}
