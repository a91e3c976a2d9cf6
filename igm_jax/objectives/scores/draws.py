"""What all scores share: draws and data that are checked, and how the pairs of draws count."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from igm_jax import checks, digits
from igm_jax.checks import ArrayLike, OfSamples, Weights
from igm_jax.pairwise.sums import weight_of_pairs

Transform = Callable[[Array], Array]
"""What a score looks at instead of samples: ``(n, d) -> (n, e)``, row by row."""


class Fairness(NamedTuple):
    """How the pairs of draws count in a score.

    Attributes:
        alpha: 1 for the mean over pairs of different draws, without bias (fair); 0 for that over all, where a draw also meets
            itself (the V-statistic); between them a mixture (almost fair).
        temperature: what the mean is multiplied with; below 1 draws come out too near to each other, for sharpness.
    """

    alpha: float = 1.0
    temperature: float = 1.0

    @property
    def least(self) -> int:
        """How many draws there must be."""
        return 1 if self.alpha == 0 else 2

    def pair_share(self, a: OfSamples) -> Array:
        """What the sum over pairs of different draws counts: ``τ (α/Σ_{i≠j} a_i a_j + 1 − α)``."""
        share = jnp.full((), 1 - self.alpha, a.dtype)
        if self.alpha > 0:
            share = share + self.alpha / weight_of_pairs(a)
        return self.temperature * share

    @property
    def own_share(self) -> float:
        """What the sum over each draw with itself counts."""
        return self.temperature * (1 - self.alpha)


def fairness_of(alpha: Any, temperature: Any) -> Fairness:
    """The two numbers, checked: α in [0, 1], and τ in (0, 1]."""
    for name, value, known in (("alpha", alpha, "[0, 1]"), ("temperature", temperature, "(0, 1]")):
        if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
            raise TypeError(f"`{name}` must be a number in {known}, but is {value!r}")
        if not 0 <= value <= 1 or (name == "temperature" and value == 0):
            why = (
                "1 is the fair score, 0 the V-statistic"
                if name == "alpha"
                else "1 is a proper score, less sharpens its draws"
            )
            raise ValueError(f"`{name}` must be in {known}, but is {value!r}; {why}")
    return Fairness(float(alpha), float(temperature))


def enough(x: Array, least: int) -> None:
    """An error unless there are as many draws as a score compares with each other."""
    if len(x) < least:
        raise ValueError(
            f"a score compares draws with each other, so `x` must hold at least {least} of them, but holds {len(x)}; ask for more"
            " under each condition, e.g. `training(..., draws=2)`, or take `alpha=0`, the V-statistic, which can do with one"
        )


def weighed(
    x: Array, y: Array, x_weights: Weights, y_weights: Weights, y_observed: Array | None, least: int
) -> tuple[Array, Array, Array, Array]:
    """Draws and data of one condition with their weights, checked; what is not observed is zero."""
    enough(x, least)
    x, y = checks.pair(x, y if y_observed is None else jnp.where(y_observed, y, 0))
    return x, y, checks.weights("x_weights", x_weights, x, least=least), checks.weights("y_weights", y_weights, y)


class Several(NamedTuple):
    """Draws and data of many conditions, checked.

    Attributes:
        draws: (c, k, d).
        y: (c, m, d).
        observed: (c, m, d), or None for all.
    """

    draws: Float[Array, "c k d"]
    y: Float[Array, "c m d"]
    observed: Bool[Array, "c m d"] | None

    def seen(self, of: Transform | None) -> "Several":
        """The same through a transform of rows."""
        if of is None:
            return self
        if self.observed is not None:
            raise ValueError(
                "`of` cannot be taken of data that are observed in part, since it may mix what is known with what is not; leave"
                " out `observed`, or transform draws and data yourself"
            )
        draws, y = (_through(of, some) for some in (self.draws, self.y))
        return Several(draws, y, None)


def _through(of: Transform, some: Array) -> Array:
    rows = some.reshape(-1, some.shape[-1])
    made = of(rows)
    if getattr(made, "ndim", 0) != 2 or len(made) != len(rows):
        raise ValueError(
            f"`of` must make rows (n, e) of rows (n, d), but made {getattr(made, 'shape', type(made).__name__)} of {rows.shape};"
            " see `igm_jax.objectives.pooled` for one"
        )
    checks.finite("what `of` makes", made)
    return made.reshape(*some.shape[:-1], -1)


def check_several(draws: ArrayLike, y: ArrayLike, observed: Any, least: int) -> Several:
    """Draws (c, k, d) and data (c, d) or (c, m, d) that fit each other, or an error; what is not observed may be anything."""
    draws, y = digits.as_given("draws", draws), digits.as_given("y", y)
    if (
        draws.ndim != 3
        or y.ndim not in (2, 3)
        or len(draws) != len(y)
        or draws.shape[2] != y.shape[-1]
        or 0 in draws.shape
    ):
        raise ValueError(
            "`draws` must have shape (c, k, d), k draws under each of c conditions, and `y` (c, d), or (c, m, d) for m data of"
            f" each, but they have {draws.shape} and {y.shape}; draw several times under each condition and stack along axis 1;"
            " there must be a condition and a feature"
        )
    if draws.shape[1] < least:
        raise ValueError(
            f"`draws` must hold at least two draws for each of the data, which a fair score compares with each other, but has"
            f" shape {draws.shape}; draw more, or take `alpha=0`"
        )
    if y.ndim == 3 and y.shape[1] < 1:
        raise ValueError(
            f"`y` must hold at least one datum for each condition, but has shape {y.shape}; leave such conditions out"
        )
    many = y if y.ndim == 3 else y[:, None]
    known = None if observed is None else _mask(observed, y)
    if known is not None:
        known = jnp.asarray(known).reshape(many.shape)
        many = jnp.where(known, many, 0) if isinstance(many, jax.Array) else np.where(np.asarray(known), many, 0)
    elif checks.is_concrete(many) and np.isnan(np.asarray(many, float)).any():
        raise ValueError(
            "`y` must hold finite numbers, but some are NaN; if they are missing, say which are not: `observed=~jnp.isnan(y)`"
        )
    c, k, d = draws.shape
    flat, rows = checks.pair(draws.reshape(-1, d), many.reshape(-1, d), names=("draws", "y"))
    return Several(flat.reshape(c, k, d), rows.reshape(many.shape), known)


def _mask(observed: Any, y: Any) -> Any:
    given = observed if isinstance(observed, jax.Array) else np.asarray(observed)
    if given.dtype != bool or given.shape != y.shape:
        raise TypeError(
            f"`observed` must be booleans of the shape of `y`, {y.shape}, True where a number is known, but is {given.dtype} of"
            f" shape {given.shape}"
        )
    return given


def shares(observed: Bool[Array, "m d"] | None, m: int, dtype: Any) -> Float[Array, " m"]:
    """What each datum of a condition counts: as much as the others, or nothing where nothing of it is observed."""
    if observed is None:
        return jnp.full((m,), 1 / m, dtype)
    any_known = jnp.any(observed, axis=1).astype(dtype)
    return any_known / jnp.maximum(jnp.sum(any_known), 1)


def each_condition(score: Callable[..., Array], several: Several) -> Float[Array, " c"]:
    """The score of each condition."""
    if several.observed is None:
        return jax.vmap(lambda draws, y: score(draws, y, None))(several.draws, several.y)
    return jax.vmap(score)(*several)
