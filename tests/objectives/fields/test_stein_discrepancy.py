import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import integrate

from igm_jax import kernels, velocity
from igm_jax.distributions import gaussian_mixture
from igm_jax.objectives import ksd, ksd2_biased, ksd2_unbiased, ksd_witness

RNG = np.random.default_rng(0)
X, WEIGHTS = RNG.normal(size=(7, 2)) + 0.5, RNG.uniform(size=7)
WIDE = RNG.normal(size=(7, 10))
MIXTURE = jax.jit(gaussian_mixture([[-1.0, 0.0], [1.0, 0.5]], 0.8).score)

SCALARS = {
    "gaussian": (kernels.gaussian(1.3), lambda a, b: jnp.exp(-jnp.sum((a - b) ** 2) / (2 * 1.3**2))),
    "inverse multiquadric": (
        kernels.inverse_multiquadric(0.7),
        lambda a, b: (1 + jnp.sum((a - b) ** 2) / 0.49) ** -0.5,
    ),
}


def normal_score(points):
    return -points


def steins_kernel(k, score, x):
    """The (n, n) matrix of Stein's kernel, by differentiating k as it is defined."""

    def u(a, b, s, t):
        by_a, by_b = jax.grad(k, 0)(a, b), jax.grad(k, 1)(a, b)
        mixed = jnp.trace(jax.jacfwd(jax.grad(k, 0), 1)(a, b))
        return s @ t * k(a, b) + s @ by_b + t @ by_a + mixed

    s = score(x)
    rows = jax.vmap(u, (None, 0, None, 0))
    return np.asarray(jax.jit(jax.vmap(rows, (0, None, 0, None)))(x, x, s, s))


def normal_nodes(mean):
    """A rule for N(mean, 1): of equal steps, which is exact to rounding for functions as smooth as these."""
    places = np.linspace(-9, 9, 300)
    weights = np.exp(-(places**2) / 2)
    return (mean + places)[:, None], weights / weights.sum()


@pytest.mark.parametrize(("name", "x"), [("gaussian", X), ("inverse multiquadric", WIDE)])
def test_it_is_the_mean_of_steins_kernel(name, x, x64):
    kernel, scalar = SCALARS[name]
    score = MIXTURE if x is X else normal_score
    matrix, a = steins_kernel(scalar, score, jnp.asarray(x)), WEIGHTS / WEIGHTS.sum()
    np.testing.assert_allclose(ksd2_biased(x, score, kernel, x_weights=WEIGHTS), a @ matrix @ a, rtol=1e-10)
    np.testing.assert_allclose(ksd_witness(x[:3], x, score, kernel), 2 * matrix[:3].mean(1), rtol=1e-10)
    others = matrix.sum() - np.trace(matrix)
    np.testing.assert_allclose(ksd2_unbiased(x, score, kernel), others / 42, rtol=1e-9)
    weighted = (a @ matrix @ a - a**2 @ np.diag(matrix)) / (1 - a @ a)
    np.testing.assert_allclose(ksd2_unbiased(x, score, kernel, x_weights=WEIGHTS), weighted, rtol=1e-9)


def test_closed_form_of_two_shifted_gaussians(x64):
    m, h = 0.8, 1.3
    nodes, weights = normal_nodes(m)
    got = ksd2_biased(nodes, normal_score, kernels.gaussian(h), x_weights=weights)
    np.testing.assert_allclose(got, m**2 / np.sqrt(1 + 2 / h**2), rtol=1e-9)
    # The scores differ by -m everywhere, so KSD² is m² E k(x - x'), and x - x' ~ N(0, 2).
    mean = integrate.quad(lambda r: np.exp(-(r**2) / 4) / np.sqrt(4 * np.pi) / np.sqrt(1 + r**2), -30, 30)[0]
    got = ksd2_biased(nodes, normal_score, kernels.inverse_multiquadric(1.0), x_weights=weights)
    np.testing.assert_allclose(got, m**2 * mean, rtol=1e-9)


def test_steins_kernel_has_mean_zero_under_the_target(x64):
    nodes, weights = normal_nodes(0.0)
    heights = ksd_witness(nodes, X[:, :1], normal_score, kernels.gaussian(0.9))
    assert np.abs(heights).max() > 0.1
    np.testing.assert_allclose(weights @ heights, 0, atol=1e-9)


def test_it_is_linear_in_the_kernel(x64):
    one, two = kernels.gaussian(1.3), kernels.inverse_multiquadric(0.7)
    parts = ksd2_biased(X, MIXTURE, one) + 2 * ksd2_biased(X, MIXTURE, two)
    np.testing.assert_allclose(ksd2_biased(X, MIXTURE, one + 2.0 * two), parts, rtol=1e-12)
    bank = ksd2_biased(X, MIXTURE, kernels.gaussian(1.3) + kernels.gaussian(0.65))  # of one exponential
    parts = ksd2_biased(X, MIXTURE, one) + ksd2_biased(X, MIXTURE, kernels.gaussian(0.65))
    np.testing.assert_allclose(bank, parts, rtol=1e-11)


def test_product_of_kernels_is_that_of_their_values(x64):
    product = kernels.gaussian(1.3) * kernels.inverse_multiquadric(0.7)
    first, second = SCALARS["gaussian"][1], SCALARS["inverse multiquadric"][1]
    matrix = steins_kernel(lambda a, b: first(a, b) * second(a, b), MIXTURE, jnp.asarray(X))
    np.testing.assert_allclose(ksd2_biased(X, MIXTURE, product), matrix.mean(), rtol=1e-10)


def test_gradient_by_finite_differences_goes_through_the_score(x64):
    kernel = kernels.inverse_multiquadric(0.7)
    check_grads(jax.jit(lambda x: ksd2_biased(x, MIXTURE, kernel)), (X[:4],), order=1, modes=["rev"], rtol=1e-6)


def test_a_step_along_the_velocity_descends_and_y_is_not_used(x64):
    objective, x = ksd(MIXTURE, kernels.gaussian(1.0)), jnp.asarray(X)
    loss = jax.jit(lambda x: objective.loss(jax.random.key(0), (), x, jnp.full_like(x, jnp.nan)))
    v = jax.jit(lambda x: velocity(objective, jax.random.key(0), (), x, jnp.full_like(x, jnp.nan)))(x)
    value, moved, slope = loss(x), loss(x + 1e-4 * v), -float(np.mean(np.sum(v * v, axis=1)))
    np.testing.assert_allclose((moved - value) / 1e-4, slope, rtol=1e-2)


@pytest.mark.parametrize("dim", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_float32_far_from_the_origin_matches_float64(dim):
    x = (1e3 + np.random.default_rng(1).normal(size=(200, dim))).astype(np.float32)

    def value(x):
        return ksd2_biased(x, lambda points: 1e3 - points, kernels.inverse_multiquadric(1.0))

    got = value(x)
    with jax.enable_x64(True):
        np.testing.assert_allclose(got, value(x.astype(np.float64)), rtol=3e-5)


def test_kernels_that_have_no_second_derivative_are_explained():
    for kernel in (kernels.laplace(1.0), kernels.polynomial(), kernels.gaussian(1.0) + 2.0 * kernels.distance()):
        with pytest.raises(TypeError, match=r"second derivative at zero.*but is"):
            ksd(normal_score, kernel)
    with pytest.raises(TypeError):
        ksd2_biased(X, normal_score, 1.0)


def test_bad_scores_are_explained():
    with pytest.raises(TypeError):
        ksd(3.0, kernels.gaussian(1.0))
    with pytest.raises(ValueError, match=r"one vector a point, shape \(7, 2\), but gave \(7,\)"):
        ksd2_biased(X, lambda points: points[:, 0], kernels.gaussian(1.0))
    with pytest.raises(ValueError, match="at least 2 sample"):
        ksd2_unbiased(X[:1], normal_score, kernels.gaussian(1.0))
    with pytest.raises(ValueError, match="for at least 2 samples, since each is compared with others, but is for 1"):
        ksd2_unbiased(X, normal_score, kernels.gaussian(1.0), x_weights=[1.0, 0, 0, 0, 0, 0, 0])


def test_pairs_of_a_sample_with_itself_and_a_weight_near_one_take_no_digits_along():
    """The U-statistic with a narrow kernel, and with a weight that outweighs all others, in single and double precision."""
    weights = np.array([1 - 1e-6, *[1e-6 / 6] * 6])
    narrow = jax.jit(lambda x, w: ksd2_unbiased(x, normal_score, kernels.gaussian(0.15), x_weights=w))
    with jax.enable_x64(True):
        expected = [narrow(X, w) for w in (np.ones(7), weights)]
    got = [narrow(X.astype(np.float32), w.astype(np.float32)) for w in (np.ones(7), weights)]
    np.testing.assert_allclose(got, expected, rtol=2e-4)
