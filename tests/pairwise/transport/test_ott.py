import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.pairwise.transport.ott import gromov_cost, low_rank_cost
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(10, 2)), 1 + RNG.normal(size=(8, 2))
UNIFORM = {"tolerance": 1e-3, "max_iterations": 200}


def test_a_plan_of_rank_one_is_the_product_of_the_weights(x64):
    a, b = (w / w.sum() for w in (RNG.uniform(1, 2, size=10), RNG.uniform(1, 2, size=8)))
    arrays = tuple(map(jnp.asarray, (X, Y, a, b)))
    value, slope = jax.value_and_grad(lambda x: low_rank_cost(x, *arrays[1:], rank=1, epsilon=0.0, **UNIFORM))(
        arrays[0]
    )
    np.testing.assert_allclose(value, a @ reference.squared_distances(X, Y) @ b, rtol=1e-3)
    np.testing.assert_allclose(slope, 2 * a[:, None] * (X - b @ Y), rtol=1e-2, atol=1e-3)


def test_a_large_epsilon_leaves_the_product_of_the_weights_to_gromov_wasserstein(x64):
    a, b = np.full(10, 0.1), np.full(8, 0.125)
    got = gromov_cost(*map(jnp.asarray, (X, Y, a, b)), epsilon=1e6, **UNIFORM)
    of_x, of_y = reference.squared_distances(X, X), reference.squared_distances(Y, Y)
    expected = np.mean((of_x[:, :, None, None] - of_y[None, None]) ** 2)
    np.testing.assert_allclose(got, expected, rtol=1e-3)
