import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from igm_jax.distributions import bimodal, heteroscedastic, preadditive
from igm_jax.distributions.conditional import SHAPES, mean_norm
from igm_jax.objectives import energy_score

KEY = jax.random.key(0)
LAWS = {
    **{shape: preadditive(shape) for shape in SHAPES},
    "preadditive, narrow": preadditive("cubic", 0.3),
    **{f"heteroscedastic {d}": heteroscedastic(d) for d in (1, 2, 10)},
    **{f"bimodal {d}": bimodal(d) for d in (1, 2, 10)},
}


@pytest.mark.parametrize("name", LAWS)
def test_no_score_is_lower_on_average_than_the_law_s_own(name):
    """Its draws score as the formula says, within four standard errors at every condition."""
    law = LAWS[name]
    c = law.conditions(KEY, 8)
    n = 4000
    several = jnp.repeat(c, n, axis=0)
    draws = law.sample(jax.random.key(1), several, 4)
    data = law.sample(jax.random.key(2), several, 1)[:, 0]
    scores = np.asarray(energy_score(draws, data)).reshape(8, n)
    error = scores.std(axis=1) / np.sqrt(n)
    assert (np.abs(scores.mean(axis=1) - law.energy_score(c)) < 4 * error + 1e-4).all()


@pytest.mark.parametrize("name", [name for name, law in LAWS.items() if law.quantiles is not None])
def test_quantiles_are_those_of_draws(name):
    law = LAWS[name]
    c = law.conditions(KEY, 3)
    draws = np.asarray(law.sample(KEY, c, 20000))[..., 0]
    for level in (0.1, 0.5, 0.9):
        below = (draws <= law.quantiles(np.asarray(c), [level]) + 1e-6).mean(axis=1)
        # Where there is an atom, as of a square below 0, more than so many are at most it.
        assert (below > level - 4 * np.sqrt(0.25 / 20000)).all()
        assert ((below < level + 4 * np.sqrt(0.25 / 20000)) | (law.quantiles(np.asarray(c), [level])[:, 0] == 0)).all()


@pytest.mark.parametrize("name", [name for name, law in LAWS.items() if law.log_density is not None and law.dim == 1])
def test_densities_are_laws(name, x64):
    law = LAWS[name]
    grid = np.linspace(-6, 6, 6001)
    for place in (-0.8, 0.1, 0.9):
        density = np.exp(law.log_density(jnp.asarray(grid[:, None]), jnp.full((6001, 1), place)))
        np.testing.assert_allclose(density.sum() * 12 / 6000, 1, rtol=1e-6)
        draws = np.asarray(law.sample(KEY, jnp.full((1, 1), place), 4000))[0, :, 0]
        cdf = lambda x, density=density: np.interp(x, grid, np.cumsum(density) * 12 / 6000)  # noqa: E731
        assert stats.kstest(draws, cdf).pvalue > 1e-3


@pytest.mark.parametrize("dim", [1, 2, 3, 10])
def test_the_mean_length_around_a_place(dim):
    noise = np.random.default_rng(0).normal(size=(100000, dim))
    for offset in (0.0, 0.7, 3.0):
        lengths = np.linalg.norm(noise + offset * np.eye(dim)[0], axis=1)
        np.testing.assert_allclose(lengths.mean(), mean_norm(dim, offset), atol=4 * lengths.std() / np.sqrt(100000))
    series = np.sqrt(2) * special.gamma((dim + 1) / 2) / special.gamma(dim / 2) * special.hyp1f1(-0.5, dim / 2, -2.0)
    np.testing.assert_allclose(mean_norm(dim, 2.0), series, rtol=1e-11)
    far = np.array([50.0, 1e4])
    np.testing.assert_allclose(mean_norm(dim, far), far + (dim - 1) / (2 * far), rtol=1e-4)


def test_the_mean_length_in_many_dimensions():
    noise = np.random.default_rng(0).normal(size=(4000, 1000))
    lengths = np.linalg.norm(noise + 20.1 / np.sqrt(1000), axis=1)
    np.testing.assert_allclose(lengths.mean(), mean_norm(1000, 20.1), atol=4 * lengths.std() / np.sqrt(4000))


def test_the_functions_of_the_simulators(x64):
    x = np.array([[-3.0], [1.0], [2.0], [5.0]])
    median = lambda shape: preadditive(shape).quantiles(x, [0.5])[:, 0]  # noqa: E731
    np.testing.assert_allclose(median("softplus"), np.log1p(np.exp(x[:, 0])), rtol=1e-12)
    np.testing.assert_allclose(median("square"), [0, 0.5, 2, 12.5], atol=1e-12)
    np.testing.assert_allclose(median("cubic"), x[:, 0] ** 3 / 3, rtol=1e-12)
    np.testing.assert_allclose(
        median("log"), [-1 + np.log(3) - 2 / 3, np.log(3) - 1 / 3, np.log(3), np.log(6)], rtol=1e-12
    )


def test_draws_come_with_their_conditions():
    batch = preadditive("log")(KEY, 50)
    assert batch.values.shape == batch.condition.shape == (50, 1)
    assert 0 <= float(batch.condition.min()) <= float(batch.condition.max()) <= 2
    with pytest.raises(ValueError, match="shape"):
        preadditive("sine")
