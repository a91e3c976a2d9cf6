import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network
from igm_jax.objectives.adversarial.base import penalty_terms
from igm_jax.objectives.adversarial.constraints import fisher_constraint
from igm_jax.objectives.adversarial.penalties import (
    dragan_penalty,
    gradient_penalty,
    lengths,
    one_sided_penalty,
    r1_penalty,
    r2_penalty,
    slope_penalty,
    zero_centred_penalty,
)
from igm_jax.objectives.adversarial.wasserstein import wgan

LINEAR = Network(lambda key: jnp.array([3.0, 4.0]), lambda psi, x: x @ psi)  # slope 5


def batches():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(6, 2))), jnp.asarray(1 + rng.normal(size=(9, 2)))


def bowl(points):
    return 0.5 * jnp.sum(jnp.square(points), axis=1)  # the slope at a point is the point


@jax.jit
def of_linear(key, x, y, slope):
    critic = lambda points: points @ jnp.stack([slope, 0 * slope])  # noqa: E731
    terms = (
        r1_penalty(3.0),
        r2_penalty(0.5),
        slope_penalty(10.0, 2.0),
        one_sided_penalty(4.0),
        dragan_penalty(0.3, 7.0),
    )
    return jnp.stack([term(key, critic, x, y) for term in terms])


@pytest.mark.parametrize("slope", [5.0, 0.5, -2.0])
def test_of_a_linear_critic(x64, key, slope):
    size = abs(slope)
    expected = [
        1.5 * size**2, 0.25 * size**2, 10 * (size - 2) ** 2, 4 * max(size - 1, 0) ** 2, 7 * (size - 1) ** 2
    ]  # fmt: skip
    np.testing.assert_allclose(of_linear(key, *batches(), jnp.asarray(slope)), expected, rtol=1e-12, atol=1e-12)


def test_r1_looks_at_data_and_r2_at_samples(x64, key):
    x, y = batches()
    np.testing.assert_allclose(r1_penalty(2.0)(key, bowl, x, y), np.mean(np.sum(y * y, axis=1)), rtol=1e-12)
    np.testing.assert_allclose(r2_penalty(2.0)(key, bowl, x, y), np.mean(np.sum(x * x, axis=1)), rtol=1e-12)


def test_dragan_looks_around_data(x64, key):
    """With D = ½‖·‖² and target 0 the penalty is E‖y + w ε‖² = E‖y‖² + d w²."""
    y = jnp.tile(jnp.array([[2.0, -1.0]]), (20_000, 1))
    found = dragan_penalty(0.5, 1.0, 0.0)(key, bowl, y[:1] + 100, y)
    np.testing.assert_allclose(found, 5 + 2 * 0.25, rtol=0.02)  # one standard error is 0.3 %


def test_the_one_sided_penalty_lets_flat_places_be(x64, key):
    """Between 0 and y the slopes of D = ½t² are uniform on (0, y): E max(0, s − 1)² = (y − 1)³/3y."""
    x, y = jnp.zeros((40_000, 1)), jnp.full((40_000, 1), 3.0)
    found = one_sided_penalty(1.0)(key, bowl, x, y)
    np.testing.assert_allclose(found, 8 / 9, rtol=0.03)


def test_several_are_added_up_and_reported(x64, key):
    x, y = batches()
    penalties = (r1_penalty(1.0), slope_penalty(2.0), r2_penalty(0.0))
    objective = wgan(LINEAR, optax.sgd(0.1), penalties=penalties)
    state, info = jax.jit(lambda x, y: objective.update(key, objective.init(key, x), x, y))(x, y)
    psi, gap = np.array([3.0, 4.0]), y.mean(0) - x.mean(0)
    np.testing.assert_allclose(info["penalty"], 12.5 + 2 * 16, rtol=1e-12)
    np.testing.assert_allclose(info["critic_loss"], 12.5 + 32 - gap @ psi, rtol=1e-12)
    np.testing.assert_allclose(state.params, psi + 0.1 * (gap - psi - 2 * 2 * 4 * psi / 5), rtol=1e-12)
    assert state.memory == ()


def test_what_is_no_penalty_is_named():
    for wrong in (r1_penalty(1.0), fisher_constraint(1.0), None):
        with pytest.raises(TypeError, match=r"`penalties` must be a sequence, but is"):
            penalty_terms(wrong)
    with pytest.raises(TypeError, match="must hold functions, but one is float"):
        penalty_terms((1.0,))
    with pytest.raises(ValueError, match="`coefficient` must be positive"):
        slope_penalty(-1.0)
    with pytest.raises(ValueError, match="`width` must be positive"):
        dragan_penalty(0.0)


def test_the_zero_centred_penalty_is_half_the_mean_squared_slope(x64):
    points = jnp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    penalty = zero_centred_penalty(lambda y: 0.5 * jnp.sum(y * y, axis=1), points)  # the slope at y is y
    np.testing.assert_allclose(penalty, 0.5 * np.mean(np.sum(np.asarray(points) ** 2, axis=1)), rtol=1e-12)


def test_gradient_norms_have_a_gradient_at_zero():
    vectors = jnp.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(lengths(vectors), [5, 0])
    slope = jax.grad(lambda v: lengths(v).sum())(vectors)
    np.testing.assert_allclose(slope, [[0.6, 0.8], [0, 0]], rtol=1e-6)


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


def test_bad_samples_are_named(key):
    with pytest.raises(ValueError, match="same number of features"):
        gradient_penalty(steep, key, jnp.ones((3, 2)), jnp.ones((3, 1)))
    with pytest.raises(ValueError, match="`x` must have shape"):
        gradient_penalty(steep, key, jnp.ones(3), jnp.ones(3))
