"""Particle flows: they start where they say, step as long as they say, arrive, and leave files that can be read."""

import io
import json
import re

import jax
import numpy as np
import pytest
from PIL import Image

from experiments import flow
from experiments.configs import fields, moments, targets
from igm_jax.reporting.player import decode


def config(**changes):
    start = {
        "objective": moments.energy(),
        "target": targets.ring(),
        "source": "square",
        "particles": 100,
        "steps": 40,
        "frames": 8,
    }
    return flow.Flow(**{**start, **changes})


@pytest.fixture(scope="module")
def energy():
    """A small flow: config, problem and film."""
    small = config()
    problem, run = flow.prepared(small)
    return small, problem, flow.filmed(problem, run, small)


@pytest.mark.parametrize("name", ["ring", "square", "normal"])
def test_sources_have_the_targets_mean_and_spread(name):
    problem = targets.grid().build()
    x = np.asarray(flow.source(name, jax.random.key(0), 4000, problem))
    # The grid {-4, -2, 0, 2, 4}² has variance 8 along each axis; both sides are estimated, the target's from 1000 draws.
    np.testing.assert_allclose(x.mean(0), 0.0, atol=0.5)
    np.testing.assert_allclose(x.var(0), 8.0, rtol=0.1)


def test_a_ring_is_round_and_a_square_is_square():
    problem = targets.grid().build()
    ring, square = (np.asarray(flow.source(name, jax.random.key(0), 500, problem)) for name in ("ring", "square"))
    radii = np.linalg.norm(ring - ring.mean(0), axis=1)
    np.testing.assert_allclose(radii, radii[0], rtol=1e-4)
    half = np.abs(square - (square.max(0) + square.min(0)) / 2).max(0)
    np.testing.assert_allclose(half, np.sqrt(24.0), rtol=0.1)  # uniform with variance 8


def test_the_film_runs_from_the_first_step_to_the_last(energy):
    small, _, film = energy
    assert film.steps.tolist() == list(range(0, 41, 5))
    assert film.frames.shape == (9, 100, 2)
    assert small.steps == int(film.trained.state.step)


def test_the_first_step_is_as_long_as_it_says(energy):
    small, problem, film = energy
    # Five steps that hardly turn or slow down yet; other minibatches were drawn to measure the speed.
    moved = np.sqrt(np.mean(np.sum((film.frames[1] - film.frames[0]) ** 2, axis=1)))
    assert 0.5 < moved / (5 * small.stride * problem.space.scale) < 1.5


def test_the_flow_arrives(energy):
    small, problem, film = energy
    numbers = flow.judged(film, problem, small)
    table = flow.tabulated(numbers, film, problem, small)
    assert numbers["after"]["w2"] < 0.6 * numbers["before"]["w2"]
    assert numbers[flow.FLOOR]["modes"] == 8
    assert [line.name for line in table.lines] == ["before", "after", flow.FLOOR]
    assert [line.cells[1].text for line in table.lines][-1] == "8"


@pytest.mark.slow
def test_the_same_config_gives_the_same_film(energy):
    small, _, film = energy
    again = flow.filmed(*flow.prepared(small), small)
    np.testing.assert_array_equal(again.frames, film.frames)


def test_the_command_writes_what_it_promises(tmp_path, capsys):
    words = ["score-difference", "grid", "--source", "square", "--smoke", "--directory", str(tmp_path)]
    assert flow.main(words) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.gif", "flow.html", "flow.json"]
    assert Image.open(io.BytesIO((tmp_path / "flow.gif").read_bytes())).n_frames == 5
    page = (tmp_path / "flow.html").read_text()
    (script,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert decode(json.loads(script))["score-difference"].shape == (5, 64, 2)
    story = json.loads((tmp_path / "flow.json").read_text())
    assert set(story["numbers"]) == {"before", "after", flow.FLOOR}
    assert story["config"]["source"] == "square"
    assert {"commit", "versions", "device", "date"} <= set(story)
    assert "real data (floor)" in capsys.readouterr().out


def test_the_default_is_score_difference_to_25_gaussians():
    default = flow.Flow()
    assert isinstance(default.objective, fields.score_difference)
    assert isinstance(default.target, targets.grid)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": targets.digits()}, "64 features"),
        ({"stride": 0.0}, "`stride` must be positive"),
        ({"particles": 1}, "`particles` must be at least 2"),
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"frames": 0}, "`frames` must be at least 1"),
        ({"objective": fields.score_difference(bandwidth=-1.0)}, "bandwidth"),
    ],
)
def test_configs_that_cannot_be_are_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        flow.prepared(config(**changes))


def test_a_directory_that_cannot_be_written_is_an_error_before_the_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(flow, "filmed", lambda *arguments: pytest.fail("the work began"))
    assert flow.main(["energy", "ring", "--smoke", "--directory", str(tmp_path / "file" / "deep")]) == 2
    assert "choose a directory that you may write to" in capsys.readouterr().err


def test_a_flow_that_breaks_leaves_older_results_alone(tmp_path, capsys, monkeypatch):
    (tmp_path / "flow.json").write_text("older")

    def broken(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "filmed", broken)
    assert flow.main(["energy", "ring", "--smoke", "--directory", str(tmp_path)]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["flow.json"]
    assert (tmp_path / "flow.json").read_text() == "older"
    assert "nothing was written" in capsys.readouterr().err
