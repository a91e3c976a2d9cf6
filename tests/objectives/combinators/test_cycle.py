import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, NoWitnessError
from igm_jax.generators import both_ways
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import Unpaired, cycle_consistent, energy, gan

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
A, B = jnp.asarray(RNG.normal(size=(5, 2))), jnp.asarray(2 + RNG.normal(size=(5, 2)))


def batch(there, back):
    """What the two maps make of A and B."""
    ahead, behind = there(A), back(B)
    return Batch(jnp.concatenate([ahead, behind, back(ahead), there(behind)], axis=1), Unpaired(A, B))


def test_maps_that_undo_each_other_pay_for_their_laws_alone():
    x = batch(lambda v: v + 1.0, lambda v: v - 1.0)
    found = cycle_consistent(energy(), energy(), 100.0).loss(KEY, ((), ()), x, B)
    expected = energy().loss(KEY, (), A + 1, B) + energy().loss(KEY, (), B - 1, A)
    assert float(found) == pytest.approx(float(expected), abs=1e-4)


def test_what_comes_back_elsewhere_is_paid_for():
    objective = cycle_consistent(energy(), energy(), 3.0)
    x = batch(lambda v: v + 1.0, lambda v: v)
    apart = objective.loss(KEY, ((), ()), x, B) - cycle_consistent(energy(), energy(), 0.0).loss(KEY, ((), ()), x, B)
    assert float(apart) == pytest.approx(6.0, rel=1e-5)  # one unit off on both ways


def test_two_critics_learn_each_its_side():
    critic = gan(mlp_critic(2, width=8), optax.sgd(1e-2))
    generator = both_ways(mlp(2, 2, width=8), mlp(2, 2, width=8))
    objective = cycle_consistent(critic, critic, 10.0)
    with jax.numpy_dtype_promotion("standard"):
        params = generator.init(KEY)
        x = Batch(generator.sample(params, KEY, Unpaired(A, B), 1), Unpaired(A, B))
        before = objective.init(KEY, x)
        after, info = objective.update(KEY, before, x, B)
    assert {name.split("/")[0] for name in info} == {"there", "back"}
    for old, new in zip(before, after, strict=True):
        assert any(bool(jnp.any(a != b)) for a, b in zip(jax.tree.leaves(old), jax.tree.leaves(new), strict=True))


def test_what_does_not_fit_is_explained():
    objective = cycle_consistent(energy(), energy(), 1.0)
    with pytest.raises(TypeError, match=r"drawn under `Unpaired\(source, target\)`"):
        objective.loss(KEY, ((), ()), Batch(jnp.ones((5, 8)), A), B)
    with pytest.raises(ValueError, match="bring both sides to one shape"):
        objective.loss(KEY, ((), ()), Batch(jnp.ones((5, 8)), Unpaired(A, jnp.ones((5, 3)))), B)
    with pytest.raises(ValueError, match="`weight`"):
        cycle_consistent(energy(), energy(), -1.0)
    with pytest.raises(TypeError, match="back"):
        cycle_consistent(energy(), energy, 1.0)  # pyrefly: ignore
    with pytest.raises(NoWitnessError, match="two maps at once"):
        objective.witness(((), ()), A, A, B)
