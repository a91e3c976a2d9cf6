from types import SimpleNamespace

import jax
import numpy as np
import pytest

from experiments.configs import TARGETS
from experiments.shared.first_look import first_look
from experiments.train import main
from igm_jax import objectives


@pytest.mark.parametrize(("width", "told"), [(1e-4, True), (1.0, False)])
def test_an_objective_that_sees_nothing_is_told_of_once(width, told, capsys):
    problem, seen = TARGETS["grid"]().build(), []
    draw = lambda state: jax.random.normal(jax.random.key(0), (20, 2))  # noqa: E731
    look = first_look(objectives.score_difference(width), problem, draw, lambda *given: seen.append(given))
    for step in (0, 100):
        look(SimpleNamespace(step=np.int32(step)), ["rows"])
    assert capsys.readouterr().err.count("warning: no sample sees where data lie: bandwidth 0.0001") == told
    assert [rows for _, rows in seen] == [["rows"], ["rows"]]


def test_train_says_so(tmp_path, capsys):
    # Optax needs the promotion that a user has.
    words = ["drifting", "grid", "--smoke", "--no-pictures", "--directory", str(tmp_path / "run")]
    with jax.numpy_dtype_promotion("standard"):
        assert main([*words, "--preset", "paper", "--temperatures", "1e-6"]) == 0
    assert "temperature" in capsys.readouterr().err.split("warning: no sample sees")[1]
