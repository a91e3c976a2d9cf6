"""One training step for every objective: some inner updates, then one move of the generator."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import ConditionalGenerator, Generator, Info, Key, Objective, Params, State, Target
from igm_jax.batches import mean_square, per_weight
from igm_jax.pairwise.backend import over
from igm_jax.records import Recorded, recorded, told
from igm_jax.sources import Source
from igm_jax.training.average import averaged, in_single, strong
from igm_jax.training.parts import (
    Parts,
    as_samples,
    check_fit,
    checked_parts,
    data_of,
    drawn,
    first_samples,
    is_source,
    number_of_data,
)
from igm_jax.training.placing import settled


class TrainState(NamedTuple):
    """All that a run must remember: save it, load it, and the run goes on as if nothing had happened.

    Attributes:
        step: number of generator updates made so far, an int32 scalar.
        params: the generator's parameters.
        optimizer_state: the generator's optimiser.
        average: debiased moving average of ``params``, at least in float32; the parameters to sample from in the end.
        objective_state: what the objective learned: a critic and its optimiser, a bank, nothing.
        key: the run's random key; step t draws from ``fold_in(key, t)``, whatever the chunks and interruptions.
    """

    step: Array
    params: Params
    optimizer_state: Any
    average: Params
    objective_state: State
    key: Array


class _Run(NamedTuple):
    init: Callable[[Key], TrainState]
    step: Callable[..., tuple[TrainState, Info]]
    name: str = "objective"


class Run(Recorded, _Run):
    """A way of training, as two pure functions: jit, scan and vmap them as you like.

    Attributes:
        init: ``(key) -> state``.
        step: ``(key, state) -> (state, info)``, with ``info`` a dict of scalars; for data from the host
            ``(key, state, data)``, data their next inner_steps + 1 batches, one below the other.
        name: the objective's name, for messages.
    """


@recorded
@told(later=("num_data", "draws", "conditions", "chunk"), incidental=("mesh",))
def training(
    generator: Generator | ConditionalGenerator,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    target: Target | Source | None,
    batch_size: int,
    *,
    inner_steps: int = 1,
    average: float = 0.999,
    name: str | None = None,
    num_data: int | None = None,
    draws: int = 1,
    conditions: Callable[[Key, int], Any] | None = None,
    chunk: int | None = None,
    mesh: Mesh | None = None,
) -> Run:
    """Train a generator under an objective.

    One step makes ``inner_steps`` updates of the objective, each on fresh samples and fresh data, then moves the
    generator on another fresh minibatch: with samples ``x = g_θ(z)``,

    ``θ ← optimizer(Σ_i (∂x_i/∂θ)ᵀ ∂loss/∂x_i)``

    The average is the debiased exponential moving average, ``Σ_s β^(t-s) θ_s / Σ_s β^(t-s)`` over the steps s = 1 … t:
    no memory of the random start, so it is usable from the first step on, and β is the only choice.

    Args:
        generator: what is trained; ``particles(x)`` makes the run a particle flow. A ``ConditionalGenerator`` draws under the
            conditions that come with the data.
        objective: how its samples should move.
        optimizer: any optax transformation. It also gets ``value``, ``grad`` and ``value_fn``, so that line searches
            and ``reduce_on_plateau`` work.
        target: ``(key, n) -> (n, d)`` or a ``Batch``, draws of the data; a source (``igm_jax.sources``), whose data come from
            the host; or None, for objectives that read none.
        batch_size: number of samples in each minibatch; of a conditional generator, of conditions.
        inner_steps: updates of the objective before each move of the generator; 0 if it has nothing to learn.
        average: decay β of the moving average, in [0, 1); at 0 it follows the parameters.
        name: the objective's name, for messages; by default that of its constructor, or of the function that was lifted.
        num_data: number of data in each minibatch; None for as many as samples, or for those of the source.
        draws: samples under each condition, k.
        conditions: ``(key, n) -> c``, a sampler of conditions; None for those of the data, with their weights.
        chunk: samples (of a conditional generator, conditions) that the generator makes at once, a divisor of ``batch_size``:
            it then needs the memory of so many, and makes each twice. Each chunk has its own key, so that the run is another
            than without. None for all at once.
        mesh: devices over whose first axis samples and data are spread; None for one device. Sums over pairs go around them (see
            ``igm_jax.pairwise.backend.over``). Of a mesh with one axis every device holds the parameters. Along a second axis
            parameters, their average, the optimiser's moments and what the objective learned are cut: each array along its
            largest dimension that is a multiple of the axis's length, while others are held by all. It changes roundings alone.

    Returns:
        The ``Run``. Its step's info holds ``loss``; ``velocity``, the root-mean-square speed of the samples,
        ``√(Σ_i w_i ‖v_i‖²)`` with ``v_i = -(∂loss/∂x_i)/w_i`` and w_i = 1/n unless they have weights (in a gradient flow the
        loss falls at the rate velocity²); and what the objective's last inner update reported.

    Raises:
        TypeError, ValueError: for arguments of another kind; from ``init`` also if samples and data do not fit.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import Generator, stateless
        >>> from igm_jax.training import training
        >>> shift = Generator(lambda key: jnp.zeros(2), lambda params, key, n: params[None] + jax.random.normal(key, (n, 2)))
        >>> gap = stateless(lambda x, y: jnp.sum((x.mean(0) - y.mean(0)) ** 2))
        >>> run = training(shift, gap, optax.sgd(0.1), lambda key, n: 3.0 + jax.random.normal(key, (n, 2)), 256)
        >>> state = run.init(jax.random.key(0))
        >>> for key in jax.random.split(jax.random.key(1), 50):
        ...     state, info = jax.jit(run.step)(key, state)
        >>> bool(jnp.all(jnp.abs(state.params - 3.0) < 0.2)), sorted(info)
        (True, ['loss', 'velocity'])
    """
    checks.count("batch_size", batch_size)
    checks.count("inner_steps", inner_steps, least=0)
    checks.count("draws", draws)
    if num_data is None:
        num_data = number_of_data(target) if is_source(target) else batch_size  # pyrefly: ignore
    checks.count("num_data", num_data)
    parts = checked_parts(
        Parts(generator, objective, optimizer, target, batch_size, inner_steps, average, num_data, draws,
              conditions, chunk, mesh)
    )  # fmt: skip
    parts = parts._replace(optimizer=optax.with_extra_args_support(parts.optimizer))
    return Run(partial(_init, parts), partial(_step, parts), name or _name(objective))


LIFTS = ("stateless", "stochastic", "from_velocity")
"""The constructors that make an objective of any function."""


def parts_of(run: Run) -> Parts | None:
    """What ``training`` was given for a run; None for one that was put together by hand."""
    known = run.init.args if isinstance(run.init, partial) else ()
    return known[0] if known and isinstance(known[0], Parts) else None


def source_of(run: Run) -> Source | None:
    """The source of a run's data, where they come from the host."""
    parts = parts_of(run)
    return None if parts is None else parts.source


def _init(parts: Parts, key: Key) -> TrainState:
    key_params, key_samples, key_objective, key_run = jax.random.split(key, 4)
    params = strong(parts.generator.init(key_params))
    x, y = first_samples(parts, params, key_samples)
    objective_state = strong(parts.objective.init(key_objective, x))
    if parts.inner_steps == 0 and jax.tree.leaves(objective_state):
        raise ValueError(
            "`inner_steps` must be at least 1 for an objective that learns or draws in its updates, but is 0; 0 is for"
            " objectives whose state is empty"
        )
    check_fit(parts, key_objective, objective_state, x, y)
    # The average is a copy: a buffer may be donated only once.
    average = jax.tree.map(jnp.copy, in_single(params))
    optimizer_state = strong(parts.optimizer.init(params))
    return TrainState(jnp.int32(0), params, optimizer_state, average, objective_state, key_run)


def _inner(parts: Parts, key: Key, state: TrainState, data: Any) -> tuple[State, Info]:
    """The objective's updates on fresh minibatches, and what the last of them reported."""

    def update(objective_state: State, of: tuple[Key, Any]) -> tuple[State, Info]:
        key_generator, key_target, key_update = jax.random.split(of[0], 3)
        y, given = data_of(parts, key_target, of[1])
        x = as_samples(given, drawn(parts, state.params, key_generator, given))
        with _summing(parts):
            return parts.objective.update(key_update, objective_state, x, y)

    if parts.inner_steps == 0:
        return state.objective_state, {}
    if parts.inner_steps == 1:
        return update(state.objective_state, (key, jax.tree.map(lambda leaf: leaf[0], data)))
    others = jax.tree.map(lambda leaf: leaf[:-1], data)
    objective_state, infos = jax.lax.scan(
        update, state.objective_state, (jax.random.split(key, parts.inner_steps), others)
    )
    return objective_state, {name: values[-1] for name, values in infos.items()}


def _step(parts: Parts, key: Key, state: TrainState, data: Any = None) -> tuple[TrainState, Info]:
    if (data is None) != (parts.source is None):
        raise TypeError(
            "`data` must be passed to the step of a run with a source, (inner_steps + 1, ...) batches, and to no other; `train`"
            " reads them"
        )
    # The generator's minibatch depends on the key alone: objectives with more inner steps see the same data.
    key_generator, key_target, key_loss, key_inner = jax.random.split(key, 4)
    objective_state, report = _inner(parts, key_inner, state, data)
    y, given = data_of(parts, key_target, jax.tree.map(lambda leaf: leaf[-1], data))

    def sample(params: Params) -> Array:
        return drawn(parts, params, key_generator, given)

    def loss_at(values: Array) -> Array:
        with _summing(parts):
            return parts.objective.loss(key_loss, objective_state, as_samples(given, values), y)

    # In two stages, because the gradient in the samples is the velocity, and worth a look.
    values, pull_back = jax.vjp(sample, state.params)
    loss, slope = jax.value_and_grad(loss_at)(values)
    (gradient,) = pull_back(slope)
    more = {"value": loss, "grad": gradient, "value_fn": lambda params: loss_at(sample(params))}
    updates, optimizer_state = parts.optimizer.update(gradient, state.optimizer_state, state.params, **more)
    params = optax.apply_updates(state.params, updates)
    average = averaged(state.average, params, state.step, parts.average)
    x = as_samples(given, values)
    speed = jnp.sqrt(mean_square(x, per_weight(x, slope)))
    info = _merged({"loss": loss, "velocity": speed}, report)
    after = TrainState(state.step + 1, params, optimizer_state, average, objective_state, state.key)
    return settled(parts.mesh, (after, info))


def _summing(parts: Parts) -> contextlib.AbstractContextManager:
    """Sums over pairs go around the devices of the mesh, where there is one."""
    return contextlib.nullcontext() if parts.mesh is None else over(parts.mesh, parts.mesh.axis_names[0])


def advance(run: Run, state: TrainState, data: Any = None) -> tuple[TrainState, Info]:
    """The next step of a run, with the random key that belongs to it, ``fold_in(state.key, state.step)``.

    Args:
        run: the run.
        state: its state.
        data: for a run with a source, its next batches, (inner_steps + 1, ...), one below the other.

    Returns:
        The next state and the step's info.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import Generator, stateless
        >>> from igm_jax.training import advance, training
        >>> dot = Generator(lambda key: jnp.zeros((1, 1)), lambda params, key, n: jnp.tile(params, (n, 1)))
        >>> gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
        >>> run = training(dot, gap, optax.sgd(0.1), lambda key, n: jnp.ones((n, 1)), 4)
        >>> state, infos = jax.lax.scan(lambda state, _: advance(run, state), run.init(jax.random.key(0)), length=3)
        >>> [round(loss, 3) for loss in infos["loss"].tolist()]
        [1.0, 0.64, 0.41]
    """
    key = jax.random.fold_in(state.key, state.step)
    return run.step(key, state) if data is None else run.step(key, state, data)


def _merged(info: Info, report: Info) -> Info:
    if clash := sorted(info.keys() & report.keys()):
        raise ValueError(
            f"the objective's update must not report {clash}, which the training step itself reports; rename it, e.g."
            f" 'critic_{clash[0]}'"
        )
    return {**info, **report}


def _name(objective: Objective) -> str:
    made = getattr(objective, "made", None)
    if made is None:
        return "objective"
    # What was lifted has a name of its own; `stateless` says nothing of what is trained.
    lifted = next((value for value in made.arguments.values() if callable(value)), None)
    own = getattr(lifted, "__name__", "<lambda>")
    return own if made.name in LIFTS and own != "<lambda>" else made.name
