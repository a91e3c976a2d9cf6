"""What ``training`` was given, checked; and the samples and data that a step draws of it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import ConditionalGenerator, Generator, Key, Objective, Params, Target
from igm_jax.batches import Batch, Samples, UnusedPartError, checked, simplified, values_of
from igm_jax.descriptions import Made
from igm_jax.pairwise.ring import MAKE_MESH, ring_of
from igm_jax.sources import Source
from igm_jax.training.placing import spread


class Parts(NamedTuple):
    """What ``training`` was given, checked."""

    generator: Generator | ConditionalGenerator
    objective: Objective
    optimizer: Any
    target: Target | Source | None
    batch_size: int
    inner_steps: int
    average: float
    num_data: int
    draws: int = 1
    conditions: Callable[[Key, int], Any] | None = None
    chunk: int | None = None
    mesh: Mesh | None = None

    @property
    def source(self) -> Source | None:
        """The data from the host, where they come from there."""
        return self.target if is_source(self.target) else None  # pyrefly: ignore


class Given(NamedTuple):
    """What samples are drawn under: conditions, and what each counts."""

    condition: Any = None
    weights: Array | None = None


def is_source(target: Any) -> bool:
    """Whether data come from the host."""
    # Asked of the class: the shapes of a source are known when it has been read, which may fail.
    known = {*dir(type(target)), *getattr(target, "__dict__", {})}
    return {"spec", "start", "state"} <= known


def is_conditional(generator: Any) -> bool:
    """Whether a generator draws under conditions, as its type says."""
    return isinstance(generator, ConditionalGenerator)


def data_of(parts: Parts, key: Key, batch: Samples | None) -> tuple[Any, Given | None]:
    """The data of an update, and what samples are drawn under.

    Data are drawn, or those that came from the host, or None without a target. Conditions are those of the data, or drawn by a
    sampler of their own; None for a plain generator.
    """
    # The key is split where it must be: plain runs have the bits that they had.
    key, key_conditions = (key, key) if parts.conditions is None else jax.random.split(key)
    y: Any = None
    if parts.target is not None:
        y = parts.target(key, parts.num_data) if parts.source is None else batch  # pyrefly: ignore
        y = spread(parts.mesh, simplified(y))
    if parts.conditions is not None:
        condition = parts.conditions(key_conditions, parts.batch_size)
        if any(np.shape(leaf)[:1] != (parts.batch_size,) for leaf in jax.tree.leaves(condition)):
            raise ValueError(
                f"`conditions` must give arrays with a leading axis of {parts.batch_size}, the batch size, but gives shapes"
                f" {[np.shape(leaf) for leaf in jax.tree.leaves(condition)]}"
            )
        return y, Given(condition)
    if not is_conditional(parts.generator):
        return y, None
    _check_conditions(parts, y)
    # Of several data under a condition, what all of them count.
    weights: Any = y.weights
    return y, Given(y.condition, weights if weights is None or weights.ndim == 1 else jnp.sum(weights, axis=1))


def drawn(parts: Parts, params: Params, key: Key, given: Given | None) -> Array:
    """The values of fresh samples: of a chunk at a time, so that a generator need not hold them all, where that is asked for."""
    n, chunk = parts.batch_size, parts.chunk

    def some(key: Key, condition: Any, number: int) -> Array:
        if given is None:
            return parts.generator.sample(params, key, number)  # pyrefly: ignore
        return parts.generator.sample(params, key, condition, parts.draws)  # pyrefly: ignore

    if chunk is None:
        return spread(parts.mesh, some(key, given and given.condition, n))
    # Remembered is what each chunk was made of, not what was computed on the way: it is made once more for its gradient.
    one = jax.checkpoint(lambda key, condition: spread(parts.mesh, some(key, spread(parts.mesh, condition), chunk)))
    blocks = jax.tree.map(
        lambda leaf: jnp.reshape(leaf, (n // chunk, chunk, *leaf.shape[1:])), given and given.condition
    )
    values = jax.lax.map(lambda of: one(*of), (jax.random.split(key, n // chunk), blocks))
    return spread(parts.mesh, values.reshape(n, *values.shape[2:]))


def as_samples(given: Given | None, values: Array) -> Samples:
    """Values with the conditions that they were drawn under, and what these count."""
    if given is None:
        return values
    weights = given.weights
    if weights is not None:
        weights = jnp.broadcast_to(weights[:, None], values.shape[:2])
    return Batch(values, given.condition, weights)


# --- the first samples, and whether all parts fit ---


def first_samples(parts: Parts, params: Params, key: Key) -> tuple[Any, Any]:
    """The generator's first samples and the shapes of the data, if they fit each other.

    Of data from the host only the shapes are known yet: conditions are zeros then.
    """
    key_generator, key_target = jax.random.split(key)
    spec = None if parts.source is None else simplified(whole_spec(parts.source))
    begun = partial(data_of, parts, key_target, None if spec is None else _blank(spec))
    # A plain generator needs the shapes of the data alone.
    y, given = begun() if is_conditional(parts.generator) else (jax.eval_shape(lambda: begun()[0]), None)
    y = jax.eval_shape(lambda: y)
    _check_data(parts, y)
    values = drawn(parts, params, key_generator, given)
    _check_samples(parts, values, given)
    features = values.shape[1 if given is None else 2 :]
    if y is not None and features != values_of(y).shape[2 if isinstance(y, Batch) and y.values.ndim == 3 else 1 :]:
        raise ValueError(
            "generator and target must have the same number of features, but give shapes"
            f" {values.shape} and {values_of(y).shape}; make the generator's last layer {values_of(y).shape[-1]} wide"
        )
    return as_samples(given, values), y


def _check_data(parts: Parts, y: Any) -> None:
    if y is None:
        return
    values, m = values_of(y), parts.num_data
    if values.ndim < 2 or len(values) != m or not jnp.issubdtype(values.dtype, jnp.floating):
        raise ValueError(f"the target must give ({m}, d) floats, but gives {values.dtype} of shape {values.shape}")
    if isinstance(y, Batch):
        checked("the target's batch", y)


def _blank(spec: Any) -> Any:
    """A batch of such shapes: zeros that all count, and all are observed."""
    if not isinstance(spec, Batch):
        return jnp.zeros(spec.shape, spec.dtype)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), spec)
    ones = [None if part is None else jnp.ones_like(part) for part in (zeros.weights, zeros.observed)]
    return Batch(zeros.values, zeros.condition, *ones)


def _check_conditions(parts: Parts, y: Any) -> None:
    if not isinstance(y, Batch) or y.condition is None:
        raise ValueError(
            "a conditional generator needs conditions, but the target gives none; let it give `Batch(y, condition=c)`, e.g."
            " `dataset(y, condition=c)`, or pass `conditions`, a sampler (key, n) -> c"
        )
    if len(y.values) != parts.batch_size:
        raise ValueError(
            f"`num_data` must be `batch_size` = {parts.batch_size}, as samples are drawn under the conditions of the data, but is"
            f" {len(y.values)}; pass `conditions`, a sampler (key, n) -> c, for others"
        )


def _check_samples(parts: Parts, values: Array, given: Given | None) -> None:
    n, floats = parts.batch_size, jnp.issubdtype(values.dtype, jnp.floating)
    if given is None and (values.ndim < 2 or len(values) != n or not floats):
        raise ValueError(f"the generator must give ({n}, d) floats, but gives {values.dtype} of shape {values.shape}")
    if given is not None and (values.ndim != 3 or values.shape[:2] != (n, parts.draws) or not floats):
        raise ValueError(
            f"the generator must give ({n}, {parts.draws}, d) floats, but gives {values.dtype} of shape {values.shape}"
        )


def check_fit(parts: Parts, key: Key, state: Any, x: Samples, y: Any) -> None:
    """What the objective says of such samples and data, before any work: a part that it cannot use, or none at all."""
    if not isinstance(x, Batch) and not isinstance(y, Batch) and y is not None:
        return
    try:
        jax.eval_shape(parts.objective.loss, key, state, x, y)
    except UnusedPartError as error:
        raise UnusedPartError(f"{parts.objective!r} does not fit what it is trained on: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        if y is not None:
            raise
        raise TypeError(
            "`target=None` is for objectives that read no data, such as `svgd(score, kernel)`, but this one does"
            f" ({type(error).__name__}: {error}); pass a target"
        ) from error


def checked_parts(parts: Parts) -> Parts:
    """The parts, if each is of its kind and their numbers fit."""
    _check_kinds(parts)
    if not 0 <= parts.average < 1:
        raise ValueError(f"`average` must be a decay in [0, 1), e.g. 0.999, but is {parts.average!r}")
    n = parts.batch_size
    if not is_conditional(parts.generator) and (parts.draws != 1 or parts.conditions is not None):
        raise ValueError(
            "`draws` and `conditions` are for a `ConditionalGenerator`, e.g. of `conditional_pushforward`, but the generator is"
            " a plain one; leave them out, or ask for a larger `batch_size`"
        )
    if parts.conditions is not None:
        functions.is_function("conditions", parts.conditions)
        if _mentions(parts.objective, "per_condition"):
            raise ValueError(
                "`per_condition` compares draws with the data of the same condition, but `conditions` draws others; leave it out,"
                " or take `joint(objective, encode)`"
            )
    if parts.chunk is not None and n % checks.count("chunk", parts.chunk):
        raise ValueError(f"`chunk` must divide `batch_size` = {n}, but is {parts.chunk}")
    if parts.source is not None and (m := number_of_data(parts.source)) != parts.num_data:
        raise ValueError(f"`num_data` is {parts.num_data}, but the source gives {m} a batch; leave it out")
    if parts.source is not None and parts.mesh is None and jax.process_count() > 1:
        raise ValueError(
            f"data that {jax.process_count()} processes read must be spread over a `mesh` of their devices, but there is none"
        )
    if parts.mesh is not None:
        if not isinstance(parts.mesh, Mesh):
            raise TypeError(f"`mesh` must be a `jax.sharding.Mesh` of devices, but is {parts.mesh!r}; {MAKE_MESH}")
        size = ring_of(parts.mesh, parts.mesh.axis_names[0]).size
        for name, value in (("batch_size", n), ("num_data", parts.num_data), ("chunk", parts.chunk)):
            if value is not None and value % size:
                raise ValueError(f"`{name}` must be a multiple of the {size} devices of the mesh, but is {value}")
    return parts


def _mentions(value: Any, name: str) -> bool:
    """Whether a value was made with a constructor of such a name in it."""
    made = getattr(value, "made", None)
    if isinstance(value, list | tuple) and made is None:
        return any(_mentions(part, name) for part in value)
    return isinstance(made, Made) and (
        made.name == name or any(_mentions(part, name) for part in made.arguments.values())
    )


def whole_spec(source: Any) -> Any:
    """Shapes and types of a batch of all processes together; each reads its share, of the shapes that its source says."""
    processes = jax.process_count()
    return jax.tree.map(
        lambda part: jax.ShapeDtypeStruct((processes * part.shape[0], *part.shape[1:]), part.dtype), source.spec
    )


def number_of_data(source: Any) -> int:
    """How many data a source gives in a batch, to all processes together."""
    return len(values_of(whole_spec(source)))


def _check_kinds(parts: Parts) -> None:
    expected = (
        ("generator", parts.generator, Generator, "e.g. `pushforward(network, base)` or `particles(x)`"),
        ("objective", parts.objective, Objective, "e.g. `energy()`: call its constructor"),
        ("optimizer", parts.optimizer, optax.GradientTransformation, "e.g. `optax.adam(1e-3)`"),
    )
    for name, value, kind, example in expected:
        # By its parts, not its class: a tuple of the same functions serves as well.
        if not all(hasattr(value, part) for part in kind._fields):
            raise TypeError(
                f"`{name}` must have the parts of `igm_jax.base.{kind.__name__}`, {example}, but is {value!r}"
            )
    if parts.target is not None and not callable(parts.target) and parts.source is None:
        raise TypeError(
            f"`target` must be a function (key, n) -> (n, d) samples, but is {type(parts.target).__name__};"
            " of an array `igm_jax.distributions.dataset(array)` makes one, of an iterator `igm_jax.sources.source(iterator)`"
        )
