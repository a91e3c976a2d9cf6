"""Implicit beside explicit: what is told in nats is what closed forms say, and every way trains."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import explicit
from igm_jax.distributions import gaussian, normal
from igm_jax.reporting import read_jsonl


def test_divergences_of_two_gaussians_are_their_closed_forms():
    problem = explicit.of_law(normal(2))
    model = gaussian([1.0, 0.0], np.diag([4.0, 4.0]))
    x = np.asarray(model(jax.random.key(5), explicit.HELD))
    found = explicit.judged(problem, np.asarray(model.log_density(problem.held)), np.asarray(model.log_density(x)), x)
    # KL(N(0, I) ‖ N(μ, s²I)) = log s² + (2 + ‖μ‖²) / (2 s²) - 1 in two dimensions, and the other way round.
    assert found["KL(p‖q)"] == pytest.approx(np.log(4) + 3 / 8 - 1, abs=0.04)
    assert found["KL(q‖p)"] == pytest.approx(-np.log(4) + (8 + 1) / 2 - 1, abs=0.3)
    assert found["log-likelihood"] == pytest.approx(-np.log(2 * np.pi) - 1 - found["KL(p‖q)"], abs=0.06)


def test_a_law_is_at_no_divergence_from_itself():
    problem = explicit.of_law(normal(2))
    x = np.asarray(normal(2)(jax.random.key(5), 1000))
    heights = np.asarray(normal(2).log_density(problem.held)), np.asarray(normal(2).log_density(x))
    found = explicit.judged(problem, *heights, x)
    assert found["KL(p‖q)"] == pytest.approx(0, abs=1e-5)
    assert found["KL(q‖p)"] == pytest.approx(0, abs=1e-5)
    assert found["energy distance"] == pytest.approx(0, abs=0.01)


def test_the_naive_rival_is_exact_where_the_law_is_gaussian():
    first = explicit.naive(explicit.of_law(normal(2)), 2)[0]
    assert abs(first["KL(p‖q)"]) < 1e-3
    assert abs(first["KL(q‖p)"]) < 1e-3


def test_noise_stays_within_the_grey_level_and_the_offset_makes_a_uniform_density_a_uniform_probability():
    problem = explicit.of_digits()
    assert -1 <= problem.held.min() < problem.held.max() <= 1
    levels = np.floor((problem.held + 1) * explicit.LEVELS / 2)
    from igm_jax.distributions import digits

    np.testing.assert_array_equal(levels, np.rint((digits().test.values + 1) * 8))
    # Of density 2^-64 on [-1, 1]^64 every one of 17^64 images has the same probability.
    assert problem.offset - 64 * np.log(2) == pytest.approx(-64 * np.log(17))


def test_every_way_gives_finite_updates():
    problem = explicit.of_law(normal(2))
    from igm_jax.networks import coupling_flow

    config = dataclasses.replace(explicit.Config(), seeds=2, steps=2, batch_size=16, layers=2, width=8)
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
    assert ("KL(q‖p)" in page) == (target == "modes")
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
