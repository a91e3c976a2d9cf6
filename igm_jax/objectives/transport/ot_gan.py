"""OT-GAN: the minibatch energy distance, transport costs between halves of samples, in a feature space that a critic learns."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params
from igm_jax.checks import ArrayLike, Rows, Scalar
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.lifts import no_witness, of_arrays
from igm_jax.objectives.adversarial.base import CriticState, Optimizer, check_parts, descended, filled
from igm_jax.objectives.transport.inputs import chosen_solver, transport_problem
from igm_jax.objectives.transport.two_batch_sinkhorn import NO_WITNESS, between_halves, shuffled
from igm_jax.pairwise.transport.potentials import plan_cost
from igm_jax.pairwise.transport.solvers import TRAINING, Solver, solver_options
from igm_jax.records import recorded

__all__ = ["minibatch_energy_distance", "ot_gan"]


def _unit(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Each row over its length; zero stays zero."""
    lengths = safe_sqrt(jnp.sum(jnp.square(x), axis=1, keepdims=True))
    return x / jnp.where(lengths > 0, lengths, 1)


def minibatch_energy_distance(
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
) -> Scalar:
    """The minibatch energy distance of two samples under the cosine distance.

    ``D = Σ_ij W(x_i, y_j) - 2 W(x_1, x_2) - 2 W(y_1, y_2)`` over the halves ``x = (x_1, x_2)``, ``y = (y_1, y_2)``, where
    ``W = Σ π_ij c_ij`` is the cost ``c = 1 - cos(x_i, y_j)`` of the plan that minimises ``Σ π_ij c_ij + ε KL(π ‖ a⊗b)``.

    Its mean is zero where both laws are equal and n = m is even. In the gradient the plan is a constant, which is exact for the
    cost with its entropy.

    Args:
        x: (n, k) features of generated samples, independent; of an odd number the middle one is in both halves.
        y: (m, k) features of data.
        epsilon: ε > 0, in units of the cost, which lies between 0 and 2.
        tolerance, max_iterations, solver: as in ``sinkhorn_potentials``.

    Returns:
        Scalar, without units.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes or non-finite numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import minibatch_energy_distance
        >>> x, y = jnp.array([[1.0, 0.0]] * 2), jnp.array([[0.0, 2.0]] * 2)
        >>> round(float(minibatch_energy_distance(x, y)), 3)
        4.0

    Source: Salimans et al., Improving GANs Using Optimal Transport, arXiv 1803.05573, Section 3.
    """
    checks.positive("epsilon", epsilon)
    options = solver_options(solver, tolerance, max_iterations)
    x, y = checks.pair(x, y)
    # Between unit vectors 1 - cos is half of the squared distance: a problem with twice the cost has twice the ε.
    doubled = 2 * jnp.asarray(epsilon)

    def cost(u: Array, v: Array, a: Array, b: Array) -> Array:
        problem = transport_problem(u, v, doubled, a, b, None)
        return plan_cost(chosen_solver(problem, None, options), problem) / 2

    return 4 * between_halves(cost, _unit(x), _unit(y))


@recorded
def ot_gan(
    critic: Network,
    optimizer: Optimizer,
    epsilon: ArrayLike = 0.1,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
) -> Objective:
    """OT-GAN: the generator minimises the minibatch energy distance of features, the critic maximises it.

    ``loss = D(φ(x), φ(y))``,  ``critic loss = -D(φ(x), φ(y))``, D the minibatch energy distance under the
    cosine distance, with x in a random order.

    The paper updates the critic less often than the generator, once in three steps.

    Args:
        critic: network φ from (n, d) to (n, k) features.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-4, b1=0.5)``.
        epsilon: ε > 0, in units of the cost, which lies between 0 and 2.
        tolerance, max_iterations, solver: as in ``sinkhorn``.

    Returns:
        The objective; ``update`` reports ``critic_loss``. Its witness raises an error: each half of the samples sees the other.

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for ε or a tolerance that is not positive, or, while running, features that are not (n, k).

    Example:
        >>> import jax, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.ot_gan(networks.mlp(2, 4, width=8, depth=2), optax.sgd(1e-2))
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 2))
        >>> state, info = objective.update(jax.random.key(2), objective.init(jax.random.key(1), x), x, y)
        >>> list(info)
        ['critic_loss']

    Source: Salimans et al., Improving GANs Using Optimal Transport, arXiv 1803.05573.
    """
    check_parts(critic, optimizer)
    checks.positive("epsilon", epsilon)
    options = solver_options(solver, tolerance, max_iterations, TRAINING)

    def distance(params: Params, key: Key, x: Array, y: Array) -> Array:
        x, y = checks.pair(x, y)
        features = filled(critic, params, functions.one_row)
        return minibatch_energy_distance(features(shuffled(key, x)), features(y), epsilon, **options)

    def init(key: Key, x: Array) -> CriticState:
        params = critic.init(key)
        x = checks.samples("x", x)
        jax.eval_shape(lambda params: filled(critic, params, functions.one_row)(x), params)
        return CriticState(params, optimizer.init(params))

    def update(key: Key, state: CriticState, x: Array, y: Array) -> tuple[CriticState, Info]:
        state, value = descended(lambda params: -distance(params, key, x, y), optimizer, state)
        return state, {"critic_loss": value}

    def loss(key: Key, state: CriticState, x: Array, y: Array) -> Array:
        return distance(state.params, key, x, y)

    return of_arrays(init, update, loss, no_witness(NO_WITNESS))
