"""Any law into any other: laws of one size, a law by its number, and pairs that train as one alone would."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.any_to_any import ATOMS, LAWS, Recipe, any_of, drawn, pairs_of, trained
from igm_jax.distributions import normal, uniform_cube
from igm_jax.networks import mlp
from igm_jax.objectives import energy


@pytest.mark.parametrize("name", sorted(LAWS))
def test_laws_have_mean_zero_and_variance_one(name):
    x = np.asarray(LAWS[name](jax.random.key(0), 40_000))
    np.testing.assert_allclose(x.mean(0), 0, atol=0.03)
    # The variance of Student's variance is infinite: its third is held to its quartiles below.
    if name != "Student":
        np.testing.assert_allclose(x.var(0), 1, atol=0.03)


def test_students_law_is_students():
    from scipy import stats

    x = np.asarray(LAWS["Student"](jax.random.key(0), 100_000))[:, 0] * 3**0.5
    for q in (0.1, 0.25, 0.75, 0.9, 0.99):
        assert np.mean(x < stats.t(3).ppf(q)) == pytest.approx(q, abs=4 * (q * (1 - q) / len(x)) ** 0.5)


def test_atoms_are_nine():
    x = np.unique(np.asarray(LAWS["atoms"](jax.random.key(0), 1000)), axis=0)
    np.testing.assert_allclose(x, np.unique(ATOMS, axis=0), rtol=1e-6)
    assert len(x) == 9


def test_a_law_is_chosen_by_a_traced_number():
    laws, key = [normal(2), uniform_cube(2)], jax.random.key(3)
    draws = jax.jit(jax.vmap(lambda which: any_of(laws, which)(key, 5)))(jnp.arange(2))
    for law, x in zip(laws, draws, strict=True):
        np.testing.assert_allclose(x, law(key, 5), rtol=1e-6)


def small(steps):
    net = mlp(2, 2, width=16, depth=2)
    return Recipe(net, [normal(2), uniform_cube(2)], [uniform_cube(2, 3.0, 4.0)], energy(), steps, 32, 1e-2)


def test_pairs_are_all_ordered_pairs():
    np.testing.assert_array_equal(pairs_of(small(1)), [[0, 0], [1, 0]])


def test_every_pair_comes_to_its_target():
    recipe = small(300)
    with jax.numpy_dtype_promotion("standard"):  # of optax
        told = list(trained(recipe, jax.random.key(0), parts=3))
    assert [done for done, _ in told] == [100, 200, 300]
    z, x = drawn(recipe, told[-1][1], jax.random.key(1), 500)
    np.testing.assert_allclose(x.mean(1), 3.5, atol=0.1)
    assert (z[1] >= 0).all()
    assert (z[0] < 0).any()  # each from its own base
