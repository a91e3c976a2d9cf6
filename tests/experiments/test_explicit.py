"""Implicit beside explicit: every way trains, and what is told is told as it is."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import explicit
from experiments.shared.densities import of_law
from igm_jax.distributions import normal
from igm_jax.networks import coupling_flow
from igm_jax.reporting import read_jsonl


def test_every_way_gives_finite_updates(tmp_path):
    problem = of_law(normal(2))
    config = dataclasses.replace(explicit.Config(), seeds=2, steps=2, batch_size=16, layers=2, width=8, output=tmp_path)
    flow = coupling_flow(2, layers=2, width=8)
    start = flow.network.init(jax.random.key(0))
    assert set(explicit.WAYS) >= {"likelihood", "energy", "Sinkhorn", "GAN", "both"}
    for way in ("likelihood", "both"):
        with jax.numpy_dtype_promotion("standard"):
            params, *_ = explicit.trained(config, flow, problem, way)
        for leaf, before in zip(jax.tree.leaves(params), jax.tree.leaves(start), strict=True):
            assert leaf.shape == (2, *before.shape)
            assert np.isfinite(leaf).all()
        assert np.abs(params["shift"]).max() > 0
        assert not np.array_equal(params["shift"][0], params["shift"][1])  # seeds see other minibatches


def test_few_data_get_fewer_updates_and_lengths_are_the_datas():
    problem, config = of_law(normal(2)), explicit.Config(steps=1000)
    assert explicit.steps_of(config, problem) == 1000
    assert explicit.steps_of(config, problem._replace(share=0.4)) == 400
    # The squared distance of two standard normal points of the plane is 4 times exponential: its median is 4 log 2.
    assert explicit.median_of(problem) == pytest.approx((4 * np.log(2)) ** 0.5, rel=0.1)


def test_the_loss_of_the_likelihood_alone_wants_nothing_of_samples():
    x = jnp.ones((3, 2))
    np.testing.assert_array_equal(jax.grad(explicit.nothing)(x, x), np.zeros((3, 2)))


@pytest.mark.parametrize("target", ["modes", "digits"])
def test_a_small_run_writes_a_table_and_a_picture(target, tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        words = ["--smoke", "--targets", target, "--ways", "likelihood", "energy", "--output", str(tmp_path / "x")]
        explicit.main(words)
    directory = tmp_path / "x-smoke"
    page = (directory / "report.md").read_text()
    assert f"{target}.png" in page
    assert (directory / f"{target}.png").stat().st_size > 1000
    assert ("| KL(q‖p)" in page) == (target == "modes")
    rows = read_jsonl(directory / "rows.jsonl")
    assert {row["objective"] for row in rows} == {"likelihood", "energy", "Gaussian", "real data"}
    assert {row["seed"] for row in rows} == {0, 1}


def test_cells_tell_the_interval_and_what_broke():
    assert explicit.cell([1.0, 2.0, 3.0]) == "2.000 ± 2.484"
    assert explicit.cell([1e6, 3e6]) == "2.0e+06"
    assert explicit.cell([1.0, float("nan")]) == "broken, 1 of 2"
    assert explicit.cell([None, None]) == "–"


def test_wrong_settings_are_refused(refusal):
    assert "`targets` must be one of" in refusal(explicit.main, ["--targets", "rings"])
    assert "did you mean 'energy'" in refusal(explicit.main, ["--ways", "enrgy"])
    assert "`seeds` must be at least 2" in refusal(explicit.main, ["--seeds", "1"])
    assert "`weight` must be positive" in refusal(explicit.main, ["--weight", "0"])
