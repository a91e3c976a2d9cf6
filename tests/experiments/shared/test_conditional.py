import jax
import numpy as np
import pytest

from experiments.shared import conditional
from experiments.shared.conditional import PROBLEMS, problem_of
from igm_jax.data.places import DataNotFoundError

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", ["bimodal-2", "cubic", "diabetes"])
def test_problems_have_what_is_judged(name):
    problem = problem_of(name)
    batch = problem.target(KEY, 5)
    assert batch.values.shape == (5, problem.shape.dim)
    assert batch.condition.shape == (5, problem.shape.condition_dim)
    assert next(iter(problem.held)) == "within"
    for held in problem.held.values():
        assert len(held.real) == len(held.condition)
    assert len(problem.names) == problem.shape.dim


def test_beyond_is_beyond():
    problem = problem_of("log")
    assert problem.held["within"].condition.max() <= 2 <= problem.held["beyond"].condition.min()


@pytest.mark.slow
def test_no_cell_of_the_ocean_held_out_is_seen():
    try:
        problem = PROBLEMS["ocean-climate"]()
    except DataNotFoundError as error:
        pytest.skip(str(error))
    seen = np.asarray(problem.target(KEY, 20000).condition)
    east, north = conditional.place_of(seen)
    (west, to), (south, high) = conditional.HELD_OUT
    assert not ((east >= west) & (east < to) & (north >= south) & (north < high)).any()
    beyond = problem.held["beyond"]
    east, north = conditional.place_of(beyond.condition)
    assert ((east >= west - 1e-3) & (east < to + 1e-3) & (north >= south - 1e-3) & (north < high + 1e-3)).all()
    # Squares within are none of those that training saw.
    assert not set(problem.held["within"].blocks) & set(conditional.region_of(seen))


def test_a_table_of_ones_own(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["a,b,y", *(f"{a:.3f},{b:.3f},{a + b:.3f}" for a, b in rng.normal(size=(300, 2)))]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    problem = problem_of(f"table:{tmp_path}/mine.csv", ("y",), ("a", "b"))
    assert (problem.shape.dim, problem.shape.condition_dim) == (1, 2)
    with pytest.raises(ValueError, match="--outcome NAME"):
        problem_of(f"table:{tmp_path}/mine.csv")
    with pytest.raises(ValueError, match="did you mean 'bimodal'"):
        problem_of("bimodl")
