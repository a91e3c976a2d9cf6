import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.line.gaps import gaps_between, gaps_within

RNG = np.random.default_rng(0)


def weights(n):
    a = RNG.random(n)
    a[0] = 0
    return a / a.sum()


@pytest.mark.parametrize("n", [1, 3, 10, 64, 65, 200])
def test_are_sums_over_all_pairs(n, x64):
    x, y, a, b = RNG.normal(size=(n, 3)), RNG.normal(size=(7, 3)), weights(n + 1)[1:], weights(7)
    x[n // 2 :] = np.round(x[n // 2 :])  # some coincide
    apart = np.abs(x[:, None] - x[None])
    np.testing.assert_allclose(
        gaps_within(jnp.asarray(x), jnp.asarray(a)), np.einsum("i,j,ijl->l", a, a, apart), rtol=1e-11
    )
    expected = np.einsum("i,j,ijl->l", a, b, np.abs(x[:, None] - y[None]))
    np.testing.assert_allclose(gaps_between(*map(jnp.asarray, (x, y, a, b))), expected, rtol=1e-11)


@pytest.mark.parametrize("n", [3, 20, 70])
def test_slopes(n, x64):
    x, a = RNG.normal(size=(n, 2)), weights(n)
    x[: n // 2] = np.round(x[: n // 2])
    of = jax.jit(jax.grad(lambda x, a: jnp.sum(gaps_within(x, a)), argnums=(0, 1)))
    along_x, along_a = of(jnp.asarray(x), jnp.asarray(a))
    gaps = x[:, None] - x[None]
    np.testing.assert_allclose(along_x, 2 * np.einsum("i,j,ijl->il", a, a, np.sign(gaps)), atol=1e-12)
    np.testing.assert_allclose(along_a, 2 * np.einsum("j,ijl->i", a, np.abs(gaps)), rtol=1e-11)


def test_weights_of_each_line(x64):
    x, y, b = RNG.normal(size=(4, 2)), RNG.normal(size=(3, 2)), RNG.random((3, 2))
    a = np.full(4, 0.25)
    expected = np.einsum("i,jl,ijl->l", a, b, np.abs(x[:, None] - y[None]))
    np.testing.assert_allclose(gaps_between(*map(jnp.asarray, (x, y, a, b))), expected, rtol=1e-12)


def test_far_from_zero_the_digits_stay():
    x = np.float32(RNG.normal(size=(80, 1)))
    near = gaps_within(jnp.asarray(x), jnp.full(80, 1 / 80, jnp.float32))
    far = gaps_within(jnp.asarray(x + np.float32(1024)), jnp.full(80, 1 / 80, jnp.float32))
    np.testing.assert_allclose(far, near, rtol=1e-4)
