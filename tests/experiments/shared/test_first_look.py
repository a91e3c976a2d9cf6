from types import SimpleNamespace

import jax
import numpy as np
import pytest

from experiments import train
from experiments.configs import TARGETS
from experiments.shared.first_look import first_look
from igm_jax import objectives
from igm_jax.features import save_encoder
from igm_jax.training import NonFiniteError
from tests.features.small import classifier


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
        assert train.main([*words, "--preset", "paper", "--temperatures", "1e-6"]) == 0
    assert "temperature" in capsys.readouterr().err.split("warning: no sample sees")[1]


def stopped(*given, **options):
    raise NonFiniteError("stopped by the test", 1, None)


def test_train_on_features_looks_at_the_objective_that_it_trains_by(tmp_path, monkeypatch):
    """Lengths in median distances of the maps say nothing about pixels."""
    looked = []
    monkeypatch.setattr(train, "first_look", lambda objective, *rest: looked.append(objective))
    encoder = save_encoder(tmp_path / "encoder.npz", classifier())
    words = ["drifting", "digits", "--smoke", "--no-pictures", "--features", str(encoder)]
    monkeypatch.setattr(train, "train", stopped)
    assert train.main([*words, "--directory", str(tmp_path / "run")]) == 1
    assert looked[0].made.name == "on_feature_groups"
