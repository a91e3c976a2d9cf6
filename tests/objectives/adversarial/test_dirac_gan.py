"""The Dirac GAN: generator δ_θ, critic D(x) = ψx, data δ_0; what an objective does near its equilibrium, in two numbers.

With f(t) = −log(1 + e^{−t}) are f'(0) = ½ and f''(0) = −¼.

Source: Mescheder, Geiger, Nowozin 2018, Which training methods for GANs do actually converge?, arXiv 1801.04406.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, velocity
from igm_jax.objectives import gan, hinge_gan, r3gan, relativistic_gan, saturating_gan, wgan, wgan_gp
from igm_jax.objectives.adversarial.augment import augmented
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty

LINEAR = Network(lambda key: jnp.ones(1), lambda psi, x: x @ psi)
KEY, H = jax.random.key(0), 0.2


def critic_step(objective, psi, theta):
    state, _ = objective.update(KEY, CriticState(psi, optax.sgd(1.0).init(psi)), theta[:, None], jnp.zeros((1, 1)))
    return state.params


def flow(objective, psi, theta):
    return velocity(objective, KEY, CriticState(psi, ()), theta[:, None], jnp.zeros((1, 1)))[:, 0]


def field(objective):
    """How (ψ, θ) move, for an objective whose critic's optimiser is plain descent of rate one."""

    def of(point):
        psi, theta = point[:1], point[1:]
        return jnp.concatenate([critic_step(objective, psi, theta) - psi, flow(objective, psi, theta)])

    return of


def eigenvalues(move):
    return np.sort_complex(np.linalg.eigvals(jax.jit(jax.jacobian(move))(jnp.zeros(2))))


def both(centre, square):
    """``centre ± √square``."""
    root = np.sqrt(complex(square))
    return np.sort_complex([centre - root, centre + root])


def agree(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-6)


SGD = optax.sgd(1.0)


@pytest.mark.parametrize(
    ("make", "slope"),
    [(gan, 0.5), (saturating_gan, 0.5), (relativistic_gan, 0.5), (wgan, 1.0), (hinge_gan, 1.0)],
    ids=["gan", "saturating", "relativistic", "wgan", "hinge"],
)
def test_without_a_penalty_they_circle(x64, make, slope):
    agree(eigenvalues(field(make(LINEAR, SGD))), both(0, -(slope**2)))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("side", [r1_penalty, r2_penalty])
def test_r1_and_r2_draw_them_in(x64, side, gamma):
    expected = both(-gamma / 2, gamma**2 / 4 - 1 / 4)
    agree(eigenvalues(field(saturating_gan(LINEAR, SGD, penalties=(side(gamma),)))), expected)


def test_r3gan_has_both(x64):
    agree(eigenvalues(field(r3gan(LINEAR, SGD, r1=0.3, r2=0.5))), both(-0.4, 0.4**2 - 1 / 4))
    agree(eigenvalues(field(gan(LINEAR, SGD, r1=0.3, r2=0.5))), both(-0.4, 0.4**2 - 1 / 4))


def test_steps_at_once_drive_them_out(x64):
    """The modulus is √(1 + h²/4) for every h."""
    move = field(gan(LINEAR, SGD))
    found = eigenvalues(lambda point: point + H * move(point))
    np.testing.assert_allclose(np.abs(found), np.sqrt(1 + H**2 / 4), rtol=1e-9)


@pytest.mark.parametrize(("critic_steps", "generator_steps"), [(1, 1), (5, 1), (2, 3)])
def test_steps_in_turn_keep_their_distance(x64, critic_steps, generator_steps):
    """1 − a²/2 ± √((1 − a²/2)² − 1) with a = √(n_g n_d) h f'(0): on the unit circle, as long as a ≤ 2."""
    objective = gan(LINEAR, optax.sgd(H))

    def move(point):
        psi, theta = point[:1], point[1:]
        for _ in range(critic_steps):
            psi = critic_step(objective, psi, theta)
        for _ in range(generator_steps):
            theta = theta + H * flow(objective, psi, theta)
        return jnp.concatenate([psi, theta])

    centre = 1 - critic_steps * generator_steps * (H * 0.5) ** 2 / 2
    found = eigenvalues(move)
    agree(found, both(centre, centre**2 - 1))
    np.testing.assert_allclose(np.abs(found), 1, rtol=1e-9)


@pytest.mark.parametrize("std", [0.5, 1.0, 2.0, 3.0])
def test_instance_noise_draws_them_in(x64, std):
    """Two points at ±std have the mean square of the noise, and no more of it matters here."""
    objective = augmented(saturating_gan(LINEAR, SGD), lambda key, x: jnp.concatenate([x - std, x + std]))
    agree(eigenvalues(field(objective)), both(-(std**2) / 4, std**4 / 16 - 1 / 4))


def test_consensus_draws_them_in(x64):
    """Descending γ/2‖v‖² besides gives −γ f'(0)² ± i f'(0)."""
    move, gamma = field(gan(LINEAR, SGD)), 0.7
    speed = jax.grad(lambda point: 0.5 * jnp.sum(jnp.square(move(point))))
    agree(eigenvalues(lambda point: move(point) - gamma * speed(point)), both(-gamma / 4, -1 / 4))


def test_the_penalty_of_wgan_gp_pushes_away_from_the_equilibrium(x64):
    """At θ = 0 the critic's slope is driven to one from either side of zero, at once with the full force 2λ."""
    move = jax.jit(field(wgan_gp(LINEAR, SGD, penalty=10.0)))
    for psi in (1e-4, -1e-4):
        np.testing.assert_allclose(move(jnp.array([psi, 0.0]))[0], np.sign(psi) * 20 * (1 - 1e-4), rtol=1e-9)
    np.testing.assert_allclose(move(jnp.array([1.0, 0.0])), [0, 1], atol=1e-12)  # where the critic rests, θ does not
