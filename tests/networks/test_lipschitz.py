import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import polar

from igm_jax.networks import group_sort, lipschitz_critic, orthonormal
from igm_jax.objectives.adversarial.wasserstein import wgan
from tests.objectives.critics import trained
from tests.objectives.optimisers import adam


@pytest.mark.parametrize("size", [2, 4, 1, 3, 24])
def test_sorting_permutes_within_groups_and_keeps_the_length_of_gradients(size):
    h = np.random.default_rng(0).normal(size=(5, 24)).astype(np.float32)
    expected = np.sort(h.reshape(5, -1, size), axis=-1).reshape(5, 24)
    out, back = jax.vjp(lambda h: group_sort(h, size), h)
    np.testing.assert_array_equal(out, expected)
    given = np.random.default_rng(1).normal(size=(5, 24)).astype(np.float32)
    (slope,) = back(given)
    np.testing.assert_allclose(np.linalg.norm(slope, axis=1), np.linalg.norm(given, axis=1), rtol=1e-6)


def test_a_whole_row_is_sorted_by_a_network(key):
    h = jax.random.normal(key, (3, 32))
    np.testing.assert_array_equal(group_sort(h, 32), np.sort(h, axis=-1))


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (6, 6), (7, 1)])
def test_the_nearest_orthonormal_matrix_is_the_polar_factor(x64, shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    found = jax.jit(lambda w: orthonormal(w, steps=40))(1e3 * matrix)
    np.testing.assert_allclose(found, polar(matrix)[0], atol=1e-9)


def test_few_steps_give_a_contraction_and_zero_stays(x64):
    values = np.geomspace(1e-6, 1, 6)
    found = np.linalg.svd(jax.jit(lambda w: orthonormal(w, steps=3))(np.diag(values)), compute_uv=False)
    assert (found <= 1 + 1e-12).all()
    assert (found >= np.sort(values)[::-1] - 1e-12).all()
    assert not np.any(orthonormal(jnp.zeros((3, 2))))


@pytest.mark.parametrize("norm", ["orthonormal", "spectral", "infinity"])
def test_slopes_are_at_most_one_whatever_the_parameters(key, norm):
    critic = lipschitz_critic(3, width=8, depth=2, group=4, norm=norm)

    @jax.jit
    def slopes(key):
        x = 3 * jax.random.normal(key, (300, 3))
        wild = jax.tree.map(lambda p: 30 * p + jax.random.normal(key, p.shape), critic.init(key))
        return jnp.linalg.norm(jax.grad(lambda x: critic.apply(wild, x).sum())(x), axis=1)

    found = slopes(key)
    assert found.max() <= 1 + 1e-5
    assert found.max() > 0.2


def test_without_widening_the_slope_is_one_everywhere(x64, key):
    critic = lipschitz_critic(4, width=4, depth=3)
    params = jax.tree.map(lambda p: p + 0.1 * jax.random.normal(key, p.shape), critic.init(key))
    x = jax.random.normal(key, (50, 4))
    slope = jax.jit(jax.grad(lambda x: critic.apply(params, x).sum()))(x)
    np.testing.assert_allclose(np.linalg.norm(slope, axis=1), 1, rtol=1e-7)


@pytest.mark.slow
def test_the_gap_of_a_wasserstein_critic_comes_to_the_distance_and_never_passes_it(key):
    """A translation by 2, for which no penalty is needed."""
    objective = wgan(lipschitz_critic(2, width=8, depth=2), adam(0.02))
    x = jax.random.normal(key, (64, 2))
    y = x + jnp.array([[1.2, -1.6]])
    _, gaps = trained(objective, key, x, y, 150)
    assert gaps.max() <= 2 * (1 + 1e-4)
    assert gaps[-1] > 1.96


def test_sizes_that_do_not_fit_are_named(key):
    with pytest.raises(ValueError, match="groups of 3 must divide the number of features, but there are 4"):
        group_sort(jnp.ones(4), 3)
    with pytest.raises(ValueError, match="`width` must be a multiple of `group`, 2, but is 5"):
        lipschitz_critic(2, width=5)
    with pytest.raises(ValueError, match="`norm` must be one of orthonormal, spectral, infinity"):
        lipschitz_critic(2, norm="frobenius")
    critic = lipschitz_critic(2, width=4)
    with pytest.raises(ValueError, match="built for 2 features"):
        jax.eval_shape(critic.apply, jax.eval_shape(critic.init, key), jnp.ones((5, 3)))
