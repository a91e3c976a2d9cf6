"""Failures: scenarios are as they say, healthy flows arrive, and what breaks is shown as broken."""

import dataclasses
import json
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import failures
from experiments.configs import OBJECTIVES
from experiments.shared.scenarios import HEALTHY, SCENARIOS, judged, scenario
from igm_jax import stateless


@dataclasses.dataclass(frozen=True)
class NaN:
    """An objective whose loss is no number."""

    name: ClassVar[str] = "nan"
    inner_steps: ClassVar[int] = 1
    needs_density: ClassVar[bool] = False

    def build(self, space):
        return stateless(lambda x, y: jnp.sum(x) * jnp.nan)


@dataclasses.dataclass(frozen=True)
class Refusing(NaN):
    """An objective that cannot be built."""

    def build(self, space):
        raise ValueError(f"not in {space.dim} dimensions")


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    output = tmp_path_factory.mktemp("failures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OBJECTIVES, "nan", NaN)
        patch.setitem(OBJECTIVES, "refusing", Refusing)
        names = ("energy", "mmd", "nan", "refusing")
        config = failures.Config(output=output, objectives=names, particles=60, steps=80, seeds=2)
        broken = failures.run(failures.prepared(config))
    return output, [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()], broken


def left(rows, objective, target):
    return [row["metrics"]["left"] for row in rows if (row["objective"], row["target"]) == (objective, target)]


def test_every_objective_is_looked_at_unless_some_are_named():
    assert failures.Config().objectives == tuple(OBJECTIVES)


def test_a_healthy_flow_of_energy_arrives(small_run):
    assert max(left(small_run[1], "energy", HEALTHY)) < 0.25
    assert max(left(small_run[1], "energy", "far modes")) < 0.5


def test_mmd_with_narrow_kernels_does_not_see_far_modes(small_run):
    # Laplace kernels up to 0.7 median distances, from 4 away: the force is e^-4 of a near one.
    assert min(left(small_run[1], "mmd", "far modes")) > 0.8 > max(left(small_run[1], "mmd", HEALTHY))


def test_what_breaks_is_shown_as_broken_and_the_others_go_on(small_run):
    output, rows, broken = small_run
    assert broken == ["refusing: ValueError: not in 2 dimensions"]
    assert len(rows) == 4 * len(SCENARIOS) * 2
    for name in ("nan", "refusing"):
        assert {row["metrics"]["left"] for row in rows if row["objective"] == name} == {None}
    page = (output / "report.md").read_text()
    assert page.count("| broken") == 2 * len(SCENARIOS)
    assert broken[0] in page
    assert {path.name for path in output.iterdir()} == {"report.md", "rows.jsonl", "runs", "failures.png"}


@pytest.mark.slow
def test_objectives_with_a_score_go_where_there_is_one(tmp_path):
    config = failures.Config(output=tmp_path, objectives=("svgd",), particles=60, steps=80)
    with jax.numpy_dtype_promotion("standard"):
        assert failures.run(failures.prepared(config)) == []
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert max(left(rows, "svgd", HEALTHY)) < 0.5
    assert left(rows, "svgd", "Dirac pair") == [None]
    assert "| – |" in (tmp_path / "report.md").read_text()


def test_moves_are_cut_to_a_length_in_their_direction():
    moves = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [3e30, -4e30], [np.inf, 0.0], [np.nan, 0.0]], np.float32)
    cut = np.asarray(failures._capped(jnp.asarray(moves), 1.0))
    np.testing.assert_allclose(cut[:4], [[0.6, 0.8], [0.3, 0.4], [0.0, 0.0], [0.6, -0.8]], rtol=1e-6)
    np.testing.assert_array_equal(cut[1:3], moves[1:3])  # to the bit
    assert not np.isfinite(cut[4:]).all(axis=1).any()  # a flow that breaks is not mended


def test_narrow_modes_do_not_break_a_flow_along_an_exact_score():
    config = dataclasses.replace(failures.Config(), particles=40, steps=60)
    scenes = [scenario(name, 40, 0) for name in ("healthy", "far modes", "collapsed start")]
    found = failures.outcome(config, OBJECTIVES["svgd"], scenes)
    left = [judged(scene, places)["left"] for scene, places in zip(scenes, found.places, strict=True)]
    assert np.isfinite(left).all()
    assert left[1] < 0.5  # from afar to the modes
