from types import SimpleNamespace

import jax
import numpy as np
import pytest

from experiments import collapse
from experiments.shared.tasks import Found
from igm_jax.reporting import read_jsonl


def test_a_heap_has_no_spread_and_data_have_one():
    data = np.random.default_rng(0).normal(size=(50, 30))
    assert collapse.spread(data, data) == 1.0
    assert collapse.spread(2 * data, data) == pytest.approx(2.0)
    assert collapse.spread(np.ones((50, 30)), data) == 0.0


def test_only_images_in_memory_can_collapse(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        collapse.main(["--target", "grid", "--output", str(tmp_path / "out")])
    assert "`target` must be a set of images" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_table_names_the_judge(monkeypatch):
    monkeypatch.setattr(collapse, "_judges", lambda target, output: SimpleNamespace(judge="random convolutions"))
    one = Found(
        {"spread": 0.5, "frechet": 2.0}, {"seen": np.array([[0, 0.1, 0.01, 1.0], [4, 0.5, 0.2, 0.9]])}, 1.0, 2.0
    )
    (found,) = collapse.shown(collapse.Config(target="digits", steps=4), {"case": one})
    assert "Fréchet in features of the judge 'random convolutions'" in found.caption
    assert [cell.text for cell in found.lines[0].cells] == [
        "1e-02 / 1.000",
        "2e-01 / 0.900",
        "0.10",
        "0.50",
        "2.00",
        "2",
    ]


@pytest.mark.slow
def test_every_case_is_trained_once_and_told(tmp_path, monkeypatch, capsys):
    words = ["--smoke", "--output", str(tmp_path / "out")]
    with jax.numpy_dtype_promotion("standard"):
        collapse.main(words)
        monkeypatch.setattr(collapse, "trained", lambda *args: pytest.fail("trained again"))
        collapse.main(words)
    capsys.readouterr()
    rows = read_jsonl(tmp_path / "out-smoke" / "rows.jsonl")
    assert [row["objective"] for row in rows] == list(collapse.CASES)
    page = (tmp_path / "out-smoke" / "report.md").read_text()
    assert all(name in page for name in collapse.CASES)
    assert len(list((tmp_path / "out-smoke").glob("*.png"))) == 1 + len(collapse.CASES)
