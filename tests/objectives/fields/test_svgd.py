import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import NoWitnessError, kernels, velocity
from igm_jax.distributions import gaussian, gaussian_mixture
from igm_jax.objectives import ksd2_biased, svgd, svgd_field

RNG = np.random.default_rng(0)
X, WEIGHTS = RNG.normal(size=(7, 2)) + 0.5, RNG.uniform(size=7)
MIXTURE = jax.jit(gaussian_mixture([[-1.0, 0.0], [1.0, 0.5]], 0.8).score)
KEY = jax.random.key(0)

SCALARS = {
    "gaussian": (kernels.gaussian(1.3), lambda a, b: jnp.exp(-jnp.sum((a - b) ** 2) / (2 * 1.3**2))),
    "laplace": (kernels.laplace(0.9), lambda a, b: jnp.exp(-jnp.sqrt(jnp.sum((a - b) ** 2)) / 0.9)),
    "polynomial": (kernels.polynomial(3, 0.5), lambda a, b: (a @ b / 2 + 0.5) ** 3),
}


@pytest.mark.parametrize("name", SCALARS)
def test_field_is_the_score_and_the_kernel_s_slope_averaged(name, x64):
    kernel, scalar = SCALARS[name]
    points, a = jnp.asarray(X[:4] + 0.1), WEIGHTS / WEIGHTS.sum()

    def term(x, point, score):
        return scalar(x, point) * score + jax.grad(scalar)(x, point)

    every = jax.jit(jax.vmap(jax.vmap(term, (0, None, 0)), (None, 0, None)))
    terms = every(jnp.asarray(X), points, MIXTURE(X))
    expected = np.einsum("j,pjd->pd", a, terms)
    got = svgd_field(X, MIXTURE, kernel, points=points, x_weights=WEIGHTS)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_a_linear_kernel_rests_where_mean_and_covariance_are_those_of_a_gaussian(x64):
    mean, covariance = np.array([0.5, -1.0]), np.array([[1.0, 0.3], [0.3, 0.5]])
    target, kernel = gaussian(mean, covariance), kernels.polynomial(1, 1.0)
    centred = X - X.mean(0)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(centred.T, bias=True)), centred.T).T
    matched = mean + white @ np.linalg.cholesky(covariance).T
    np.testing.assert_allclose(svgd_field(matched, target.score, kernel), 0, atol=1e-12)
    for other in (matched + 0.1, mean + 1.1 * (matched - mean)):
        assert np.abs(svgd_field(other, target.score, kernel)).max() > 0.05


def test_it_is_the_steepest_descent_at_the_rate_of_the_stein_discrepancy(x64):
    # KL falls along any field v at the rate E[s·v + div v]; along this one that is its squared norm, KSD².
    x, kernel = jnp.asarray(X), kernels.gaussian(1.3)
    a = WEIGHTS / WEIGHTS.sum()

    def at(point):
        return svgd_field(x, MIXTURE, kernel, points=point[None], x_weights=WEIGHTS)[0]

    v, divergence = jax.jit(jax.vmap(lambda p: (at(p), jnp.trace(jax.jacfwd(at)(p)))))(x)
    rate = a @ (np.sum(MIXTURE(x) * v, axis=1) + divergence)
    np.testing.assert_allclose(rate, ksd2_biased(x, MIXTURE, kernel, x_weights=WEIGHTS), rtol=1e-10)


def test_a_generator_follows_the_pull_back_of_the_particles_field(x64):
    objective = svgd(MIXTURE, kernels.gaussian(1.3))
    z, params = jnp.asarray(X), {"matrix": jnp.array([[1.0, 0.2], [-0.3, 0.7]]), "shift": jnp.array([0.3, 0.1])}

    def sample(params):
        return z @ params["matrix"] + params["shift"][None]

    x = sample(params)
    v = np.asarray(svgd_field(x, MIXTURE, kernels.gaussian(1.3)))
    gradient = jax.grad(lambda params: objective.loss(KEY, (), sample(params), x))(params)
    np.testing.assert_allclose(gradient["shift"], -v.mean(0), rtol=1e-12)
    np.testing.assert_allclose(gradient["matrix"], -X.T @ v / len(X), rtol=1e-12)


def test_its_field_is_not_a_gradient_and_the_witness_says_so(x64):
    def at(point):
        return svgd_field(X, MIXTURE, kernels.gaussian(1.3), points=point[None])[0]

    jacobian = jax.jit(jax.jacfwd(at))(jnp.array([0.2, 0.1]))
    assert abs(jacobian[0, 1] - jacobian[1, 0]) > 1e-3
    with pytest.raises(NoWitnessError, match="not a gradient"):
        svgd(MIXTURE, kernels.gaussian(1.0)).witness((), jacobian, jacobian, jacobian)


def test_y_is_not_used(x64):
    x = jnp.asarray(X)
    got = velocity(svgd(MIXTURE, kernels.gaussian(1.3)), KEY, (), x, x + jnp.nan)
    np.testing.assert_allclose(got, svgd_field(X, MIXTURE, kernels.gaussian(1.3)), rtol=1e-12)


def test_bad_arguments_are_explained():
    with pytest.raises(TypeError):
        svgd(MIXTURE, "gaussian")
    with pytest.raises(TypeError):
        svgd(None, kernels.gaussian(1.0))
    with pytest.raises(ValueError, match="`points` and `x` must have the same number of features"):
        svgd_field(X, MIXTURE, kernels.gaussian(1.0), points=np.zeros((2, 3)))
