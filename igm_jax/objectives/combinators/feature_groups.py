"""Objectives of several feature spaces at once, each in units of its data, and what each of them says."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params, State, velocity
from igm_jax.batches import Samples, mapped, mean_square, values_of, with_values
from igm_jax.checks import ArrayLike
from igm_jax.objectives.combinators.wrappers import checked_objective
from igm_jax.records import recorded

__all__ = ["FeatureGroupsState", "on_feature_groups"]


class FeatureGroupsState(NamedTuple):
    """What an objective of several feature maps remembers: the maps' parameters, and a state of its own for each map."""

    params: Params
    states: dict[str, State]


@recorded
def on_feature_groups(
    objective: Objective | Mapping[str, Objective],
    features: Network | Callable[[Array], Mapping[str, Array]],
    scales: Mapping[str, ArrayLike],
    *,
    shares: bool = True,
) -> Objective:
    """An objective that compares samples in several feature spaces, none of which outweighs the others by its units.

    ``loss(x, y) = 1/K Σ_k loss_k(φ_k(x) / s_k, φ_k(y) / s_k)``, and so are the velocity and the witness.

    With s_k the mean distance of two data in map k, two data are at distance 1 on average in each, so that one bandwidth or
    temperature serves all of them. It works with every objective; each map has its own state. Features of a batch are
    computed once for all maps. The parts get independent random keys, ``jax.random.split(key, K)``, in the order of ``scales``.

    Each update reports ``share/MAP``: the root-mean-square speed of the samples in a scaled map over the sum of these speeds.
    It goes no further back than to the features, so it takes no derivative of the maps.

    Args:
        objective: compares (n, p) features; or one objective for each map, by name.
        features: from (n, d) to ``{name: (n, p)}``, differentiable, of each sample alone: a function, or a ``Network``, whose
            parameters are drawn at ``init`` and stay as they are, e.g. that of an ``igm_jax.features.Encoder``.
        scales: s_k by the name of the map; its names say which maps are compared.
        shares: whether updates report the shares. They take the features of the update's own minibatch and one more gradient
            in them; without, an objective that learns nothing does nothing in its updates.

    Returns:
        The objective; its state is a ``FeatureGroupsState``. Its witness raises ``NoWitnessError`` if that of a part does.

    Raises:
        TypeError: for what is no objective, no function or no mapping.
        ValueError: for no map, scales that are not positive, or objectives of other maps; while running, for features that lack
            a map or are not (n, p).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import objectives
        >>> both = lambda points: {"first": points[:, :1], "all": points}
        >>> objective = objectives.on_feature_groups(objectives.energy(), both, {"first": 2.0, "all": 4.0})
        >>> x, y = jnp.zeros((2, 2)), jnp.full((2, 2), 3.0)
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> {name: round(float(value), 3) for name, value in info.items()}
        {'share/first': 0.5, 'share/all': 0.5}

    Source: the stages of an encoder as spaces of their own, each scaled by its mean distance: Deng et al., arXiv 2602.04770.
    """
    names = _names(scales)
    if not isinstance(features, Network) and not callable(features):
        raise TypeError(
            "`features` must be a function from (n, d) to {name: (n, p)} or a Network, e.g. `encoder.network`, but is"
            f" {type(features).__name__}"
        )
    parts = _parts(objective, names)
    of, split = _seen(features, scales, names), _keys(names)

    def init(key: Key, x: Samples) -> FeatureGroupsState:
        key_features, key_objectives = jax.random.split(key)
        params = features.init(key_features) if isinstance(features, Network) else ()
        seen, keys = of(params, x, "x"), split(key_objectives)
        return FeatureGroupsState(params, {name: parts[name].init(keys[name], seen[name]) for name in names})

    def update(key: Key, state: FeatureGroupsState, x: Samples, y: Samples | None) -> tuple[FeatureGroupsState, Info]:
        xs, ys, keys = of(state.params, x, "x"), of(state.params, y, "y"), split(key)
        states, infos, speeds = {}, {}, {}
        for name in names:
            own, part = (xs[name], ys[name]), parts[name]
            states[name], info = part.update(keys[name], state.states[name], *own)
            infos |= {f"{name}/{word}": value for word, value in info.items()}
            if shares:
                moved = velocity(part, jax.random.fold_in(keys[name], 1), states[name], *own)
                speeds[name] = jnp.sqrt(mean_square(own[0], moved))
        return FeatureGroupsState(state.params, states), infos | _shares(speeds)

    def loss(key: Key, state: FeatureGroupsState, x: Samples, y: Samples | None) -> Array:
        xs, ys, keys = of(state.params, x, "x"), of(state.params, y, "y"), split(key)
        return _mean([parts[name].loss(keys[name], state.states[name], xs[name], ys[name]) for name in names])

    def witness(state: FeatureGroupsState, points: Samples, x: Samples, y: Samples | None) -> Array:
        samples = {"points": points, "x": x, "y": y}
        seen = [of(state.params, some, name) for name, some in samples.items()]
        return _mean([parts[name].witness(state.states[name], *(one[name] for one in seen)) for name in names])

    return Objective(init, update, loss, witness)


def _names(scales: Any) -> list[str]:
    if not isinstance(scales, Mapping):
        raise TypeError(
            "`scales` must be a mapping from the name of each map to the mean distance of two data in it, e.g."
            f" `encoder.scales`, but is {type(scales).__name__}"
        )
    if not scales:
        raise ValueError("`scales` must name at least one map, but is empty; pass e.g. `encoder.scales`")
    for name, scale in scales.items():
        checks.positive(f"scales[{name!r}]", scale)
    return list(scales)


def _parts(objective: Any, names: list[str]) -> dict[str, Objective]:
    if not isinstance(objective, Mapping):
        return dict.fromkeys(names, checked_objective("objective", objective))
    if set(objective) != set(names):
        raise ValueError(
            f"`objective` must hold one objective for each map in `scales`, {sorted(names)}, but is of {sorted(objective)}"
        )
    return {name: checked_objective(f"objective[{name!r}]", objective[name]) for name in names}


def _keys(names: list[str]) -> Callable[[Key], dict[str, Key]]:
    return lambda key: dict(zip(names, jax.random.split(key, len(names)), strict=True))


def _seen(
    features: Any, scales: Mapping[str, ArrayLike], names: list[str]
) -> Callable[[Params, Samples | None, str], dict[str, Any]]:
    """``(params, samples, their name) -> {map: samples in it, scaled}``; the features are computed once."""

    def of(params: Params, samples: Samples | None, name: str) -> dict[str, Any]:
        if samples is None:  # no data, for who reads none
            return dict.fromkeys(names)
        widths: list[int] = []

        def beside(points: Array) -> Array:  # all maps side by side, as parts of a batch are checked for one array
            out = features.apply(params, points) if isinstance(features, Network) else features(points)
            maps = [functions.one_row(map_of(out, each), points) for each in names]
            widths[:] = [one.shape[1] for one in maps]
            return jnp.concatenate([in_units(one, scales[each]) for each, one in zip(names, maps, strict=True)], axis=1)

        whole = mapped(name, samples, beside, "`on_feature_groups`")
        pieces = jnp.split(values_of(whole), np.cumsum(widths)[:-1].tolist(), axis=-1)
        return {each: with_values(whole, piece) for each, piece in zip(names, pieces, strict=True)}

    return of


def map_of(out: Any, name: str) -> Array:
    """One map of the features that a function gave, or an error that says which there are."""
    if not isinstance(out, Mapping) or name not in out:
        found = sorted(out) if isinstance(out, Mapping) else type(out).__name__
        raise ValueError(
            f"`features` must give a map {name!r}, which `scales` names, but gives {found}; name maps that there are in `scales`"
        )
    return out[name]


def in_units(features: Array, scale: ArrayLike) -> Array:
    """Features over the scale of their map."""
    return features / jnp.asarray(scale).astype(features.dtype)


def _mean(terms: list[Array]) -> Array:
    return sum(terms[1:], terms[0]) / np.asarray(len(terms), terms[0].dtype)


def _shares(speeds: Mapping[str, Array]) -> Info:
    """Each speed over their sum; where nothing moves, equal ones, and where one is not a number, none is."""
    if not speeds:
        return {}
    total = sum(speeds.values())
    equal = 1 / len(speeds)
    return {
        f"share/{name}": jnp.where(total == 0, equal, one / jnp.where(total == 0, 1, total))
        for name, one in speeds.items()
    }
