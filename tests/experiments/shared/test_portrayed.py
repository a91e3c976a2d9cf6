import jax
import jax.numpy as jnp
import numpy as np

from experiments.shared.portrayed import by_side, carried_from, guided_sides, undone, within_sides
from igm_jax import energy_distance, velocity
from igm_jax.objectives import (
    conditional,
    cycle_consistent,
    drifting_field,
    energy,
    energy_scoring,
    guided_field,
    per_condition,
    transported,
)

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
X, Y = (jnp.asarray(RNG.normal(size=(12, 2)), jnp.float32) for _ in range(2))
RIGHT = np.asarray(X[:, 0] > 0)


def test_sides_are_compared_each_with_its_own():
    found = velocity(by_side(conditional(energy_distance, 2)), KEY, (), X, Y)
    alone = velocity(energy(), KEY, (), X[RIGHT], Y[np.asarray(Y[:, 0] > 0)])
    np.testing.assert_allclose(found[RIGHT], alone, rtol=1e-4, atol=1e-5)


def test_draws_of_a_side_are_scored_within_it():
    objective = within_sides(per_condition(energy_scoring()))
    assert np.isfinite(velocity(objective, KEY, (), X, Y)).all()


def test_guided_sides_are_drawn_with_a_strength():
    field = lambda x, y, **options: drifting_field(x, y, 0.5, **options).field  # noqa: E731
    found = velocity(guided_sides(guided_field(field, 2)), KEY, (), X, Y)
    assert float(jnp.abs(found).max()) > 0


def test_what_is_carried_pays_for_the_way():
    found = velocity(carried_from((1.0, 2.0), transported(energy(), 0.5)), KEY, (), X, Y)
    expected = velocity(energy(), KEY, (), X, Y) - (X - jnp.array([[1.0, 2.0]]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_of_two_maps_the_one_is_seen_alone():
    objective = undone(cycle_consistent(energy(), energy(), 1.0))
    state = objective.init(KEY, X)
    state, _ = objective.update(KEY, state, X, Y)
    np.testing.assert_allclose(
        velocity(objective, KEY, state, X, Y), velocity(energy(), KEY, (), X, Y), rtol=1e-4, atol=1e-5
    )
