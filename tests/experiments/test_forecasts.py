import jax
import numpy as np
import pytest

from experiments import forecasts
from experiments.shared.conditional import Held, problem_of
from igm_jax.reporting import read_jsonl


def test_the_law_s_own_draws_have_no_regret_and_pass_every_test():
    problem = problem_of("heteroscedastic")
    held = problem.held["within"]
    draws = np.asarray(problem.law.sample(jax.random.key(1), jax.numpy.asarray(held.condition), 99))
    found = forecasts.judged(problem, held, draws)
    assert abs(found["regret"]) < 0.01
    assert abs(found["coverage"] - 0.9) < 0.04
    assert abs(found["spread / skill"] - 1) < 0.1
    assert found["test, p"] > 0.01
    wrong = forecasts.judged(problem, held, 2 * draws)
    assert wrong["regret"] > 0.1
    assert wrong["test, p"] == 0.001


def test_one_condition_of_each_block_is_tested():
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(30), 40)
    real = np.repeat(rng.normal(size=(30, 1)), 40, axis=0)  # all of a block are one
    held = Held(np.zeros((1200, 1)), real, blocks)
    draws = rng.normal(size=(1200, 2, 1))
    assert forecasts.tested(held, draws) > 0.01
    assert forecasts.tested(held._replace(blocks=None), draws) < 0.05


def test_a_small_run_writes_tables_pictures_and_rows(tmp_path, capsys):
    words = ["--smoke", "--targets", "cubic", "--methods", "fair", "mean", "--output", str(tmp_path / "x")]
    with jax.numpy_dtype_promotion("standard"):
        forecasts.main(words)
    directory = tmp_path / "x-smoke"
    text = (directory / "report.md").read_text()
    assert "cubic, noise before, beyond" in text
    for name in ("cubic-noise-before-fans.png", "cubic-noise-before-within-ranks.png"):
        assert (directory / name).stat().st_size > 5000
        assert name in text
    rows = read_jsonl(directory / "rows.jsonl")
    assert {row["objective"] for row in rows} == {"fair, within", "fair, beyond", "mean, within", "mean, beyond"}
    assert all("commit" in row and np.isfinite(row["metrics"]["energy score"]) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--targets", "bimodl"], "did you mean 'bimodal'"),
        (["--methods", "fairr"], "did you mean 'fair'"),
        (["--draws", "1"], "`draws` must be at least 2"),
        (["--members", "5"], "`members` must be at least 19"),
        (["--members", "50"], "take 59"),
        (["--targets", "table:nothing.csv"], "--outcome NAME"),
    ],
)
def test_bad_settings_are_told_before_any_work(arguments, text, refusal):
    assert text in refusal(forecasts.main, arguments)
