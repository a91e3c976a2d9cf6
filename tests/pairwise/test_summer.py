"""Every summer gives the same sums of the same pairs, and the same derivatives of its means."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.kernels.radial import Laplace
from igm_jax.pairwise import backend
from tests import reference
from tests.pairwise.devices import mesh_of_one


def choices():
    return {"tiles": backend.using("xla"), "fused": backend.using("interpret"), "ring": backend.over(mesh_of_one())}


@pytest.mark.parametrize("name", ["tiles", "fused", pytest.param("ring", marks=pytest.mark.slow)])
def test_sums_pulls_and_derivatives(name, x64):
    rng = np.random.default_rng(0)
    x, y, a, b = rng.normal(size=(7, 2)), rng.normal(size=(5, 2)), rng.uniform(size=7), rng.uniform(size=5)
    distances = np.sqrt(reference.squared_distances(x, y))
    kernel = np.exp(-distances / 0.8)
    slope = -kernel / (1.6 * distances)
    form, parameters, pair = Laplace(), (jnp.asarray(0.8),), tuple(map(jnp.asarray, (x, y, a, b)))
    with choices()[name]:
        summer = backend.summer_of(*pair[:2])
        at_x, at_y = summer.between(form, parameters, *pair, slopes=True, columns=True)
        within = summer.within(form, parameters, *pair[::2])
        others = summer.within(form, parameters, *pair[::2], slopes=True, distinct=True)
        total = summer.total(pair[2])
        means = lambda width: summer.means(form, (width,), *pair[:2], pair[3])  # noqa: E731
        along = jax.jvp(means, parameters, (jnp.asarray(1.0),))[1]
    near = partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-12)
    near(at_x.values, kernel @ b)
    near(at_y.values, a @ kernel)
    near(at_x.pulls, x * (slope @ b)[:, None] - (slope * b) @ y)
    near(at_y.pulls, y * (a @ slope)[:, None] - (slope.T * a) @ x)
    near(within.values, np.exp(-np.sqrt(reference.squared_distances(x, x)) / 0.8) @ a)
    near(others.values, np.exp(-np.sqrt(reference.squared_distances(x, x)) / 0.8) @ a - a)
    near(total, np.sum(a))
    near(along, (kernel * distances / 0.64) @ b)
