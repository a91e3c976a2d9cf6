"""The bases: laws, densities, scores, and use inside jit, scan and vmap."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from igm_jax.distributions import Distribution, dataset, grid, normal, sphere, swiss_roll, uniform_cube

BASES = {
    "normal": normal(3),
    "uniform_cube": uniform_cube(3, -1.0, 2.0),
    "sphere": sphere(3, 2.0),
    "dataset": dataset(np.arange(12.0).reshape(4, 3)),
}


@pytest.mark.parametrize("name", BASES)
def test_draws_are_the_same_for_the_same_key_and_compile(name, key):
    base = BASES[name]
    x = base(key, 5)
    assert x.shape == (5, base.dim)
    assert x.dtype == jnp.float32
    assert bool(jnp.isfinite(x).all())
    compiled = jax.jit(base, static_argnums=1)
    np.testing.assert_allclose(x, compiled(key, 5), rtol=1e-6)
    assert not np.array_equal(x, compiled(jax.random.key(1), 5))


def test_draws_follow_double_precision(x64, key):
    for base in (normal(2), uniform_cube(2), sphere(2), grid(), swiss_roll(), dataset(np.ones((2, 2)))):
        assert jax.eval_shape(lambda key, base=base: base(key, 3), key).dtype == jnp.float64, base.name


def test_normal_and_uniform_laws(key):
    assert stats.kstest(np.ravel(BASES["normal"](key, 2000)), "norm").pvalue > 1e-3
    assert stats.kstest(np.ravel(BASES["uniform_cube"](key, 2000)), stats.uniform(-1, 3).cdf).pvalue > 1e-3


def test_normal_density_is_scipys(x64, key):
    points = 3 * jax.random.normal(key, (20, 3))
    expected = stats.multivariate_normal(np.zeros(3)).logpdf(points)
    np.testing.assert_allclose(normal(3).log_density(points), expected, rtol=1e-13)
    np.testing.assert_allclose(normal(3).score(points), -points, rtol=1e-13)


def test_uniform_density_and_score():
    base = uniform_cube(2, -1.0, 2.0)
    np.testing.assert_allclose(base.log_density([[0.0, 0.0], [2.5, 0.0]]), [-2 * np.log(3), -np.inf], rtol=1e-6)
    np.testing.assert_array_equal(base.score([[0.0, 0.0], [2.5, 0.0]]), np.zeros((2, 2)))


def test_sphere_is_uniform(key):
    x = np.asarray(BASES["sphere"](key, 4000))
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 2.0, rtol=1e-6)
    # Archimedes: on the sphere in three dimensions every coordinate is uniform.
    for j in range(3):
        assert stats.kstest(x[:, j], stats.uniform(-2, 4).cdf).pvalue > 1e-3


def test_sphere_in_one_dimension_is_two_points(key):
    x = np.asarray(sphere(1)(key, 1000))
    assert set(x.ravel().tolist()) == {-1.0, 1.0}
    assert abs(x.mean()) < 4 / np.sqrt(1000)


def test_dataset_draws_rows_with_replacement_equally_often(key):
    base = BASES["dataset"]
    counts = np.bincount(np.asarray(base(key, 4000))[:, 0].astype(int) // 3, minlength=4)
    assert counts.sum() == 4000
    assert stats.chisquare(counts).pvalue > 1e-3
    rows = {tuple(row) for row in np.asarray(base(key, 50)).tolist()}
    assert rows <= {(0.0, 1.0, 2.0), (3.0, 4.0, 5.0), (6.0, 7.0, 8.0), (9.0, 10.0, 11.0)}


def test_dataset_works_inside_jit_scan_and_vmap(key):
    base = BASES["dataset"]
    keys = jax.random.split(key, 3)
    expected = jnp.stack([base(k, 4) for k in keys])

    @jax.jit
    def scanned(keys):
        return jax.lax.scan(lambda carry, k: (carry, base(k, 4)), 0, keys)[1]

    np.testing.assert_array_equal(scanned(keys), expected)
    np.testing.assert_array_equal(jax.vmap(lambda k: base(k, 4))(keys), expected)


def test_dataset_takes_rows_that_are_being_traced(key):
    shape = jax.eval_shape(lambda rows: dataset(rows)(key, 4), jnp.ones((2, 3))).shape
    assert shape == (4, 3)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.zeros(3), "shape"),
        (np.zeros((0, 3)), "at least 1 sample"),
        (np.array([[np.nan]]), "NaN"),
        (np.array([[np.inf]]), "NaN or infinite"),
    ],
)
def test_dataset_refuses_bad_data(x, text):
    with pytest.raises(ValueError, match=text):
        dataset(x)


def test_dataset_refuses_words():
    with pytest.raises(TypeError, match="numbers"):
        dataset([["digits"]])


def test_a_score_without_a_density_says_why():
    for base, why in ((sphere(2), "surface"), (BASES["dataset"], "finite set of points"), (swiss_roll(0.0), "curve")):
        assert base.log_density is None
        with pytest.raises(TypeError, match=why):
            base.score(jnp.zeros((1, base.dim)))


def test_points_must_fit():
    with pytest.raises(ValueError, match="2 features"):
        normal(2).score(jnp.zeros((1, 3)))
    with pytest.raises(ValueError, match="2 features"):
        normal(2).log_density(jnp.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"\(n, d\)"):
        normal(2).log_density(jnp.zeros(2))


def test_arguments_are_checked(key):
    with pytest.raises(ValueError, match="`dim` must be at least 1"):
        normal(0)
    with pytest.raises(TypeError, match="dim"):
        normal(2.0)
    with pytest.raises(ValueError, match="below"):
        uniform_cube(2, 1.0, 1.0)
    with pytest.raises(ValueError, match="below"):
        uniform_cube(2, 0.0, float("inf"))
    with pytest.raises(ValueError, match="`radius` must be positive"):
        sphere(2, -1.0)
    with pytest.raises(ValueError, match="`n` must be at least 1"):
        normal(2)(key, 0)
    with pytest.raises(TypeError, match=r"parameter 'n'|`n`"):
        normal(2)(key, 2.5)


def test_a_distribution_is_hashable_and_prints_short():
    target = grid()
    assert target in {target}
    assert repr(target) == "grid()"
    assert repr(dataclasses.replace(target)) == "Distribution('grid')"


def test_a_distribution_of_ones_own(key):
    coin = Distribution("coin", 1, lambda key, n: jax.random.rademacher(key, (n, 1), dtype=float))
    assert coin(key, 4).shape == (4, 1)
    with pytest.raises(TypeError, match="'coin' has no density"):
        coin.score([[0.0]])


def test_a_data_set_of_bytes_is_refused_and_one_of_big_integers_keeps_its_digits(key, x64):
    with pytest.raises(ValueError, match=r"holds bytes \(uint8\) from 0 to 255; scale them.*x / 127.5 - 1"):
        dataset(np.zeros((3, 4), np.uint8))
    assert dataset(np.array([[2**33 + 7]]))(key, 1).tolist() == [[2**33 + 7]]
