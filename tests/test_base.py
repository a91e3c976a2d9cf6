import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import Objective, base, stateless, velocity

X, Y = jnp.arange(8.0).reshape(4, 2), jnp.ones((3, 2))
KEY = jax.random.key(0)


def gap(x, y):
    return jnp.sum((x.mean(0) - y.mean(0)) ** 2)


def test_velocity_is_minus_n_times_the_gradient():
    got = velocity(stateless(gap), KEY, (), X, Y)
    expected = -2 * (X.mean(0) - Y.mean(0))
    np.testing.assert_allclose(got, np.tile(expected, (4, 1)), rtol=1e-6)


def test_the_parts_of_an_objective_keep_their_protocols():
    objective = stateless(gap)
    for part, protocol in zip(objective, (base.InitFn, base.UpdateFn, base.LossFn, base.WitnessFn), strict=True):
        assert isinstance(part, protocol)
    assert Objective._fields == ("init", "update", "loss", "witness")
