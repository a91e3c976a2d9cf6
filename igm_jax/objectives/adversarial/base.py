"""What all objectives with a learned critic share: their state, their one step, checks and gradient penalties.

A critic is a network from samples (n, d) to numbers (n,), high on data. Such an objective is the critic's loss, the
generator's loss, and the latter's first variation, which is the witness; most losses are an average over samples of a function
of the critic's output, which then is its own witness (``adversarial``). Penalties are terms of the critic's loss that any of
them takes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective, Params

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


def adversarial(
    critic: Network,
    optimizer: optax.GradientTransformation,
    critic_loss: CriticLoss,
    generator_loss: Callable[[Array], Array],
    *,
    penalties: Sequence[Penalty] = (),
) -> Objective:
    """The objective of a critic that is trained against the generator, one optimiser step an update.

    ``loss = mean_i generator_loss(D(x_i))``,  ``witness(point) = generator_loss(D(point))``

    Args:
        critic: network from (n, d) to (n,).
        optimizer: the critic's optax optimiser.
        critic_loss: ``(key, critic, x, y) -> (scalar, info)``, what the critic minimises, and scalars to report.
        generator_loss: elementwise, what the generator minimises as a function of the critic's outputs.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``; added up.

    Returns:
        The objective. Its state is a ``CriticState``; ``update`` reports ``critic_loss`` (with all penalties), what the
        given loss adds, and, if there are penalties, their sum as ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: while running, for critics whose output is not (n,), and for samples that are not (n, d).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.base import adversarial
        >>> mean_gap = lambda key, critic, x, y: (critic(x).mean() - critic(y).mean(), {})
        >>> objective = adversarial(mlp_critic(2), optax.sgd(1e-2), mean_gap, jnp.negative)
    """
    return comparing(
        critic,
        optimizer,
        critic_loss,
        lambda critic, x, y: jnp.mean(generator_loss(critic(x))),
        lambda critic, points, x, y: generator_loss(critic(points)),
        penalties=penalties,
    )


def comparing(
    critic: Network,
    optimizer: optax.GradientTransformation,
    critic_loss: CriticLoss,
    loss: Callable[[Critic, Array, Array], Array],
    witness: Callable[[Critic, Array, Array, Array], Array],
    *,
    penalties: Sequence[Penalty] = (),
    checked: Callable[[Array, Array], Array] | None = None,
) -> Objective:
    """The same for a generator's loss that looks at both samples: how the critic ranks them, or a kernel of learned features.

    Args:
        critic: network from (n, d) to (n,).
        optimizer: the critic's optax optimiser.
        critic_loss: ``(key, critic, x, y) -> (scalar, info)``, as in ``adversarial``.
        loss: ``(critic, x, y) -> scalar``, what the generator minimises.
        witness: ``(critic, points, x, y) -> (p,)``, the first variation of ``loss`` in the distribution of x.
        penalties: what the critic pays besides, as in ``adversarial``.
        checked: ``(out, points) -> out``, or an error where the network's output does not fit; None for one number a sample.

    Returns:
        The objective, with state and reports as those of ``adversarial``.

    Raises:
        TypeError, ValueError: as ``adversarial``.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.base import ascent, comparing
        >>> from igm_jax.objectives.adversarial.games import gan_value
        >>> mean_gap = lambda critic, x, y: critic(y).mean() - critic(x).mean()
        >>> objective = comparing(
        ...     mlp_critic(2), optax.sgd(1e-2), ascent(gan_value), mean_gap, lambda critic, points, x, y: -critic(points)
        ... )
    """
    check_parts(critic, optimizer)
    terms, checked = penalty_terms(penalties), checked or one_number

    def init(key: Key, x: Array) -> CriticState:
        x = checks.samples("x", x)
        params = critic.init(key)
        jax.eval_shape(
            lambda params: filled(critic, params, checked)(x), params
        )  # what does not fit fails before any work
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
        return witness(filled(critic, state.params, checked), checks.samples("points", points), x, y)

    return Objective(init, update, generator_loss, first_variation)


def filled(critic: Network, params: Params, checked: Callable[[Array, Array], Array] | None = None) -> Critic:
    """A critic with its parameters filled in, which checks that its output fits: one number a sample, unless told else."""
    checked = checked or one_number
    return lambda points: checked(critic.apply(params, points), points)


def one_number(out: Array, points: Array) -> Array:
    """A critic's output, if it is one number a sample; else an error that says so."""
    if out.shape != (len(points),):
        raise ValueError(
            f"a critic must give one number a sample, shape ({len(points)},), but gave {out.shape} for samples"
            f" {points.shape}; use `mlp_critic` or `conv_critic`, or wrap a network of one output in `squeeze`"
        )
    return out


def ascent(value: Callable[[Array, Array], Array]) -> CriticLoss:
    """The loss ``−value(D(y), D(x))`` of a critic that climbs a value; reports ``critic_gap``, its mean gap."""

    def critic_loss(key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        real, fake = critic(y), critic(x)
        return -value(real, fake), {"critic_gap": gap(real, fake)}

    return critic_loss


def penalty_terms(penalties: Any) -> tuple[Penalty, ...]:
    """Penalties as a tuple, or an error that says what was expected."""
    advice = "pass a sequence of penalties, e.g. `penalties=(r1_penalty(1.0),)` of `igm_jax.objectives.penalties`"
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
    objective: Callable[[Params], Any],
    optimizer: optax.GradientTransformation,
    state: CriticState,
    has_aux: bool = False,
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
        raise TypeError(
            f"`{name}` must be a Network, e.g. `igm_jax.networks.{example}`, but is {type(network).__name__};"
            " wrap a flax module as `network(lambda rngs: ...)`"
        )
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


def outputs(name: str, value: Any) -> Array:
    """``value`` as a critic's outputs (n,), or an error."""
    return checks.samples(name, jnp.asarray(value)[..., None] if np.ndim(value) == 1 else value)[:, 0]


def gap(real: Array, fake: Array) -> Array:
    """The critic's mean on data minus its mean on samples."""
    return jnp.mean(real) - jnp.mean(fake)
