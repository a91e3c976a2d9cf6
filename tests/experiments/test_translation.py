import numpy as np
import pytest

from experiments import translation
from igm_jax.reporting import read_jsonl


def test_a_small_run_writes_a_table_curves_alphabets_and_rows_and_goes_on(tmp_path, capsys):
    import jax

    words = ["--smoke", "--output", str(tmp_path / "x")]
    with jax.numpy_dtype_promotion("standard"):
        translation.main(words)
        capsys.readouterr()
        translation.main(words)
    assert "none to be made" in capsys.readouterr().err
    directory = tmp_path / "x-smoke"
    text = (directory / "report.md").read_text()
    for name in ("error.png", "right.png", "passing.png", "turned.png"):
        assert (directory / name).stat().st_size > 2000
        assert name in text
    rows = read_jsonl(directory / "rows.jsonl")
    assert {row["objective"] for row in rows} == {
        *translation.BESIDE,
        *(f"{name}, {weight}" for name in translation.OBJECTIVES for weight in (0, 1)),
    }
    assert all("commit" in row and np.isfinite(row["metrics"]["error"]) for row in rows)
    assert {row["target"] for row in rows} == {"turned"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--scenarios", "turnd"], "did you mean 'turned'"),
        (["--weights", "-1"], "`weights` must be at least 0"),
        (["--weights", "1", "1"], "each once"),
        (["--weights", "1", "1.0000001"], "each once"),
        (["--steps", "0"], "`steps` must be at least 1"),
    ],
)
def test_bad_settings_are_told_before_any_work(arguments, text, refusal):
    assert text in refusal(translation.main, arguments)
