"""Targets: all can be built, and of a file a tenth is held out."""

import jax
import numpy as np
import pytest

from experiments.configs import TARGETS
from experiments.configs.targets import file


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "file"])
def test_every_target_can_be_built(target):
    problem = TARGETS[target]().build()
    y, held_out = problem.target(jax.random.key(0), 5), problem.held_out(jax.random.key(0), 5)
    assert y.shape == held_out.shape == (5, problem.space.dim)
    assert problem.space.scale > 0
    if problem.space.image_shape is not None:
        assert np.prod(problem.space.image_shape) == problem.space.dim


def test_a_file_of_samples(tmp_path):
    """A tenth is held out, and nothing is on both sides."""
    x = np.arange(60.0, dtype=np.float32).reshape(30, 2)
    np.save(tmp_path / "x.npy", x)
    problem = file(tmp_path / "x.npy").build()
    held_out = {float(value) for value in problem.held_out(jax.random.key(0), 200)[:, 0]}
    trained = {float(value) for value in problem.target(jax.random.key(0), 2000)[:, 0]}
    assert len(held_out) == 3
    assert held_out | trained == set(x[:, 0].tolist())
    assert not held_out & trained


def test_a_file_of_few_samples_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((19, 2)))
    with pytest.raises(ValueError, match="holds 19 samples, but at least 20 are needed"):
        file(tmp_path / "x.npy").build()


def test_what_is_wrong_with_a_file_is_told_in_the_words_of_the_command_line(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros((30, 2)), b=np.zeros((30, 2)))
    with pytest.raises(ValueError, match=r"holds 2 arrays: 'a', 'b'; say which holds the samples with --array"):
        file(tmp_path / "x.npz").build()
