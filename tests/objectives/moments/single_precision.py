"""Samples near and far from the origin, with which a discrepancy in float32 is held to one in float64."""

import numpy as np
import pytest


def of_samples(test):
    """Run a test of (n, m, dim, offset, precision) on small and large shapes, near and far, at both matmul precisions."""
    shapes = [(257, 301, 2, 0.0), (257, 301, 2, 1e4), (129, 100, 64, 1e4)]
    test = pytest.mark.parametrize(("n", "m", "dim", "offset"), shapes)(test)
    return pytest.mark.parametrize("precision", [None, "bfloat16"])(test)


def draws(n, m, dim, offset):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, dim)) + offset).astype(np.float32)
    return x, (0.5 + 0.8 * rng.normal(size=(m, dim)) + offset).astype(np.float32)
