"""Powers of two-sample tests: the command runs, its tests keep their level, and see what is there."""

import json

import numpy as np
import pytest

from experiments.tables.command import main
from experiments.tables.two_sample import (
    LINES,
    PUBLICATION,
    STDS,
    TwoSample,
    at_most,
    outcomes,
    parts,
    rejections,
    uniforms,
)
from igm_jax.distributions import normal, uniform_cube


@pytest.mark.slow
def test_smoke(tmp_path):
    main(PUBLICATION, TwoSample, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    level = {entry["line"]: entry["ours"] for entry in entries if entry["table"] == "Level"}
    assert set(level) == set(LINES)
    # Forty repetitions of level .05: seven rejections or more are once in two hundred.
    assert all(0 <= share[0] <= 7 / 40 for share in level.values())
    published = {(entry["line"], entry["column"]): entry["published"] for entry in entries}
    assert published["FUSE", "σ = 0.7"] == 0.51
    assert published["Agg", "a = 0.6"] == 0.395
    assert published["energy", "σ = 0.7"] is None
    # Of two repetitions there are three shares.
    assert {share for entry in entries if entry["table"] != "Level" for share in entry["ours"]} <= {0.0, 0.5, 1.0}
    assert "19 permutations instead of 2000" in (tmp_path / "report.md").read_text()


def test_what_differs_much_is_always_seen():
    found = rejections(lambda i: (normal(2), uniform_cube(2, 3.0, 4.0)), 40, 3, 19, 0, seed=0)
    assert found.metrics == dict.fromkeys(LINES, 1.0)


def test_repetitions_have_bumps_of_their_own():
    points = np.random.default_rng(0).uniform(size=(50, 2)).astype(np.float32)
    densities = [np.asarray(uniforms(0.5, i)[1].log_density(points)) for i in range(6)]
    assert len({density.tobytes() for density in densities}) > 2
    assert (uniforms(0.5, 0)[0].log_density(points) == 0).all()


def test_the_shared_sums_give_the_tests_of_their_own():
    from igm_jax.evaluation import mmd_aggregated_test, mmd_fuse_test

    real, fake = np.random.default_rng(0).normal(size=(2, 40, 2))
    together = outcomes(real, fake + 0.4, 19, seed=3)
    for line, test in (("FUSE", mmd_fuse_test), ("Agg", mmd_aggregated_test)):
        assert together[line] == test(real=real, fake=fake + 0.4, num_permutations=19, seed=3).p_value


def test_level_bound():
    rule = at_most(0.05, 1000)
    assert rule.holds(0.05, None, (0.0706,))
    assert not rule.holds(0.05, None, (0.0707,))


def test_wrong_settings_are_told_before_any_work(tmp_path, refusal):
    words = ["--smoke", "--permutations", "0", "--output", str(tmp_path)]
    assert "`permutations` must be at least 1" in refusal(main, PUBLICATION, TwoSample, words)


def test_parts_name_every_setting():
    config = TwoSample(preset="smoke")
    names = {task.name for task in PUBLICATION.tasks(config)}
    one = [rejections(lambda i: (normal(2), normal(2)), 16, 1, 19, 0, 0)]
    results = {name: one for name in names}
    columns = {entry.column for part in parts(config, results) for entry in part.entries}
    assert {f"σ = {std:g}" for std in STDS} <= columns
    assert names - {"level"} == columns - {"rejected"}
