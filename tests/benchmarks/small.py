"""A problem of a few samples."""

import numpy as np

from benchmarks.problems import Size, problem


def small(case, n=7):
    draws = np.random.default_rng(3).normal(size=(4, 2))
    return problem(case, Size(n, n, 2), draws / np.linalg.norm(draws, axis=1, keepdims=True), 0, 1e-3)
