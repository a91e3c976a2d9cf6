"""Plain jax: the formula of the textbook over dense matrices of pairs, ``value_and_grad``, ``jit``. What a user writes first."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, jax_pair, jax_step, package
from benchmarks.problems import Problem


def _squares(x: Any, y: Any) -> Any:
    jnp = package("jax.numpy")
    return jnp.maximum(jnp.sum(x**2, 1)[:, None] + jnp.sum(y**2, 1)[None, :] - 2 * x @ y.T, 0)


def _roots(squares: Any) -> Any:
    """``√``, with derivative 0 at 0."""
    jnp = package("jax.numpy")
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def _mmd(problem: Problem) -> Prepared:
    sigmas = problem.bandwidths
    jnp = package("jax.numpy")

    def mean(x: Any, y: Any) -> Any:
        squares = _squares(x, y)
        return sum(jnp.mean(jnp.exp(-squares / (2 * sigma**2))) for sigma in sigmas)

    return jax_step(lambda x, y: mean(x, x) + mean(y, y) - 2 * mean(x, y), problem)


def _energy(problem: Problem) -> Prepared:
    jnp = package("jax.numpy")

    def mean(x: Any, y: Any) -> Any:
        return jnp.mean(_roots(_squares(x, y)))

    return jax_step(lambda x, y: 2 * mean(x, y) - mean(x, x) - mean(y, y), problem)


def _potentials(costs: Any, epsilon: float, tolerance: float) -> tuple[Any, Any, Any, Any]:
    """Alternating updates in the log domain at one ε, until the marginal error is below the tolerance."""
    jax, jnp = package("jax"), package("jax.numpy")
    n, m = costs.shape

    def soft(scores: Any, axis: int, count: int) -> Any:
        return -epsilon * (jax.nn.logsumexp(scores / epsilon, axis=axis) - jnp.log(float(count)))

    def advance(state: Any) -> Any:
        _, g, _, iterations = state
        f = soft(g[None, :] - costs, 1, m)
        new = soft(f[:, None] - costs, 0, n)
        # With the exact f the plan's columns carry exp((g - new)/ε)/m.
        return f, new, jnp.mean(jnp.abs(jnp.expm1((g - new) / epsilon))), iterations + 1

    def unfinished(state: Any) -> Any:
        return (state[2] > tolerance) & (state[3] < 2000)

    start = (jnp.zeros(n), jnp.zeros(m), jnp.array(jnp.inf), jnp.array(0))
    return jax.lax.while_loop(unfinished, advance, start)


def _sinkhorn(problem: Problem) -> Prepared:
    jax, jnp = package("jax"), package("jax.numpy")
    epsilon, tolerance = problem.parameters["epsilon"], problem.parameters["tolerance"]

    def transport(x: Any, y: Any) -> Any:
        costs = _squares(x, y)
        f, g, _, _ = _potentials(jax.lax.stop_gradient(costs), epsilon, tolerance)
        plan = jnp.exp((f[:, None] + g[None, :] - jax.lax.stop_gradient(costs)) / epsilon) / costs.size
        moving = jnp.sum(plan * costs)  # the envelope theorem: only the costs move
        return jax.lax.stop_gradient(jnp.mean(f) + jnp.mean(g) - moving) + moving

    def facts() -> dict[str, float]:
        solve = jax.jit(lambda x, y: _potentials(_squares(x, y), epsilon, tolerance))
        _, _, error, iterations = solve(problem.x, problem.y)
        return {"marginal_error": float(error), "iterations": int(iterations)}

    return jax_step(lambda x, y: transport(x, y) - transport(x, x) / 2 - transport(y, y) / 2, problem, facts)


def _sliced(problem: Problem) -> Prepared:
    jax, jnp = package("jax"), package("jax.numpy")
    directions = jax.device_put(problem.directions)

    def loss(x: Any, y: Any) -> Any:
        return jnp.mean(jnp.square(jnp.sort(directions @ x.T, axis=1) - jnp.sort(directions @ y.T, axis=1)))

    return jax_step(loss, problem)


def _drifting(problem: Problem) -> Prepared:
    jax, jnp = package("jax"), package("jax.numpy")
    n, d = problem.x.shape

    def field(x: Any, y: Any) -> Any:
        targets = jnp.concatenate([x, y])
        distances = _roots(_squares(x, targets)).at[jnp.arange(n), jnp.arange(n)].set(0)
        scale = jnp.mean(distances)
        distances = distances / scale + 100 * jnp.eye(n, len(targets))
        total = jnp.zeros_like(x)
        for temperature in problem.parameters["temperatures"]:
            scores = -distances / temperature
            product = jax.nn.softmax(scores, axis=1) * jax.nn.softmax(scores, axis=0)
            affinity = jnp.sqrt(jnp.maximum(product, 1e-6))
            on_x, on_y = affinity[:, :n], affinity[:, n:]
            x_mass, y_mass = jnp.sum(on_x, 1, keepdims=True), jnp.sum(on_y, 1, keepdims=True)
            raw = (on_y @ y * x_mass - on_x @ x * y_mass) * jnp.sqrt(float(d)) / scale
            total += raw / jnp.sqrt(jnp.maximum(jnp.mean(raw**2), 1e-8))
        total *= scale / jnp.sqrt(float(d))
        return jnp.sqrt(jnp.mean(total**2)), total

    return jax_pair(field, problem)


STEPS: dict[str, Builder] = dict(
    mmd=_mmd, energy=_energy, bank=_mmd, sinkhorn=_sinkhorn, sliced=_sliced, drifting=_drifting
)
