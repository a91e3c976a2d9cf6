"""Any randomness into any other: what is measured is what it says, on maps that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import alchemy
from experiments.shared.any_to_any import ATOMS, LAWS
from igm_jax import Network
from igm_jax.reporting import read_jsonl

RNG = np.random.default_rng(0)


def test_the_slope_between_modes_is_that_of_the_quantile_map():
    for m in alchemy.DISTANCES:
        assert alchemy.quantile_slope(m) == pytest.approx(alchemy.slope_of(m), rel=1e-3)


def test_the_steepest_slope_of_known_maps():
    net = Network(lambda key: jnp.ones(()), lambda params, z: jnp.sin(params * z))
    recipe = alchemy.modes_recipe(alchemy.Config(), "energy")._replace(network=net)
    np.testing.assert_allclose(alchemy.steepest(recipe, jnp.array([0.5, 4.0])), [0.5, 4.0], rtol=1e-4)


def test_the_tail_index_of_pareto_laws():
    for alpha in (2.0, 3.0, 6.0):
        lengths = RNG.pareto(alpha, 400_000) + 1
        assert alchemy.tail_index(lengths, 0.01) == pytest.approx(alpha, rel=4 / 4000**0.5)


def test_real_data_have_the_ratio_one_and_noise_more():
    real = alchemy.real_draws(alchemy.Config(judged=500), 5)
    fresh = [np.asarray(law(jax.random.key(9), 500)) for law in LAWS.values()]
    found = alchemy.ratios(np.array(fresh * len(LAWS)), real)
    assert found.shape == (6, 6)
    np.testing.assert_array_equal(found[1:], found[:-1])  # the target alone counts
    assert 0.4 < found.min() < found.max() < 2.5
    assert alchemy.ratios(np.array(fresh * len(LAWS)) + 1, real).min() > 20


def test_bridges_are_what_lies_between_atoms():
    between = (ATOMS[:1] + ATOMS[1:2]) / 2
    x = np.concatenate([ATOMS + 0.1, between, between])
    assert alchemy.bridges(x) == pytest.approx(2 / 11)


def test_tails_tell_a_thin_map_from_a_true_one():
    config = alchemy.Config(tail=20_000)
    recipe = alchemy.recipe_of(config, "energy")._replace(network=Network(lambda key: {}, lambda params, z: z * params))
    found = alchemy.tails(config, recipe, jnp.ones(36))  # every pair's map leaves points where they are
    for share in list(found["Student → Student"].values())[:3]:
        assert share == pytest.approx(1, abs=0.15)
    assert found["normal → Student"]["0.9999"] < 0.6
    assert found["cube → Student"]["0.9999"] < found["normal → Student"]["0.9999"]
    assert found["Student → normal"]["0.9999"] > 1.7
    assert found["Student → Student"]["tail index"] < 6 < found["normal → Student"]["tail index"]


def test_a_small_run_writes_tables_and_pictures(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        alchemy.main(["--smoke", "--objectives", "energy", "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    page = (directory / "report.md").read_text()
    for name in ("energy-ratios.png", "energy-samples.png"):
        assert name in page
        assert (directory / name).stat().st_size > 1000
    rows = read_jsonl(directory / "rows.jsonl")
    from_atoms = [row["metrics"]["distinct"] for row in rows if row["objective"] == "energy from atoms"]
    assert len(from_atoms) == 6
    assert max(from_atoms) <= 9  # a function has no more values than arguments
    assert max(row["metrics"].get("distinct", 0) for row in rows) > 50
    assert "exp(m²/2)" in page


def test_wrong_settings_are_refused(refusal):
    assert "did you mean 'energy'" in refusal(alchemy.main, ["--objectives", "enrgy"])
    assert "`judged` must be at least 20" in refusal(alchemy.main, ["--judged", "3"])
