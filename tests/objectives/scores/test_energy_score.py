import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import stats

from igm_jax import kernels, mmd2_unbiased
from igm_jax.objectives import energy_score, kernel_score
from tests import reference

RNG = np.random.default_rng(0)
score = jax.jit(energy_score, static_argnames="beta")


def crps(mean, std, y):
    """Of a normal law: E|X - y| - ½ E|X - X'|."""
    z = (y - mean) / std
    return std * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


def test_is_the_ranked_probability_score_of_a_normal_law(x64):
    mean, std, y = np.array([0.3, -1.0, 2.0]), np.array([0.5, 1.0, 2.0]), np.array([0.1, 1.5, 2.0])
    draws = mean[None, :, None] + std[None, :, None] * RNG.normal(size=(400, 3, 6))
    many = score(draws.reshape(1200, 6)[..., None], np.tile(y, 400)[:, None])
    values = np.asarray(many).reshape(400, 3)  # unbiased with six draws, and so on average exact
    assert (np.abs(values.mean(0) - crps(mean, std, y)) < 4 * values.std(0) / np.sqrt(400)).all()
    grid = mean[:, None] + std[:, None] * stats.norm.ppf((np.arange(2000) + 0.5) / 2000)[None]
    np.testing.assert_allclose(score(grid[..., None], y[:, None]), crps(mean, std, y), rtol=2e-3)


def test_is_its_formula_for_vectors(x64):
    draws, y = RNG.normal(size=(4, 5, 3)), RNG.normal(size=(4, 3))
    for beta in (0.5, 1.0, 2.0):
        expected = [
            np.mean(np.linalg.norm(some - datum, axis=1) ** beta)
            - 0.5 * np.sum(reference.squared_distances(some, some) ** (beta / 2)) / 20
            for some, datum in zip(draws, y, strict=True)
        ]
        np.testing.assert_allclose(score(draws, y, beta=beta), expected, rtol=1e-10)


def test_a_mean_of_scores_is_half_the_mmd_plus_what_no_model_can_change(x64):
    x, y, kernel = RNG.normal(size=(8, 2)), 1 + RNG.normal(size=(11, 2)), kernels.gaussian(0.8)
    scores = jax.jit(lambda draws, y: kernel_score(draws, y, kernel))(np.broadcast_to(x, (11, 8, 2)), y)
    data = np.asarray(kernel(y, y))
    own = (data.sum() - 11) / 110
    np.testing.assert_allclose(jnp.mean(scores), 0.5 * mmd2_unbiased(x, y, kernel) - 0.5 * own + 0.5, rtol=1e-10)


def test_the_true_law_has_the_least_score_on_average(x64):
    """Proper: in the mean and in the spread of a normal model the expected score has its minimum at the truth."""
    noise = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    y = 1 + 0.5 * noise

    @jax.jit
    def expected(mean, std):
        draws = jnp.broadcast_to((mean + std * noise)[None, :, None], (200, 200, 1))
        return jnp.mean(energy_score(draws, y[:, None]))

    slopes = jax.jit(jax.grad(expected, argnums=(0, 1)))(1.0, 0.5)
    # Nodes that are no random draws are met with each other a little too often: by ½ E|Z - Z'| / 199.
    np.testing.assert_allclose(slopes, (0, -1 / np.sqrt(np.pi) / 199), atol=1e-4)
    best = expected(1.0, 0.5)
    np.testing.assert_allclose(best, 0.5 / np.sqrt(np.pi), rtol=1e-2)  # ½ E|Y - Y'|
    for wrong in ((1.2, 0.5), (0.8, 0.5), (1.0, 0.4), (1.0, 0.65)):
        assert expected(*wrong) > best + 1e-3


def test_trains_a_conditional_model_from_one_datum_a_condition(x64):
    """A line with normal noise: slope, offset and spread are found from single observations."""
    condition = RNG.normal(size=400)
    y = 1 + 2 * condition + 0.5 * RNG.normal(size=400)

    def loss(parameters, key):
        noise = jax.random.normal(key, (400, 4))
        slope, offset, spread = parameters
        draws = (offset + slope * condition)[:, None] + spread * noise
        return jnp.mean(energy_score(draws[..., None], y[:, None]))

    @jax.jit
    def fitted(keys):
        step = jax.grad(loss)
        return jax.lax.scan(lambda p, key: (p - 0.5 * step(p, key), p), jnp.array([0.0, 0.0, 1.0]), keys)[1]

    path = fitted(jax.random.split(jax.random.key(0), 300))
    np.testing.assert_allclose(path[-100:].mean(0), [2, 1, 0.5], atol=0.1)  # the data say so to 0.03


def test_gradients_by_finite_differences(x64):
    draws, y = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 2))
    check_grads(
        jax.jit(lambda draws, y: jnp.sum(energy_score(draws, y))), (draws, y), order=1, modes=["rev"], rtol=1e-5
    )


@pytest.mark.parametrize("draws", [np.ones((3, 1, 2)), np.ones((3, 4, 1)), np.ones((4, 4, 2)), np.ones((3, 2))])
def test_draws_that_do_not_fit_are_explained(draws):
    with pytest.raises(ValueError, match="at least two draws for each of the data"):
        energy_score(draws, np.ones((3, 2)))
