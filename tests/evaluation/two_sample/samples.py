"""What the tests of two-sample tests share."""

import numpy as np

QUICK = {"num_permutations": 99}


def normal(seed, n=40, d=2):
    return np.random.default_rng(seed).normal(size=(n, d))
