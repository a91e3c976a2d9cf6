"""What reading from the disk costs: a small run measures everything and writes it."""

import json

import jax
import numpy as np
import pytest

from benchmarks.streams import main

Image = pytest.importorskip("PIL.Image")


@pytest.mark.slow
def test_a_small_run_measures_everything(tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for number in range(200):
        image = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / "images" / f"{number}.png")
    words = ["--images", str(tmp_path / "images"), "--size", "8", "--batch-size", "16", "--step", "0.0001"]
    with jax.numpy_dtype_promotion("standard"):  # optax's Adam adds an integer count to a float
        assert main([*words, "--gigabytes", "0.0001", "--output", str(tmp_path / "x.json")]) == 0
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["images"] == 200
    assert found["GB read"] == pytest.approx(1e-4, rel=0.02)
    assert all(found[name] > 0 for name in ("decoded a second", "a batch from the disk, ms", "a step, disk, ms"))
    assert "commit" in found
    assert "200 images of 8 × 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--step", "-1"], "`step` must be"),
        (["--gigabytes", "0"], "`gigabytes` must be"),
        (["--batch-size", "0"], "`batch_size` must be at least 1"),
        (["--output", "x.txt"], "`output` must end in .json"),
        ([], "is empty; give a folder of PNG"),
    ],
)
def test_wrong_settings_are_told_before_any_work(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    assert main(["--images", "images", *words]) == 2
    assert message in capsys.readouterr().err
