import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax.networks import mlp_critic
from igm_jax.objectives.wasserstein_gan import gradient_penalty, wgan_gp, wgan_value


def steep(points):
    """A linear critic of slope 5."""
    return points @ jnp.array([3.0, 4.0], points.dtype)


@pytest.mark.parametrize(("n", "m"), [(4, 4), (1, 7), (6, 2), (1, 1)])
@pytest.mark.parametrize("target", [1.0, 0.0, 5.0])
def test_penalty_of_a_linear_critic(key, n, m, target):
    x, y = jax.random.normal(key, (n, 2)), jnp.ones((m, 2))
    np.testing.assert_allclose(gradient_penalty(steep, key, x, y, target), (5 - target) ** 2, rtol=1e-5)


def test_one_share_for_all_coordinates_of_a_sample(key):
    def off_diagonal(points):
        return 0.5 * jnp.square(points[:, 0] - points[:, 1])

    x, y = jnp.ones((50, 2)), jnp.zeros((50, 2))  # all that lies between them is on the diagonal, where the slope is 0
    assert float(gradient_penalty(off_diagonal, key, x, y, 0.0)) == 0


@pytest.mark.parametrize(("n", "m"), [(4000, 4000), (2, 4000), (4000, 2)])
def test_points_are_uniform_between_independent_pairs(x64, key, n, m):
    """With D = ½‖x‖² and target 0 the penalty is E‖αx + (1−α)y‖² = (E‖x‖² + E‖y‖² + ⟨Ex, Ey⟩)/3."""
    key_x, key_y = jax.random.split(key)
    x, y = jax.random.normal(key_x, (n, 2)), 2 + jax.random.normal(key_y, (m, 2))
    expected = (jnp.sum(x * x) / n + jnp.sum(y * y) / m + jnp.sum(x.mean(0) * y.mean(0))) / 3
    found = jax.jit(lambda key: gradient_penalty(lambda p: 0.5 * jnp.sum(p * p, axis=1), key, x, y, 0.0))(key)
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_a_flat_critic_has_a_finite_penalty_and_gradient(key):
    def penalty(scale):
        return gradient_penalty(lambda points: scale * steep(points), key, jnp.zeros((3, 2)), jnp.ones((3, 2)))

    value, slope = jax.value_and_grad(penalty)(0.0)
    assert float(value) == 1
    assert float(slope) == 0
    np.testing.assert_allclose(jax.grad(penalty)(0.1), 2 * (0.5 - 1) * 5, rtol=1e-5)


def test_value_is_the_distance_at_the_best_critic():
    x, y = jnp.array([0.0, 1.0, 4.0]), jnp.array([2.0, 3.0])
    assert float(wgan_value(y, x)) == pytest.approx(2.5 - 5 / 3)
    weighted = wgan_value(y, x, x_weights=jnp.array([1, 1, 0]), y_weights=jnp.array([3, 1]))
    assert float(weighted) == pytest.approx(2.25 - 0.5)


def test_the_gap_of_a_trained_critic_is_the_distance(key):
    """W1 of a translation is its length: N(0, I) and N((1.2, 1.6), I) are 2 apart."""
    objective = wgan_gp(mlp_critic(2, width=32, depth=2), optax.adam(3e-3, b1=0.5))

    def step(state, key):
        key_x, key_y, key_update = jax.random.split(key, 3)
        x = jax.random.normal(key_x, (128, 2))
        y = jnp.array([[1.2, 1.6]]) + jax.random.normal(key_y, (128, 2))
        return objective.update(key_update, state, x, y)

    state = objective.init(key, jnp.zeros((1, 2)))
    _, info = jax.jit(lambda state: jax.lax.scan(step, state, jax.random.split(key, 400)))(state)
    np.testing.assert_allclose(info["critic_gap"][-100:].mean(), 2, atol=0.15)


def test_bad_samples_are_named(key):
    with pytest.raises(ValueError, match="same number of features"):
        gradient_penalty(steep, key, jnp.ones((3, 2)), jnp.ones((3, 1)))
    with pytest.raises(ValueError, match="`x` must have shape"):
        gradient_penalty(steep, key, jnp.ones(3), jnp.ones(3))
    with pytest.raises(ValueError, match="`real_outputs` must have shape"):
        wgan_value(jnp.ones((2, 2, 2)), jnp.ones(2))
