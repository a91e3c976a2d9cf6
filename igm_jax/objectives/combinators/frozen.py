"""Objectives whose data stay: what depends on the data alone is computed once, and a step meets its samples alone."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks, functions, kernels
from igm_jax.base import Info, Key, Network, Objective, State
from igm_jax.batches import Samples, only
from igm_jax.checks import Rows, Weights
from igm_jax.kernels.kernel import Kernel, checked_kernel
from igm_jax.objectives.combinators.feature_groups import in_units, map_of, on_feature_groups
from igm_jax.objectives.combinators.wrappers import checked_objective, on_features, weighted, with_bank
from igm_jax.objectives.fields.drifting import drifting
from igm_jax.objectives.fields.fixed_data import compressed, field_to_fixed, of_temperatures
from igm_jax.objectives.fields.kde_drift import kde_drift
from igm_jax.objectives.fields.score_difference import score_difference
from igm_jax.objectives.fields.sharp_drifting import sharp_drifting
from igm_jax.objectives.moments.data_moments import moments_of
from igm_jax.objectives.moments.energy import energy, log_energy
from igm_jax.objectives.moments.fixed_data import mmd_to_fixed, nystrom_to_fixed
from igm_jax.objectives.moments.frechet_loss import frechet_loss
from igm_jax.objectives.moments.mmd import mmd
from igm_jax.objectives.transport.bures import bures
from igm_jax.records import recorded

__all__ = ["frozen"]

CHUNK = 1024
"""Rows of data at a time, whose features are computed."""


class _Fixed(NamedTuple):
    """What an objective is frozen with: data on the host, their weights as given, and the landmarks."""

    data: np.ndarray
    weights: np.ndarray | None
    landmarks: int | None
    key: Key


@recorded
def frozen(
    objective: Objective, data: Rows, *, weights: Weights = None, landmarks: int | None = None, seed: int = 0
) -> Objective:
    """An objective against a whole data set that is known before: what depends on the data alone is computed once, now.

    ``loss(x) = objective.loss(x, data)``, and so are the velocity and the witness; the y of a step is not read, and may be None.

    A minibatch of data would only estimate this. It can freeze ``mmd``, ``energy`` and ``log_energy``, of which a step then takes
    n² + nN values of the kernel for N data; ``bures`` and ``frechet_loss``, which keep the moments of the data and cost nothing
    for them; the fields ``score_difference``, ``kde_drift``, ``sharp_drifting`` and ``drifting``, which attract to all N data;
    and of these ``weighted``, ``on_features``, ``on_feature_groups`` and ``with_bank``: features of all data are computed once.

    With ``landmarks=L`` the data of an ``mmd`` are projected on L of them, as in ``nystrom_mmd2`` but once for all: a step takes
    n² + nL values of the kernel. Every update then reports the ``residual`` r, the distance of the data from their projection,
    ``|√loss - MMD(x, data)| ≤ r`` whatever the samples. It takes N² values of the kernel, once; in single precision
    it is known to some 3e-4 of √k(y, y). A field is attracted by L data in the place of all, with the non-negative weights
    that bring them nearest in the kernel of the attraction (for ``drifting`` the sum of Laplace's at its temperatures); the
    residual is their MMD. Repulsion stays exact. Drifting counts L data in its sums.

    Args:
        objective: from one of these constructors.
        data: (N, d) the whole data set.
        weights: (N,) non-negative weights, normalised here; uniform if None.
        landmarks: L ≥ 1, for ``mmd`` with a positive definite kernel and for fields; at most N are used. None for all data,
            which is exact.
        seed: of the random key by which landmarks are drawn, without replacement.

    Returns:
        The objective. Its state is that of the objective it is made of, empty for all but ``frechet_loss`` with a memory and
        ``with_bank``; target may be None in a run.

    Raises:
        TypeError: for an objective that cannot be frozen, features whose parameters are drawn when a run begins, or traced data.
        ValueError: for wrong shapes, non-finite numbers or bad weights; for landmarks of what has none or of a kernel that is
            not positive definite.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives import energy, frozen
        >>> x, data = jnp.array([[0.0]]), [[3.0], [5.0]]
        >>> objective = frozen(energy(), data)
        >>> float(objective.loss(jax.random.key(0), (), x, None))  # 2·4 - 1
        7.0

    Source: exact repulsion with projected attraction, arXiv 2607.02375; Chatalic et al., arXiv 2201.13055; landmarks for the
    attraction of drifting alone, arXiv 2605.12183.
    """
    objective = checked_objective("objective", objective)
    if not checks.is_concrete(data) or not checks.is_concrete(weights):
        raise TypeError("`data` must be known, but are being traced; freeze the objective outside of what is compiled")
    known = np.asarray(checks.samples("data", data))
    if landmarks is not None:
        landmarks = checks.count("landmarks", landmarks)
    shares = None if weights is None else np.asarray(checks.weights("weights", weights, jnp.asarray(known)))
    key = jax.random.key(checks.seed("seed", seed))
    return _without_data(_freeze(objective, _Fixed(known, shares, landmarks, key)))


def _without_data(objective: Objective) -> Objective:
    """The objective, which is told that there are no data, whatever they are; their parts are refused."""

    def alone(y: Any) -> Any:
        only("y", y, "`frozen`, whose data are fixed,")
        return None

    def update(key: Key, state: State, x: Samples, y: Any) -> tuple[State, Info]:
        return objective.update(key, state, x, alone(y))

    def loss(key: Key, state: State, x: Samples, y: Any) -> Array:
        return objective.loss(key, state, x, alone(y))

    def witness(state: State, points: Samples, x: Samples, y: Any) -> Array:
        return objective.witness(state, points, x, alone(y))

    return Objective(objective.init, update, loss, witness)


def _freeze(objective: Objective, fixed: _Fixed) -> Objective:
    made = getattr(objective, "made", None)
    known = {_plain(constructor): freeze for constructor, freeze in FREEZERS.items()}
    freeze = None if made is None else known.get(_plain(made.constructor))
    if freeze is None:
        names = ", ".join(f"`{constructor.__name__}`" for constructor in FREEZERS)
        what = "one that was put together by hand" if made is None else f"`{objective}`"
        raise TypeError(
            f"`objective` must be made by one of {names} to be frozen, but is {what}; give the step its data as a target"
            " instead, e.g. `dataset(data)`"
        )
    return freeze(fixed, **made.arguments)


def _plain(constructor: Any) -> Any:
    """A constructor without what was wrapped around it, by which it is known wherever it was recorded."""
    return inspect.unwrap(constructor)


# --- how each is frozen ---


def _kernel(fixed: _Fixed, kernel: Any) -> Objective:
    kernel, data = checked_kernel(kernel), jnp.asarray(fixed.data)
    weights = checks.weights("weights", fixed.weights, data)
    if fixed.landmarks is None:
        return mmd_to_fixed(kernel, data, weights)
    return nystrom_to_fixed(kernel, data, weights, fixed.landmarks, fixed.key)


def _distance(fixed: _Fixed, kernel: Kernel, name: str) -> Objective:
    if fixed.landmarks is not None:
        raise ValueError(
            f"`landmarks` must be None for `{name}`, but is {fixed.landmarks}: they need a positive definite kernel, and minus a"
            " distance is none; leave them out, which is exact, or take `mmd` of a kernel such as `laplace`"
        )
    return _kernel(fixed, kernel)


def _moments(fixed: _Fixed, data_moments: Any = None, rate: Any = None, bank: Any = None) -> Objective:
    if fixed.landmarks is not None:
        raise ValueError(
            f"`landmarks` must be None for what compares moments, but is {fixed.landmarks}; freeze parts of a sum by themselves:"
            " `weighted([(1.0, frozen(mmd(kernel), data, landmarks=256)), (1.0, frozen(bures(), data))])`"
        )
    if data_moments is not None:
        raise ValueError(
            "`frechet_loss` must have no `data_moments` to be frozen with data, but has; take it as it is, or leave them out"
        )
    return frechet_loss(moments_of(fixed.data, weights=fixed.weights), rate=rate, bank=bank)


def _of_features(fixed: _Fixed, objective: Objective, features: Any) -> Objective:
    seen = _chunks(_known_features(features), fixed.data, lambda out, rows: {"": functions.one_row(out, rows)})[""]
    return on_features(_freeze(objective, fixed._replace(data=seen)), features)


def _of_groups(fixed: _Fixed, objective: Any, features: Any, scales: Mapping, shares: bool = True) -> Objective:
    def named(out: Any, rows: Array) -> dict[str, Array]:
        return {name: in_units(functions.one_row(map_of(out, name), rows), scales[name]) for name in scales}

    seen = _chunks(_known_features(features), fixed.data, named)
    parts = objective if isinstance(objective, Mapping) else dict.fromkeys(scales, objective)
    inner = {name: _freeze(parts[name], fixed._replace(data=seen[name])) for name in scales}
    return on_feature_groups(inner, features, scales, shares=shares)


def _known_features(features: Any) -> Callable[[Array], Any]:
    """The features as a function of rows; of a network, if its parameters are the same whatever the random key."""
    if not isinstance(features, Network):
        return features
    params, others = (features.init(jax.random.key(seed)) for seed in (0, 1))
    same = jax.tree.map(lambda one, other: bool(jnp.all(one == other)), params, others)
    if not all(jax.tree.leaves(same)):
        raise TypeError(
            "`features` must be known to be frozen, but are a Network whose parameters are drawn when a run begins; take a"
            " trained one as a function, `partial(network.apply, params)`"
        )
    return partial(features.apply, params)


def _chunks(
    features: Callable[[Array], Any], data: np.ndarray, named: Callable[[Any, Array], dict[str, Array]]
) -> dict[str, np.ndarray]:
    """Features of all data by name, some rows at a time: memory is that of the features and of one chunk."""
    of = jax.jit(lambda rows: named(features(rows), rows))
    parts = [jax.device_get(of(jnp.asarray(data[i : i + CHUNK]))) for i in range(0, len(data), CHUNK)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sum(fixed: _Fixed, parts: Any, names: Any = None) -> Objective:
    keys = jax.random.split(fixed.key, len(parts))
    frozen_parts = [
        (weight, _freeze(part, fixed._replace(key=key))) for key, (weight, part) in zip(keys, parts, strict=True)
    ]
    return weighted(frozen_parts, names)


def _field(objective: Callable[..., Objective], kernel_of: Callable[..., Kernel]) -> Callable[..., Objective]:
    """How a field is frozen: it meets all data, or landmarks that are chosen by the kernel of its attraction."""

    def freeze(fixed: _Fixed, **arguments: Any) -> Objective:
        if fixed.landmarks is None:
            return field_to_fixed(objective(**arguments), fixed.data, fixed.weights)
        if arguments.get("corrected"):
            raise ValueError(
                "`landmarks` stand for all data, so their attraction lacks the bias of a minibatch that `corrected=True` would"
                " remove; leave out one of the two"
            )
        found = compressed(kernel_of(arguments, fixed), fixed.data, fixed.weights, fixed.landmarks, fixed.key)
        return field_to_fixed(objective(**arguments), found.places, found.weights, {"residual": found.residual})

    return freeze


def _smoothing(arguments: dict[str, Any], fixed: _Fixed) -> Kernel:
    del fixed
    bandwidth = arguments["bandwidth"]
    return bandwidth if isinstance(bandwidth, Kernel) else kernels.gaussian(bandwidth)


def _of_drifting(arguments: dict[str, Any], fixed: _Fixed) -> Kernel:
    return of_temperatures(arguments["temperatures"], arguments["preset"], fixed.data, fixed.weights)


FREEZERS: dict[Callable[..., Objective], Callable[..., Objective]] = {
    mmd: _kernel,
    energy: lambda fixed, beta: _distance(fixed, kernels.distance(beta), "energy"),
    log_energy: lambda fixed, bandwidth: _distance(fixed, kernels.logarithm(bandwidth), "log_energy"),
    bures: _moments,
    frechet_loss: _moments,
    weighted: _sum,
    on_features: _of_features,
    on_feature_groups: _of_groups,
    score_difference: _field(score_difference, _smoothing),
    kde_drift: _field(kde_drift, _smoothing),
    sharp_drifting: _field(sharp_drifting, lambda given, fixed: kernels.sharp(given["kernel"])),
    drifting: _field(drifting, _of_drifting),
    with_bank: lambda fixed, objective, size: with_bank(_freeze(objective, fixed), size),
}
"""What can be frozen: from the constructor to a function of what it is frozen with, and of the constructor's arguments."""
