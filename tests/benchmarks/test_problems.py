"""Problems: the same for everyone, and the same out of a file."""

import numpy as np

from benchmarks.problems import BANK, Size, load, save
from tests.benchmarks.small import small


def test_a_problem_comes_back_from_its_file(tmp_path):
    chosen = small("bank")
    save(tmp_path / "problem.npz", chosen)
    back = load(tmp_path / "problem.npz")
    assert back.case == "bank"
    assert back.parameters == chosen.parameters
    np.testing.assert_array_equal(back.x, chosen.x)
    assert back.x.dtype == np.float32


def test_parameters_go_with_the_size():
    chosen = small("mmd", n=9)
    assert chosen.size == Size(9, 9, 2)
    sigma = chosen.parameters["sigma"]
    np.testing.assert_allclose(sigma**2, 2)
    np.testing.assert_allclose(chosen.parameters["sigmas"], [sigma * factor / 2 for factor in BANK])
    squares = ((chosen.x[:, None].astype(float) - chosen.y[None]) ** 2).sum(-1)
    np.testing.assert_allclose(chosen.parameters["epsilon"], 0.05 * np.median(squares), rtol=1e-6)
