"""Whole steps: both sides make as many, of every seed, and their states stay sound."""

import jax
import numpy as np
import pytest

from benchmarks.whole_steps import CHUNK, PLANE, ours, plain, setting


@pytest.fixture(autouse=True)
def optax_types():
    """Optax mixes Python's numbers into arrays."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.parametrize("name", ["energy", "gan"])
@pytest.mark.parametrize("of", [ours, plain])
def test_a_call_makes_some_steps_and_the_next_goes_on(name, of):
    call = of(name, setting(PLANE), 8, 2)
    before, after = call(), call()
    params = [one.params if of is ours else one[0] for one in (before, after)]
    leaves = [np.asarray(jax.tree.leaves(one)[0]) for one in params]
    assert leaves[0].shape[0] == 2
    assert np.isfinite(leaves[1]).all()
    assert not np.array_equal(*leaves)
    if of is ours:
        assert int(after.step[0]) == 2 * CHUNK
