"""The device's side of a run: one compiled program for a chunk of steps, and whether what it gives is sound."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from igm_jax.base import Info
from igm_jax.training.placing import settled
from igm_jax.training.step import Run, TrainState, advance, parts_of


def chunk_of(run: Run, max_steps: int, many: bool) -> Any:
    """``(state, length, data=None) -> (state, infos, sound)``: up to ``max_steps`` steps, with one compilation for all lengths.

    Data that come from the host have a leading axis of ``max_steps``; of seeds side by side all see the same.

    A loop whose length is only known when it runs, and not a scan: a shorter last chunk would be compiled anew, and
    another program may round another way, so that the run would depend on where it was interrupted.
    """

    parts = parts_of(run)
    mesh = None if parts is None else parts.mesh

    def one(state: TrainState, data: Any = None) -> tuple[TrainState, Info]:
        alone = partial(advance, run)
        return jax.vmap(alone, in_axes=(0, None))(state, data) if many else alone(state, data)

    def of(data: Any, i: ArrayLike) -> Any:
        return jax.tree.map(lambda leaf: leaf[i], data)

    if searching():
        return _step_by_step(jax.jit(one), of, many)

    def chunk(state: TrainState, length: Array, data: Any = None) -> tuple[TrainState, Info, Array]:
        shapes = jax.eval_shape(lambda state, data: one(state, of(data, 0)), state, data)[1]
        _check_scalars(shapes, state.step.shape)
        blank = {name: jnp.zeros((max_steps, *shape.shape), shape.dtype) for name, shape in shapes.items()}

        def body(i: ArrayLike, carry: tuple[TrainState, Info]) -> tuple[TrainState, Info]:
            state, infos = carry
            state, info = one(state, of(data, i))
            return state, {name: values.at[i].set(info[name]) for name, values in infos.items()}

        state, infos = jax.lax.fori_loop(0, length, body, (state, blank))
        # Under `vmap` a step leaves open where the axis of seeds lies, and the next chunk takes what this one gives.
        return settled(mesh, state, seeds=many), infos, _sound(state, many)

    return jax.jit(chunk, donate_argnums=0)


def _step_by_step(one: Any, of: Callable[[Any, ArrayLike], Any], many: bool) -> Any:
    """A chunk of single steps, so that JAX, where a step gives a NaN, makes that step again and names the operation."""

    def chunk(state: TrainState, length: ArrayLike, data: Any = None) -> Any:
        infos = []
        for i in range(int(jax.device_get(length))):
            state, info = one(state, of(data, i))
            infos.append(info)
        return state, jax.tree.map(lambda *values: jnp.stack(values), *infos), _sound(state, many)

    return chunk


def compiled(chunk: Any, state: TrainState, *data: Any) -> Any:
    """The chunk, compiled now; as it is where JAX was told not to compile, or to look into what it runs."""
    plain = jax.config.jax_disable_jit or searching()  # pyrefly: ignore
    return chunk if plain else chunk.lower(state, jax.device_put(np.int32(0)), *data).compile()


def searching() -> bool:
    """Whether JAX was asked to stop at the first operation that gives a NaN, or infinity."""
    return bool(jax.config.jax_debug_nans or jax.config.jax_debug_infs)  # pyrefly: ignore


def _sound(state: TrainState, many: bool) -> Array:
    """Whether a state may be saved. Optimisers may hold an infinite best value, but nothing may hold a NaN."""

    def holds(test: Callable[[Array], Array], tree: Any) -> Array:
        leaves = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
        return jnp.all(jnp.array([jnp.all(test(leaf)) for leaf in leaves], bool))

    def sound(state: TrainState) -> Array:
        numbers = holds(lambda leaf: ~jnp.isnan(leaf), (state.optimizer_state, state.objective_state))
        return numbers & holds(jnp.isfinite, (state.params, state.average))

    return jax.vmap(sound)(state) if many else sound(state)


def _check_scalars(shapes: dict[str, Any], expected: tuple[int, ...]) -> None:
    for name, value in shapes.items():
        if value.shape != expected:
            raise ValueError(
                f"what an objective's update reports must be scalars, but {name!r} has shape {value.shape}; take a mean"
            )


def first_bad(infos: dict[str, np.ndarray], sound: np.ndarray) -> tuple[int, int] | None:
    """Index in the chunk, and seed, of the first step whose loss or velocity is no number, or None.

    It is the last step if only the state that it left behind shows that something broke.
    """
    bad = ~(np.isfinite(infos["loss"]) & np.isfinite(infos["velocity"]))
    # One column a seed; a single run is one seed.
    where = np.argwhere(bad.reshape(len(bad), -1))
    if len(where):
        return int(where[0][0]), int(where[0][1])
    return None if sound.all() else (len(bad) - 1, int(np.argmin(sound.ravel())))
