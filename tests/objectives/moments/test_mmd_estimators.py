import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import NoWitnessError, kernels
from igm_jax.objectives import (
    mmd2_block,
    mmd2_estimate,
    mmd2_incomplete,
    mmd2_linear,
    mmd_block,
)
from tests import reference

KERNEL = kernels.gaussian(1.0)
EXACT = 0.39149826544433586  # of the two Gaussians of the references
REPEATS = 800


def matrix(x, y):
    return np.exp(-reference.squared_distances(x, y) / 2)


def met(x, y):
    """h(i, j) of all pairs."""
    across = matrix(x, y)
    return matrix(x, x) + matrix(y, y) - across - across.T


def mean_of_distinct(h):
    n = len(h)
    return (h.sum() - np.trace(h)) / (n * (n - 1))


def pair(n, m, seed=0):
    rng = np.random.default_rng(seed)
    return reference.draw(rng, reference.GAUSSIAN_A, n), reference.draw(rng, reference.GAUSSIAN_B, m)


@jax.jit
@jax.vmap
def estimates(key, x, y):
    return {
        "linear": mmd2_linear(x, y, KERNEL),
        "block": mmd2_block(x, y, KERNEL, block_size=6),
        "incomplete": mmd2_incomplete(key, x, y, KERNEL, num_shifts=3),
        "complete": mmd2_estimate(x[:40], y, KERNEL),
    }


@functools.cache
def replicated(different):
    """Values and standard errors, (repeats,) each, of all estimators on fresh draws of two laws, or of one."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        x = reference.draw(rng, reference.GAUSSIAN_A, (REPEATS, 60))
        y = reference.draw(rng, reference.GAUSSIAN_B if different else reference.GAUSSIAN_A, (REPEATS, 60))
        return jax.tree.map(np.asarray, estimates(jax.random.split(jax.random.key(0), REPEATS), x, y))


@pytest.mark.parametrize("different", [True, False])
@pytest.mark.parametrize("name", ["linear", "block", "incomplete", "complete"])
def test_is_unbiased_and_its_standard_error_is_the_spread_over_replications(name, different):
    values, errors = replicated(different)[name]
    spread = values.std(ddof=1)
    assert abs(values.mean() - (EXACT if different else 0)) < 4 * spread / np.sqrt(REPEATS)
    # A variance over 800 replications is known to √(2/800) = 5 %, and more coarsely where tails are heavy.
    # Of all pairs between equal laws a variance below zero counts as zero.
    at_most = 1.75 if name == "complete" and not different else 1.15
    assert 0.85 < np.mean(errors**2) / spread**2 < at_most


def test_more_pairs_are_a_smaller_error():
    spreads = {name: found.value.std() for name, found in replicated(True).items()}
    assert spreads["complete"] < spreads["incomplete"] < spreads["linear"]
    assert spreads["block"] < spreads["linear"]


def test_linear_block_and_incomplete_are_means_over_their_pairs(x64):
    @jax.jit
    def found(x, y):
        of_shifts = mmd2_incomplete(jax.random.key(0), x, y, KERNEL, num_shifts=15)
        return mmd2_linear(x, y, KERNEL), mmd2_block(x, y, KERNEL, block_size=10), of_shifts.value

    x, y = pair(31, 35)
    h, (linear, block, incomplete) = met(x, y[:31]), found(x, y)
    pairs = np.array([h[i, i + 1] for i in range(0, 30, 2)])
    np.testing.assert_allclose(linear, (pairs.mean(), pairs.std(ddof=1) / np.sqrt(15)), rtol=1e-12)
    blocks = [mean_of_distinct(h[i : i + 10, i : i + 10]) for i in (0, 10, 20)]
    np.testing.assert_allclose(block, (np.mean(blocks), np.std(blocks, ddof=1) / np.sqrt(3)), rtol=1e-12)
    np.testing.assert_allclose(incomplete, mean_of_distinct(h), rtol=1e-12)


def test_the_error_of_the_incomplete_estimate_sums_over_pairs_that_share_a_sample(x64):
    x, y = pair(9, 9)
    h, key = met(x, y), jax.random.key(3)
    found = jax.jit(lambda x, y: mmd2_incomplete(key, x, y, KERNEL, num_shifts=2))(x, y)
    designs = [[(i, (i + s) % 9) for s in (r, t) for i in range(9)] for r in range(1, 5) for t in range(r + 1, 5)]
    (pairs,) = [d for d in designs if np.isclose(np.mean([h[p] for p in d]), found.value, rtol=1e-10)]
    deviations = [h[p] - found.value for p in pairs]
    shared = sum(a * b for p, a in zip(pairs, deviations) for q, b in zip(pairs, deviations) if set(p) & set(q))  # noqa: B905
    np.testing.assert_allclose(found.standard_error, np.sqrt(max(shared, 0)) / 18, rtol=1e-8)


def test_the_objective_is_unbiased_for_the_mean_over_all_pairs(x64):
    x, y = (jnp.asarray(some) for some in pair(9, 9))
    expected = mean_of_distinct(met(x, y))
    objective, keys = mmd_block(KERNEL, 2), jax.random.split(jax.random.key(0), 2000)
    values = np.asarray(jax.jit(jax.vmap(lambda key: objective.loss(key, (), x, y)))(keys))
    assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(keys))
    assert values.std() > 0.01
    with pytest.raises(NoWitnessError, match="some others"):
        objective.witness((), x, x, y)


def test_samples_beyond_the_smaller_set_take_their_turn():
    x, y = (jnp.asarray(some, jnp.float32) for some in pair(5, 2))
    slope = jax.jit(jax.grad(lambda x, key: mmd_block(kernels.distance(), 2).loss(key, (), x, y)))
    slopes = np.stack([np.abs(slope(x, key)).sum(1) for key in jax.random.split(jax.random.key(0), 40)])
    assert ((slopes != 0).sum(1) == 2).all()
    assert (slopes != 0).any(0).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: mmd2_linear(x[:3], x, KERNEL), "two blocks of 2 do not fit into the smaller set of 3"),
        (lambda x: mmd2_block(x, x, KERNEL, block_size=1), "`block_size` must be at least 2"),
        (lambda x: mmd2_incomplete(jax.random.key(0), x, x, KERNEL, num_shifts=3), "at most 2 for 6 samples"),
        (lambda x: mmd_block(KERNEL, 1), "`block_size` must be at least 2"),
    ],
)
def test_wrong_arguments_are_explained(wrong, words):
    with pytest.raises((ValueError, TypeError), match=words):
        wrong(np.ones((6, 2), np.float32) * np.arange(6, dtype=np.float32)[:, None])
