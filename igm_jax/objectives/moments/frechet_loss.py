"""The Fréchet loss: samples with what is remembered of earlier ones, against the data's moments, which may be fixed."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Samples, rows, values_of
from igm_jax.kernels.pairs import centred
from igm_jax.lifts import taking
from igm_jax.objectives.moments.data_moments import FixedMoments, Moments, fixed_moments
from igm_jax.objectives.transport.gaussian_fits import (
    Fit,
    fit,
    heights,
    mixture,
    settled_fit,
    settled_mixture,
    squared_distance,
)
from igm_jax.records import recorded

__all__ = ["MovingMoments", "PastSamples", "frechet_loss"]


class MovingMoments(NamedTuple):
    """What is remembered with ``rate``: the number of updates, and the fit of the samples of all of them."""

    count: Int[Array, ""]
    past: Fit


class PastSamples(NamedTuple):
    """What is remembered with ``bank``: past samples, the newest first, what each counts (0 where there is none), their fit."""

    values: Float[Array, "s d"]
    weights: Float[Array, " s"]
    past: Fit


@recorded
def frechet_loss(
    data_moments: Moments | None = None, *, rate: float | None = None, bank: int | None = None
) -> Objective:
    """The squared Fréchet distance of a population from the data's moments; the minibatch is a part of the population.

    ``loss = ‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)`` with mean a and covariance A of the population, b and B of the data

    Few samples have a covariance of small rank, and their distance is mostly bias. So the population may be larger than the
    minibatch x: with ``rate`` it is ``(1 - β_t) past + β_t x``, where updates move the past likewise, and debiased,
    ``β_t = β / (1 - (1 - β)^t)``: the first minibatch counts all. With ``bank`` it is x and the last samples of updates, each
    counting one. Derivatives flow through x alone, whose share of the population is s. Its slope is raised by 1/s, so that the
    velocity is minus the gradient of the population's witness, as if all of it moved; the value is that of the population.

    Within ``on_features`` the moments are those of features: pass the moments of the data's. It is computed as ``bures_distance``
    is, from factors: nothing is inverted, and slopes are finite where covariances are singular (then they are one of several).

    Args:
        data_moments: of the whole data set, from ``moments_of``; data are then not read. None for those of each minibatch.
        rate: β in (0, 1], what a minibatch counts in the moving moments, which are d² numbers to remember.
        bank: how many past samples are remembered, as d numbers each. A step costs ``bank · d²`` operations more.

    Returns:
        The objective. Its state is empty, ``MovingMoments`` with ``rate``, or ``PastSamples`` with ``bank``.

    Raises:
        TypeError: for moments or a bank of another kind.
        ValueError: for both memories, a rate outside (0, 1], no bank, moments of wrong shapes or a covariance that is none;
            while running, for samples of another number of features.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives import frechet_loss, moments_of
        >>> objective = frechet_loss(moments_of([[1.0], [5.0]]), rate=0.5)
        >>> x = jnp.array([[-1.0], [1.0]])
        >>> state = objective.init(jax.random.key(0), x)
        >>> round(float(objective.loss(jax.random.key(1), state, x, None)), 4)
        10.0

    Source: Yang et al., Representation Fréchet Loss for Visual Generation, arXiv 2604.28190.
    """
    fixed, memory = None if data_moments is None else fixed_moments(data_moments), _memory(rate, bank)
    lifted = partial(_lifted, named=("x_weights",) if fixed is not None else ("x_weights", "y_weights"))

    def init(key: Key, x: Samples) -> State:
        del key
        return memory.init(checks.samples("x", values_of(rows(x))))

    def update(key: Key, state: State, x: Samples, y: Samples | None) -> tuple[State, Info]:
        del key
        remembered = lambda x, y, a, b: memory.update(state, *_weighted(x, a))  # noqa: E731
        return lifted(remembered)(x, y), {}

    def loss(key: Key, state: State, x: Samples, y: Samples | None) -> Array:
        del key

        def value(x: Array, y: Array | None, a: Array | None, b: Array | None) -> Array:
            of_x, of_y, share, _ = _fits(fixed, memory, state, x, y, a, b)
            found = squared_distance(of_x, of_y)
            still = jax.lax.stop_gradient(found)
            return found if share is None else still + (found - still) / share

        return lifted(value)(x, y)

    def witness(state: State, points: Samples, x: Samples, y: Samples | None) -> Array:
        def height(points: Array, x: Array, y: Array | None, a: Array | None, b: Array | None) -> Array:
            of_x, of_y, _, seen = _fits(fixed, memory, state, x, y, a, b)
            points, _ = checks.pair(points, x, names=("points", "x"))
            return heights(seen(points), of_x, of_y)

        return lifted(height)(points, x, y)

    return Objective(init, update, loss, witness)


class _Memory(NamedTuple):
    """What is remembered of past samples: ``past(state, samples) -> (fit, share of the samples)``, or None for nothing."""

    init: Callable[[Array], State]
    update: Callable[[State, Array, Array], State]
    past: Callable[[State, Array], tuple[Fit, Array] | None]


def _memory(rate: Any, bank: Any) -> _Memory:
    if rate is not None and bank is not None:
        raise ValueError(
            f"at most one of `rate` and `bank` may be given, but they are {rate!r} and {bank!r}; keep moving moments or samples"
        )
    if rate is not None:
        if checks.positive("rate", rate) > 1:
            raise ValueError(f"`rate` must be in (0, 1], what a minibatch counts in the population, but is {rate!r}")
        return _moving(float(rate))
    return _Memory(lambda x: (), lambda state, x, a: state, lambda state, x: None) if bank is None else _banked(bank)


def _moving(rate: float) -> _Memory:
    def past(state: MovingMoments, x: Array) -> tuple[Fit, Array]:
        # 1 - (1 - β)^t, to all digits also for a small rate.
        slow = -math.inf if rate == 1 else math.log1p(-rate)
        total = -jnp.expm1((state.count + 1).astype(x.dtype) * jnp.asarray(slow, x.dtype))
        return _as(state.past, x), jnp.minimum(jnp.asarray(rate, x.dtype) / total, 1)

    def init(x: Array) -> MovingMoments:
        return MovingMoments(jnp.int32(0), Fit(jnp.zeros_like(x[0]), jnp.zeros((x.shape[1],) * 2, x.dtype)))

    def update(state: MovingMoments, x: Array, a: Array) -> MovingMoments:
        before, share = past(state, x)
        place = jax.lax.stop_gradient(x[0])  # sums of samples far from the origin would lose their digits
        found = settled_mixture(before._replace(mean=before.mean - place), x - place[None], a, share)
        return MovingMoments(state.count + 1, _like(found._replace(mean=found.mean + place), state.past))

    return _Memory(init, update, past)


def _banked(bank: Any) -> _Memory:
    size = checks.count("bank", bank)

    def past(state: PastSamples, x: Array) -> tuple[Fit, Array]:
        number = jnp.asarray(len(x), x.dtype)
        return _as(state.past, x), number / (number + jnp.sum(state.weights).astype(x.dtype))

    def init(x: Array) -> PastSamples:
        values, weights = jnp.zeros((size, x.shape[1]), x.dtype), jnp.zeros(size, x.dtype)
        return PastSamples(values, weights, settled_fit(values, weights))

    def update(state: PastSamples, x: Array, a: Array) -> PastSamples:
        x, counts = x.astype(state.values.dtype), (len(x) * a).astype(state.weights.dtype)
        values = jnp.concatenate([jax.lax.stop_gradient(x), state.values])[:size]
        weights = jnp.concatenate([counts, state.weights])[:size]
        place = values[0]
        mean, factor = settled_fit(jnp.where(weights[:, None] > 0, values - place[None], 0), weights / jnp.sum(weights))
        return PastSamples(values, weights, Fit(mean + place, factor))

    return _Memory(init, update, past)


def _as(past: Fit, x: Array) -> Fit:
    return jax.tree.map(lambda leaf: leaf.astype(x.dtype), past)


def _like(found: Fit, before: Fit) -> Fit:
    return jax.tree.map(lambda leaf, old: leaf.astype(old.dtype), found, before)


def _lifted(function: Callable[..., Any], *, named: tuple[str, ...]) -> Callable[..., Any]:
    """A function ``(..., x, y, a, b)`` as one of samples, with the weights that are named as its arguments; None for others."""

    def frechet_loss(*samples: Any, x_weights: Any = None, y_weights: Any = None) -> Any:
        return function(*samples, x_weights, y_weights)

    def frechet_loss_to_fixed_moments(*samples: Any, x_weights: Any = None) -> Any:
        return function(*samples, x_weights, None)

    return taking(frechet_loss if "y_weights" in named else frechet_loss_to_fixed_moments)


def _weighted(x: Array, weights: Array | None) -> tuple[Array, Array]:
    x = checks.samples("x", x)
    return x, checks.weights("x_weights", weights, x)


def _fits(
    fixed: FixedMoments | None,
    memory: _Memory,
    state: State,
    x: Array,
    y: Array | None,
    a: Array | None,
    b: Array | None,
) -> tuple[Fit, Fit, Array | None, Callable[[Array], Array]]:
    """The fits of the population and of the data about a place near the data, the share of x, and what moves points there."""
    if fixed is None:
        x, y, a, b = checks.weighted_pair(x, y, a, b)
        reference = y
        of_y = fit(centred(y, y)[1], b)
    else:
        x, a = _weighted(x, a)
        reference, of_y = fixed.seen(x)

    def seen(points: Array) -> Array:
        return centred(points, reference)[0]

    known = memory.past(state, x)
    if known is None:
        return fit(seen(x), a), of_y, None, seen
    past, share = known
    return mixture(past._replace(mean=seen(past.mean[None])[0]), seen(x), a, share), of_y, share, seen
