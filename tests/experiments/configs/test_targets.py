"""Targets: all that need no files can be built."""

import jax
import numpy as np
import pytest

from experiments.configs import targets
from experiments.configs.choices import gathered

TARGETS = gathered(targets)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_built(target):
    problem = TARGETS[target]().build()
    y, held_out = problem.target(jax.random.key(0), 5), problem.held_out(jax.random.key(0), 5)
    assert y.shape == held_out.shape == (5, problem.space.dim)
    assert problem.space.scale > 0
    if problem.space.image_shape is not None:
        assert np.prod(problem.space.image_shape) == problem.space.dim
