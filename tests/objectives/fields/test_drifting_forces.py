import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.objectives.fields.drifting_forces import multiplicities, paper_drift, released_forces
from igm_jax.pairwise.temperatures import temperatures_of

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 6, 2)), 1 + RNG.normal(size=(2, 8, 2))


def test_of_the_paper_two_samples_and_a_datum_by_hand(x64):
    # On the line at 0, 1 and the datum 3, τ = 1: e^-1 between the samples, e^-3 and e^-2 to the datum.
    e = np.exp(-np.array([[np.inf, 1, 3], [1, np.inf, 2]]))
    affinity = e / np.sqrt(e.sum(1, keepdims=True) * e.sum(0, keepdims=True))
    model, data = affinity[:, :2], affinity[:, 2:]
    expected = data @ [[3.0]] * model.sum(1, keepdims=True) - model @ [[0.0], [1.0]] * data.sum(1, keepdims=True)
    x, y = jnp.array([[0.0], [1.0]]), jnp.array([[3.0]])
    found = paper_drift(x, (y,), temperatures_of((1.0,), float), (jnp.ones(2), jnp.ones(1)), 0.0)
    np.testing.assert_allclose(found.field, expected, rtol=1e-12)
    np.testing.assert_allclose(found.size, np.sqrt((expected**2).mean()), rtol=1e-12)


def test_released_forces_have_size_one_at_one_temperature_over_all_problems(x64):
    x, y = jnp.asarray(X), jnp.asarray(Y)
    weights = jnp.ones((2, 6)), jnp.asarray(RNG.uniform(0.5, 2, size=(2, 8)))
    force, unit, squares = jax.jit(released_forces, static_argnums=4)(
        x, (y,), temperatures_of((0.2,), float), weights, 1e-3
    )
    np.testing.assert_allclose(jnp.mean(force**2), 1, rtol=1e-9)
    assert unit > 0
    assert squares.shape == (1,)
    # In other units of length the forces are the same, and the unit is not.
    again, longer, _ = released_forces(4 * x, (4 * y,), temperatures_of((0.2,), float), weights, 1e-3)
    np.testing.assert_allclose(again, force, rtol=1e-9)
    np.testing.assert_allclose(longer, 4 * unit, rtol=1e-9)


def test_multiplicities_are_ones_and_are_not_normalised():
    like = jnp.zeros((3, 1))
    np.testing.assert_array_equal(multiplicities("x_weights", None, like), np.ones(3))
    np.testing.assert_array_equal(multiplicities("x_weights", [2.0, 0.0, 5.0], like), [2, 0, 5])
