import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.kernels.pairs import unit_of
from igm_jax.pairwise.small import MOST, small_score

RNG = np.random.default_rng(0)
KERNELS = {
    "distance": lambda width: kernels.distance(1.5),
    "gaussian": kernels.gaussian,
    "two": lambda width: kernels.gaussian(width) + kernels.laplace(0.5),
}


def whole(kernel, x, y, a, b, share):
    within, across = kernel(x, x), kernel(x, y)
    own = jnp.sum(a**2 * jnp.diagonal(within))
    return 0.5 * share * (a @ within @ a - own) - a @ across @ b


def sides(n, m, d):
    x, y, a, b = RNG.normal(size=(n, d)), RNG.normal(size=(m, d)), RNG.random(n), RNG.random(m)
    return tuple(map(jnp.asarray, (x, y, a / a.sum(), b / b.sum())))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("n", "m", "d"), [(1, 1, 2), (2, 1, 3), (4, 3, 9), (6, 1, 2), (6, 5, 12), (40, 2, 9)])
def test_value_and_every_slope_are_those_of_the_whole_table(n, m, d, name, x64):
    arguments = (*sides(n, m, d), jnp.asarray(1.3), jnp.asarray(0.8))

    def value(of, x, y, a, b, share, width):
        return of(KERNELS[name](width), x, y, a, b, share)

    found, expected = (
        jax.jit(jax.value_and_grad(lambda *args, of=of: value(of, *args), argnums=tuple(range(6))))(*arguments)
        for of in (small_score, whole)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10)
    for mine, known in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(mine, known, rtol=1e-9, atol=1e-10)


def test_what_is_not_small_or_no_distance_is_left_to_others():
    number = int(MOST**0.5) + 1
    x = jnp.ones((number, 2))
    a = jnp.full(number, 1 / number)
    assert small_score(kernels.gaussian(1.0), x, x[:1], a, a[:1], 1.0) is None
    assert small_score(kernels.linear(), x[:2], x[:1], a[:2], a[:1], 1.0) is None
    assert small_score(kernels.distance(), x[:, :1], x[:1, :1], a, a[:1], 1.0) is not None  # sorted


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_kernels_and_samples_of_any_size(size):
    x, y, a, b = (jnp.asarray(one, jnp.float32) for one in sides(5, 2, 3))

    def value(x, y, width):
        run = jax.vmap(lambda x, y: small_score(kernels.gaussian(width), x, y, a, b, 1.0))
        return jnp.sum(run(jnp.stack([x, x + x]), jnp.stack([y, y])))

    found = jax.jit(jax.value_and_grad(value))(size * x, size * y, size)
    expected = jax.value_and_grad(value)(x, y, 1.0)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(found[1] * np.float32(size), expected[1], rtol=2e-4, atol=1e-6)
    assert float(unit_of(size * x, size * y)) != 1


def test_one_far_draw_takes_no_digits_from_the_others():
    x, y, a, b = (jnp.asarray(one, jnp.float32) for one in sides(9, 1, 16))
    slopes = jax.grad(lambda x: small_score(kernels.distance(), x, y, a, b, 1.0))
    near = slopes(x.at[0].set(1e3))
    exact = jax.grad(lambda x: whole(kernels.distance(), x, y, a, b, 1.0))(x.at[0].set(1e3))
    np.testing.assert_allclose(near, exact, atol=2e-4)
