"""The Dirac GAN: which ways of training a GAN converge, where every eigenvalue is known.

    python -m experiments.tables.dirac_gan

The generator is one point θ, the critic one slope, D(x) = ψx, and the data are the point 0.

Source: Mescheder, Geiger, Nowozin 2018, Which Training Methods for GANs do actually Converge?, arXiv 1801.04406.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float
from scipy.special import ndtri

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main
from experiments.tables.published import Entry, within
from igm_jax import Network, Objective, velocity
from igm_jax.objectives import gan, saturating_gan, wgan, wgan_gp
from igm_jax.objectives.adversarial.augment import augmented
from igm_jax.objectives.adversarial.base import Penalty
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty
from igm_jax.objectives.adversarial.wasserstein import clipped_weights
from igm_jax.reporting.terminal import ended

TITLE = "The Dirac GAN: which training methods converge? (arXiv 1801.04406)"
TEXT = (
    "A generator that is one point, a critic that is one slope: the objectives of this package take steps in that plane, and"
    " the derivative of a step at the equilibrium is compared with the eigenvalues that the paper derives."
)

H, STEPS, START = 0.2, 500, (1.0, 1.0)
SLOPE, CURVATURE = 0.5, -0.25
"""f'(0) and f''(0) of f(t) = −log(1 + e^{−t})."""

Point = Float[Array, "2"]
"""(ψ, θ)."""
Move = Callable[[Point], Point]

LINEAR = Network(lambda key: jnp.ones(1), lambda psi, x: x @ psi)
SGD = optax.sgd(H)


class Method(NamedTuple):
    """One way of training.

    Attributes:
        move: makes one step, in the float type of the time.
        radius: the spectral radius of the step at the equilibrium by the paper's eigenvalues; None where it has no derivative.
        converges: what the paper says; None where its eigenvalues leave it open.
    """

    move: Callable[[], Move]
    radius: float | None
    converges: bool | None


def critic_step(objective: Objective, psi: Array, theta: Array) -> Array:
    """One step of the objective's own optimiser for the critic."""
    x, y = theta[:, None], jnp.zeros((1, 1), theta.dtype)
    state = objective.init(jax.random.key(0), x)._replace(params=psi)
    return objective.update(jax.random.key(0), state, x, y)[0].params


def generator_step(objective: Objective, psi: Array, theta: Array) -> Array:
    """One step of length h along the velocity."""
    x, y = theta[:, None], jnp.zeros((1, 1), theta.dtype)
    state = objective.init(jax.random.key(0), x)._replace(params=psi)
    return theta + H * velocity(objective, jax.random.key(0), state, x, y)[:, 0]


def at_once(objective: Objective) -> Move:
    """Both players move at the same time."""

    def move(point: Point) -> Point:
        psi, theta = point[:1], point[1:]
        return jnp.concatenate([critic_step(objective, psi, theta), generator_step(objective, psi, theta)])

    return move


def in_turn(objective: Objective, critic_steps: int = 1, generator_steps: int = 1) -> Move:
    """First the critic makes its steps, then the generator."""

    def move(point: Point) -> Point:
        psi, theta = point[:1], point[1:]
        for _ in range(critic_steps):
            psi = critic_step(objective, psi, theta)
        for _ in range(generator_steps):
            theta = generator_step(objective, psi, theta)
        return jnp.concatenate([psi, theta])

    return move


def consensus(objective: Objective, gamma: float) -> Move:
    """Both move at once, and besides down ``γ/2 ‖v‖²``, v being their own velocity."""
    plain = at_once(objective)

    def field(point: Point) -> Point:
        return (plain(point) - point) / H

    slope = jax.grad(lambda point: 0.5 * jnp.sum(jnp.square(field(point))))
    return lambda point: point + H * (field(point) - gamma * slope(point))


def noisy(std: float) -> Objective:
    """Instance noise in expectation: 64 equally likely values of N(0, std²), with its variance exactly."""
    values = ndtri((np.arange(64) + 0.5) / 64)
    noise = std * values / np.sqrt(np.mean(values**2))
    blurred = lambda key, x: (x + jnp.asarray(noise, x.dtype)[None, :]).reshape(-1, 1)  # noqa: E731
    return augmented(saturating_gan(LINEAR, SGD), blurred)


def radius(centre: float, square: float) -> float:
    """The spectral radius of a step of length h under a field with eigenvalues ``centre ± √square``."""
    root = np.sqrt(complex(square))
    return float(max(abs(1 + H * (centre + root)), abs(1 + H * (centre - root))))


def turned(critic_steps: int, generator_steps: int) -> float:
    """The modulus of ``1 − a²/2 ± √((1 − a²/2)² − 1)``, ``a = √(n_g n_d) h f'(0)``."""
    centre = 1 - critic_steps * generator_steps * (H * SLOPE) ** 2 / 2
    root = np.sqrt(complex(centre**2 - 1))
    return float(max(abs(centre + root), abs(centre - root)))


def penalised(penalty: Callable[[float], Penalty], gamma: float) -> Method:
    """R1 or R2: eigenvalues ``−γ/2 ± √(γ²/4 − f'(0)²)``."""
    objective = saturating_gan(LINEAR, SGD, penalties=(penalty(gamma),))
    return Method(partial(at_once, objective), radius(-gamma / 2, gamma**2 / 4 - SLOPE**2), True)


def with_noise(std: float) -> Method:
    """Instance noise: eigenvalues ``f''(0) s² ± √(f''(0)² s⁴ − f'(0)²)``."""
    centre = CURVATURE * std**2
    return Method(lambda: at_once(noisy(std)), radius(centre, centre**2 - SLOPE**2), True)


CIRCLING = radius(0, -(SLOPE**2))

METHODS: dict[str, Method] = {
    "GAN, at once": Method(partial(at_once, saturating_gan(LINEAR, SGD)), CIRCLING, False),
    "GAN, in turn": Method(partial(in_turn, saturating_gan(LINEAR, SGD)), turned(1, 1), False),
    "GAN, 5 critic steps": Method(partial(in_turn, saturating_gan(LINEAR, SGD), 5), turned(5, 1), False),
    "non-saturating, at once": Method(partial(at_once, gan(LINEAR, SGD)), CIRCLING, False),
    "non-saturating, in turn": Method(partial(in_turn, gan(LINEAR, SGD)), turned(1, 1), None),
    "WGAN, clipped at 1": Method(
        partial(at_once, wgan(LINEAR, clipped_weights(SGD, bound=1.0))), radius(0, -1.0), False
    ),
    "WGAN-GP, λ = 0.7": Method(partial(at_once, wgan_gp(LINEAR, SGD, penalty=0.7)), None, False),
    "consensus, γ = 1": Method(
        partial(consensus, saturating_gan(LINEAR, SGD), 1.0), radius(-(SLOPE**2), -(SLOPE**2)), True
    ),
    "instance noise, s = 1": with_noise(1.0),
    "instance noise, s = √2": with_noise(math.sqrt(2)),
    "R1, γ = 0.3": penalised(r1_penalty, 0.3),
    "R1, γ = 1 (critical)": penalised(r1_penalty, 1.0),
    "R1, γ = 3": penalised(r1_penalty, 3.0),
    "R2, γ = 0.3": penalised(r2_penalty, 0.3),
    "R2, γ = 1 (critical)": penalised(r2_penalty, 1.0),
}


def measured(method: Method) -> Found:
    """The spectral radius by the derivative of the step itself, and the way from the start."""
    with jax.enable_x64(True):
        move = method.move()
        start = jnp.array(START)
        path = np.asarray(jax.jit(partial(walked, move))(start))
        distances = np.linalg.norm(path, axis=1)
        metrics = {"end": float(distances[-1]), "converges": float(distances[-50:].max() < 0.01 * distances[0])}
        if method.radius is not None:
            jacobian = jax.jit(jax.jacobian(move))(jnp.zeros_like(start))
            metrics["radius"] = float(np.abs(np.linalg.eigvals(np.asarray(jacobian))).max())
    return Found(metrics, {"path": path})


def walked(move: Move, start: Point) -> Float[Array, "steps 2"]:
    """The start and all steps."""

    def step(point: Point, _: None) -> tuple[Point, Point]:
        after = move(point)
        return after, after

    _, path = jax.lax.scan(step, start, None, STEPS)
    return jnp.concatenate([start[None], path])


def tasks(config: Config) -> list[Task]:
    chosen = list(METHODS.items())[1::2] if config.smoke else METHODS.items()
    return [Task(name, config.seed, partial(measured, method)) for name, method in chosen]


def parts(config: Config, results: Results) -> Sequence[Part]:
    entries = []
    for name in results:
        method, found = METHODS[name], results[name][0].metrics
        if method.radius is not None:
            entries.append(Entry(name, "spectral radius", method.radius, (found["radius"],), within(1e-6), digits=6))
        published = None if method.converges is None else float(method.converges)
        entries.append(Entry(name, "converges", published, (found["converges"],), within(0.0), digits=0))
        entries.append(Entry(name, f"distance after {STEPS} steps", None, (found["end"],)))
    caption = (
        f"Steps of h = {H:g} from (ψ, θ) = (1, 1). The spectral radius is that of one step at the equilibrium, by automatic"
        " differentiation in float64; in brackets that of the closed-form eigenvalues. WGAN-GP has no derivative there."
        " Converges, 1 or 0: whether the last 50 distances from the equilibrium are all below 1 % of the first. Non-saturating"
        " steps in turn have a radius of one, which leaves it open: they come nearer, but slower than any geometric rate."
    )
    return [Part("The Dirac GAN", caption, entries, "method")]


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting.canvas import Figure, png, squares, styled, window
    from igm_jax.reporting.style import PALETTE, View, theme

    @styled
    def drawn(paths: dict[str, np.ndarray], *, dark: bool = False) -> Figure:
        figure, axes = squares(len(paths), 5, theme(dark))
        for axis, (name, path) in zip(axes, paths.items(), strict=True):
            axis.plot(*path.T, color=PALETTE[0], linewidth=0.7)
            axis.plot(*path[0], "o", color=PALETTE[1], markersize=4)
            axis.plot(0, 0, "+", color=theme(dark).text, markersize=8)
            window(axis, View((-2.2, -2.2), (2.2, 2.2)), name)
        return figure

    paths = {name: found[0].arrays["path"] for name, found in results.items()}
    caption = f"{STEPS} steps from (1, 1), marked, in the plane of ψ (across) and θ (up); the equilibrium is the cross."
    return {"trajectories.png": (png(drawn(paths)), caption)}


def differs(config: Config) -> Sequence[str]:
    return [
        "The paper's eigenvalues are of the flow; a step's are 1 + h times these, or its lemma on steps in turn.",
        "Instance noise is an average over 64 equally likely values with the variance s², not drawn at random.",
    ]


PUBLICATION = Publication("dirac_gan", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
