"""What all objectives with a learned critic share: their state, their one step, checks and gradient penalties.

A critic is a network from samples (n, d) to numbers (n,), high on data. Such an objective is the critic's loss, the
generator's loss, and the latter's first variation, which is the witness. In a ``Game`` all three are functions of the critic's
outputs alone; most losses are an average over samples of a function of the output, which then is its own witness
(``separable``). Penalties are terms of the critic's loss that any of them takes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params
from igm_jax.checks import Weights
from igm_jax.lifts import of_arrays
from igm_jax.records import recorded

Critic = Callable[[Array], Array]
"""``points -> (n,)``: a critic with its parameters filled in; each output depends on its own sample alone."""

CriticLoss = Callable[[Key, Critic, Array, Array], tuple[Array, Info]]
"""``(key, critic, x, y) -> (scalar, info)``: what the critic minimises, and scalars to report."""


class RememberingPenalty(NamedTuple):
    """A penalty that remembers something from update to update, such as a multiplier or running averages.

    Attributes:
        init: ``() -> memory``, a tree of arrays.
        cost: ``(memory, key, critic, x, y) -> (scalar, memory)``: what the critic pays, and what is remembered then.
    """

    init: Callable[[], Any]
    cost: Callable[[Any, Key, Critic, Array, Array], tuple[Array, Any]]


Penalty = Callable[[Key, Critic, Array, Array], Array] | RememberingPenalty
"""What a critic pays besides its loss: ``(key, critic, x, y) -> scalar``, or the same with a memory."""


Penalties = Sequence[Penalty]
Optimizer = optax.GradientTransformation


class CriticState(NamedTuple):
    """What an adversarial objective remembers.

    Attributes:
        params: the critic's parameters.
        optimizer_state: its optimiser's state.
        memory: one entry for each of its penalties that remembers something.
    """

    params: Params
    optimizer_state: Any
    memory: tuple = ()


class Outputs(NamedTuple):
    """A critic's outputs x (n,) on samples and y (m,) on data, with weights of either that sum to one."""

    x: Array
    y: Array
    x_weights: Array
    y_weights: Array


class Game(NamedTuple):
    """What critic and generator want, as functions of the critic's outputs.

    Attributes:
        name: what the table calls it.
        value: ``outputs -> scalar``, which the critic maximises.
        witness: ``(v, outputs) -> (p,)``, the first variation of the generator's loss where the critic's output is v.
        loss: ``outputs -> scalar``, which the generator minimises; None for the mean of the witness over samples.
        report: ``(value, outputs) -> info``, scalars that an update reports besides.
    """

    name: str
    value: Callable[[Outputs], Array]
    witness: Callable[[Array, Outputs], Array]
    loss: Callable[[Outputs], Array] | None = None
    report: Callable[[Array, Outputs], Info] = lambda value, out: {}


Elementwise = Callable[[Array], Array]


def separable(name: str, on_data: Elementwise, on_samples: Elementwise, generator_loss: Elementwise) -> Game:
    """The game ``V = E_P on_data(D) + E_Q on_samples(D)``, ``loss = E_Q generator_loss(D)``: each output is for itself."""

    def value(out: Outputs) -> Array:
        return jnp.sum(out.y_weights * on_data(out.y)) + jnp.sum(out.x_weights * on_samples(out.x))

    return Game(name, value, lambda v, out: generator_loss(v))


@recorded
def adversarial(game: Game, critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The objective of a game whose critic makes one optimiser step an update.

    ``critic loss = −V + penalties``,  ``loss = mean_i witness(D(x_i))`` unless the game has another

    Args:
        game: a row of ``games.GAMES``, or one of your own.
        critic: network from (n, d) to (n,).
        optimizer: the critic's optax optimiser.
        penalties: what the critic pays besides, from ``igm_jax.objectives``, such as ``r1_penalty``; added up.

    Returns:
        The objective. Its state is a ``CriticState``; ``update`` reports ``critic_loss`` (with all penalties),
        ``critic_gap``, what the game adds, and, if there are penalties, their sum as ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: while running, for critics whose output is not (n,), and for samples that are not (n, d).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.base import adversarial, separable
        >>> boost = separable("boost", lambda v: -jnp.exp(-v), lambda v: -jnp.exp(v), jnp.negative)
        >>> objective = adversarial(boost, mlp_critic(2), optax.sgd(1e-2))
    """

    def judged(critic: Critic, x: Array, y: Array) -> Outputs:
        on_data, on_samples = critic(y), critic(x)
        return outputs(on_samples, on_data)

    def critic_loss(key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        out = judged(critic, x, y)
        value = game.value(out)
        return -value, {"critic_gap": jnp.mean(out.y) - jnp.mean(out.x), **game.report(value, out)}

    def loss(critic: Critic, x: Array, y: Array) -> Array:
        out = judged(critic, x, y)
        return game.loss(out) if game.loss else jnp.mean(game.witness(out.x, out))

    def witness(critic: Critic, points: Array, x: Array, y: Array) -> Array:
        return game.witness(critic(points), judged(critic, x, y))

    return comparing(critic, optimizer, critic_loss, loss, witness, penalties=penalties)


def one_number(out: Array, points: Array) -> Array:
    """A critic's output, if it is one number a sample; else an error that says so."""
    if out.shape != (len(points),):
        raise ValueError(
            f"a critic must give one number a sample, shape ({len(points)},), but gave {out.shape} for samples"
            f" {points.shape}; use `mlp_critic` or `conv_critic`, or wrap a network of one output in `squeeze`"
        )
    return out


def filled(critic: Network, params: Params, checked: Callable[[Array, Array], Array] = one_number) -> Critic:
    """A critic with its parameters filled in, which checks that its output fits: one number a sample, unless told else."""
    return lambda points: checked(critic.apply(params, points), points)


@recorded
def comparing(
    critic: Network,
    optimizer: Optimizer,
    critic_loss: CriticLoss,
    loss: Callable[[Critic, Array, Array], Array],
    witness: Callable[[Critic, Array, Array, Array], Array],
    *,
    penalties: Penalties = (),
    checked: Callable[[Array, Array], Array] = one_number,
) -> Objective:
    """The objective of a network whose losses look at samples themselves, not at one output a sample alone.

    Args:
        critic, optimizer, penalties: as in ``adversarial``, with its state, reports and errors.
        critic_loss: ``(key, critic, x, y) -> (scalar, info)``, what the critic minimises, and scalars to report.
        loss: ``(critic, x, y) -> scalar``, what the generator minimises.
        witness: ``(critic, points, x, y) -> (p,)``, the first variation of ``loss`` in the distribution of x.
        checked: ``(out, points) -> out``, or an error where the network's output does not fit.

    Returns:
        The objective.
    """
    check_parts(critic, optimizer)
    terms = penalty_terms(penalties)

    def init(key: Key, x: Array) -> CriticState:
        x = checks.samples("x", x)
        params = critic.init(key)
        # What does not fit fails before any work.
        jax.eval_shape(lambda params: filled(critic, params, checked)(x), params)
        memory = tuple(term.init() for term in terms if isinstance(term, RememberingPenalty))
        return CriticState(params, optimizer.init(params), memory)

    def update(key: Key, state: CriticState, x: Array, y: Array) -> tuple[CriticState, Info]:
        x, y = checks.pair(x, y)

        def total(params: Params) -> tuple[Array, tuple[Info, tuple]]:
            judge = filled(critic, params, checked)
            value, info = critic_loss(key, judge, x, y)
            if not terms:
                return value, (info, ())
            cost, memory = _costs(terms, state.memory, key, judge, x, y)
            cost = cost.astype(value.dtype)
            return value + cost, ({**info, "penalty": cost}, memory)

        state, (value, (info, memory)) = descended(total, optimizer, state, has_aux=True)
        return state._replace(memory=memory), {"critic_loss": value, **info}

    def generator_loss(key: Key, state: CriticState, x: Array, y: Array) -> Array:
        del key
        return loss(filled(critic, state.params, checked), *checks.pair(x, y))

    def first_variation(state: CriticState, points: Array, x: Array, y: Array) -> Array:
        return witness(filled(critic, state.params, checked), checks.samples("points", points), *checks.pair(x, y))

    return of_arrays(init, update, generator_loss, first_variation)


def penalty_terms(penalties: Any) -> tuple[Penalty, ...]:
    """Penalties as a tuple, or an error that says what was expected."""
    advice = "pass a sequence of penalties, e.g. `penalties=(r1_penalty(1.0),)` of `igm_jax.objectives`"
    if isinstance(penalties, RememberingPenalty) or not isinstance(penalties, Sequence):
        raise TypeError(f"`penalties` must be a sequence, but is {type(penalties).__name__}; {advice}")
    for term in penalties:
        if not (callable(term) or isinstance(term, RememberingPenalty)):
            raise TypeError(f"`penalties` must hold functions, but one is {type(term).__name__}; {advice}")
    return tuple(penalties)


def _costs(
    terms: tuple[Penalty, ...], memory: tuple, key: Key, critic: Critic, x: Array, y: Array
) -> tuple[Array, tuple]:
    """The sum of all penalties, and what they remember afterwards."""
    total, after, memories = jnp.zeros((), x.dtype), [], iter(memory)
    for index, term in enumerate(terms):
        own = jax.random.fold_in(key, index) if index else key
        if isinstance(term, RememberingPenalty):
            cost, remembered = term.cost(next(memories), own, critic, x, y)
            after.append(remembered)
        else:
            cost = term(own, critic, x, y)
        total = total + cost.astype(total.dtype)
    return total, tuple(after)


def descended(
    objective: Callable[[Params], Any], optimizer: Optimizer, state: CriticState, has_aux: bool = False
) -> tuple[CriticState, Any]:
    """The state after one step of the optimiser down ``objective(params)``, and the value before it."""
    value, gradient = jax.value_and_grad(objective, has_aux=has_aux)(state.params)
    step, optimizer_state = optimizer.update(gradient, state.optimizer_state, state.params)
    return state._replace(params=optax.apply_updates(state.params, step), optimizer_state=optimizer_state), value


def check_network(network: Any, optimizer: Any) -> None:
    """An error that says what was expected, unless these are a network from samples to vectors and an optimiser."""
    check_parts(network, optimizer, "network", "mlp(2, 2)")


def check_parts(network: Any, optimizer: Any, name: str = "critic", example: str = "mlp_critic(2)") -> None:
    """An error that says what was expected, unless these are a network and an optimiser."""
    if not isinstance(network, Network):
        raise functions.not_a_network(name, f"igm_jax.networks.{example}", network)
    check_optimizer(optimizer)


def check_optimizer(optimizer: Any) -> None:
    """An error that says what was expected, unless this is an optimiser."""
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(
            f"`optimizer` must be an optax optimiser, e.g. `optax.adam(1e-4, b1=0.0)`, but is {type(optimizer).__name__}"
        )


def not_negative(name: str, value: Any) -> Any:
    """``value`` if it is zero, a positive finite number or being traced, else an error that says which."""
    if checks.is_concrete(value) and np.ndim(value) == 0 and value == 0 and not isinstance(value, bool):
        return value
    return checks.positive(name, value)


def outputs(x_outputs: Any, y_outputs: Any, x_weights: Weights = None, y_weights: Weights = None) -> Outputs:
    """A critic's outputs (n,) and (m,) as arrays with weights that sum to one, or an error."""
    given = {"x_outputs": x_outputs, "y_outputs": y_outputs}
    arrays = {name: checks.samples(name, checks.column(name, value)) for name, value in given.items()}
    for name, array in arrays.items():
        if array.shape[1] != 1:
            raise ValueError(f"`{name}` must have shape (n,), one number a sample, but has shape {array.shape}")
    x, y = (array[:, 0] for array in arrays.values())
    return Outputs(x, y, checks.weights("x_weights", x_weights, x), checks.weights("y_weights", y_weights, y))
