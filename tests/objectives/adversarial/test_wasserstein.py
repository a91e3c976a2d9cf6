import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from igm_jax.networks import network, squeeze
from igm_jax.objectives.adversarial.penalties import gradient_penalty
from igm_jax.objectives.adversarial.wasserstein import clipped_weights, wgan, wgan_gp, wgan_value


def steep(points):
    """A linear critic of slope 5."""
    return points @ jnp.array([3.0, 4.0], points.dtype)


PENALTY = jax.jit(functools.partial(gradient_penalty, steep))


@pytest.mark.parametrize(("n", "m"), [(4, 4), (1, 7), (6, 2), (1, 1)])
@pytest.mark.parametrize("target", [1.0, 0.0, 5.0])
def test_penalty_of_a_linear_critic(key, n, m, target):
    x, y = jax.random.normal(key, (n, 2)), jnp.ones((m, 2))
    np.testing.assert_allclose(PENALTY(key, x, y, target), (5 - target) ** 2, rtol=1e-5)


def test_one_share_for_all_coordinates_of_a_sample(key):
    def off_diagonal(points):
        return 0.5 * jnp.square(points[:, 0] - points[:, 1])

    x, y = jnp.ones((50, 2)), jnp.zeros((50, 2))  # all that lies between them is on the diagonal, where the slope is 0
    assert float(jax.jit(lambda key: gradient_penalty(off_diagonal, key, x, y, 0.0))(key)) == 0


@pytest.mark.parametrize(("n", "m"), [(4000, 4000), (2, 4000), (4000, 2)])
def test_points_are_uniform_between_independent_pairs(x64, key, n, m):
    """With D = ½‖x‖² and target 0 the penalty is E‖αx + (1−α)y‖² = (E‖x‖² + E‖y‖² + ⟨Ex, Ey⟩)/3."""
    key_x, key_y = jax.random.split(key)
    x, y = jax.random.normal(key_x, (n, 2)), 2 + jax.random.normal(key_y, (m, 2))
    a, b = np.asarray(x), np.asarray(y)
    expected = (np.sum(a * a) / n + np.sum(b * b) / m + np.sum(a.mean(0) * b.mean(0))) / 3
    found = jax.jit(lambda key: gradient_penalty(lambda p: 0.5 * jnp.sum(p * p, axis=1), key, x, y, 0.0))(key)
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_a_flat_critic_has_a_finite_penalty_and_gradient(key):
    def penalty(scale):
        return gradient_penalty(lambda points: scale * steep(points), key, jnp.zeros((3, 2)), jnp.ones((3, 2)))

    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(penalty)))(jnp.array([0.0, 0.1]))
    np.testing.assert_allclose(values, [1, (0.5 - 1) ** 2], rtol=1e-6)
    np.testing.assert_allclose(slopes, [0, 2 * (0.5 - 1) * 5], rtol=1e-5)


def test_value_is_the_distance_at_the_best_critic():
    x, y = jnp.array([0.0, 1.0, 4.0]), jnp.array([2.0, 3.0])
    assert float(wgan_value(y, x)) == pytest.approx(2.5 - 5 / 3)
    weighted = wgan_value(y, x, x_weights=jnp.array([1, 1, 0]), y_weights=jnp.array([3, 1]))
    assert float(weighted) == pytest.approx(2.25 - 0.5)


def test_the_trained_gap_of_a_linear_critic(key):
    """For a translation by w and a critic of slope s the loss is −s‖w‖ + λ(s − 1)²: its best slope is 1 + ‖w‖/2λ."""
    linear = network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))
    objective = wgan_gp(squeeze(linear), optax.sgd(0.02), penalty=10.0)
    x = jax.random.normal(key, (20, 2))
    y = x + jnp.array([[1.2, 1.6]])  # W1 = 2

    def step(state, key):
        return objective.update(key, state, x, y)

    @jax.jit
    def train(key):
        return jax.lax.scan(step, objective.init(key, x), jax.random.split(key, 400))[1]

    info = train(key)
    np.testing.assert_allclose(info["critic_gap"][-1], 2 * (1 + 2 / 20), rtol=1e-4)
    np.testing.assert_allclose(info["penalty"][-1], 10 * (2 / 20) ** 2, rtol=1e-3)


def test_clipped_weights_give_the_gap_of_the_best_corner(key):
    """Of linear critics with weights in [−c, c] the best has ψ = c sign(δ), and the gap c ‖δ‖₁."""
    objective = wgan(squeeze(network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))), clipped_weights(optax.sgd(0.1), 0.03))
    x = jax.random.normal(key, (20, 2))
    y = x + jnp.array([[1.2, -1.6]])

    @jax.jit
    def train(key):
        def step(state, _):
            state, info = objective.update(key, state, x, y)
            return state, info["critic_gap"]

        return jax.lax.scan(step, objective.init(key, x), None, length=20)

    state, gaps = train(key)
    np.testing.assert_allclose(gaps[-1], 0.03 * 2.8, rtol=1e-5)
    assert all(np.abs(leaf).max() <= 0.03 * (1 + 1e-5) for leaf in jax.tree.leaves(state.params))
    with pytest.raises(TypeError, match="`params` must be the parameters"):
        clipped_weights(optax.sgd(0.1)).update(x, (), None)
    with pytest.raises(ValueError, match="`bound` must be positive"):
        clipped_weights(optax.sgd(0.1), 0.0)


def test_bad_samples_are_named(key):
    with pytest.raises(ValueError, match="same number of features"):
        gradient_penalty(steep, key, jnp.ones((3, 2)), jnp.ones((3, 1)))
    with pytest.raises(ValueError, match="`x` must have shape"):
        gradient_penalty(steep, key, jnp.ones(3), jnp.ones(3))
    with pytest.raises(ValueError, match="`real_outputs` must have shape"):
        wgan_value(jnp.ones((2, 2, 2)), jnp.ones(2))
