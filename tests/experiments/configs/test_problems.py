"""Data sets as problems: parts, pairs of values and conditions, and what is judged."""

import jax
import numpy as np
import pytest

from experiments.configs.generator import Pushforward, paired
from experiments.configs.problems import of_pairs, of_splits
from igm_jax.distributions import Part, Scaling, Splits

RNG = np.random.default_rng(0)


def rows(n, **more):
    return Part(RNG.normal(size=(n, 2)).astype(np.float32), **more)


def given(n):
    condition = RNG.normal(size=(n, 3)).astype(np.float32)
    return Part((condition[:, :2] * 2).astype(np.float32), condition=condition)


def test_parts_are_kept_apart(key):
    splits = Splits(rows(50), rows(7), rows(9), None, "mine", digest="abc")
    problem = of_splits(splits, "abc")
    drawn = np.asarray(problem.held_out(key, 100))
    assert np.isin(drawn[:, 0], splits.validation.values[:, 0]).all()
    assert (problem.fingerprint, problem.of_images, problem.space.dim) == ("abc", False, 2)
    np.testing.assert_array_equal(problem.some(["test", "validation"], 100)[:9], splits.test.values)
    some = problem.some(["train"], 20)
    assert len(np.unique(some[:, 0])) == 20
    assert np.isin(some[:, 0], splits.train.values[:, 0]).all()


def test_a_judge_sees_whole_rows_only():
    observed = RNG.uniform(size=(40, 2)) < 0.8
    part = rows(40, observed=observed)
    splits = Splits(part, part, part, None, "mine")
    with pytest.raises(ValueError, match="mine has missing values, which few objectives take; drop their rows"):
        of_splits(splits)


def test_pairs_are_values_beside_their_conditions(key):
    splits = Splits(
        given(60), given(8), given(9), None, "mine", scaling=Scaling(np.array([5.0, 6.0]), np.array([2.0, 3.0])),
        columns=("a", "b"), condition_names=("u", "v", "w"), digest="abc",
    )  # fmt: skip
    problem = of_pairs(splits)
    assert problem.space.dim == 5
    assert problem.splits.columns == ("a", "b", "u", "v", "w")
    batch = problem.pairs.given(key, 30)
    assert (batch.values.shape, batch.condition.shape) == ((30, 2), (30, 3))
    pairs = np.asarray(problem.target(key, 30))
    np.testing.assert_allclose(pairs[:, :2], 2 * pairs[:, 2:4], rtol=1e-6)
    own = problem.splits.undone(pairs)
    np.testing.assert_allclose(own[:, :2], [5, 6] + np.array([2, 3]) * pairs[:, :2], rtol=1e-5)
    np.testing.assert_allclose(own[:, 2:], pairs[:, 2:], rtol=1e-6)


def test_samples_of_pairs_are_under_held_out_conditions(key):
    splits = Splits(given(60), given(8), given(9), None, "mine", columns=("a", "b"), condition_names=("u", "v", "w"))
    problem = of_pairs(splits)
    generator = Pushforward(width=8, depth=1, frequencies=2).given(problem.space, problem.pairs)
    params = generator.init(key)
    samples = np.asarray(paired(generator, problem.pairs.conditions).sample(params, key, 40))
    assert samples.shape == (40, 5)
    assert np.isin(samples[:, 2], splits.validation.condition[:, 0]).all()
    assert jax.tree.leaves(params)[0].dtype == np.float32
