"""What batch does what: a small run of two sizes, and what is told of bad settings."""

import json

import jax
import pytest

from experiments import batches


@pytest.fixture(autouse=True)
def optax_types():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.slow
def test_a_small_run_compares_each_size(tmp_path):
    config = batches.prepared(batches.Config(output=tmp_path / "x", target="ring", objectives=("energy",), smoke=True))
    batches.run(config)
    output = tmp_path / "x-smoke"
    assert {"16", "32", "report.md", "rows.jsonl", "batches.png"} == {path.name for path in output.iterdir()}
    rows = [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()]
    steps = {row["config"]["batch_size"]: row["config"]["steps"] for row in rows if row["objective"] == "energy"}
    assert steps == {16: 4, 32: 2}
    assert "16: 4 updates" in (output / "report.md").read_text()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sizes": (48,)}, "must divide `seen`"),
        ({"sizes": ()}, "at least one"),
        ({"sizes": (-3, 64), "smoke": True}, "`sizes` must be at least 2, but is -3"),
        ({"seen": 0}, "`seen` must be at least 1"),
        ({"objectives": ("enrgy",)}, "did you mean 'energy'"),
    ],
)
def test_bad_settings_are_told_before_any_work(wrong, text, tmp_path):
    with pytest.raises(ValueError, match=text):
        batches.prepared(batches.Config(output=tmp_path, **{"objectives": ("energy",), **wrong}))


def test_what_lies_in_the_way_is_told_before_any_work(tmp_path):
    (tmp_path / "256").write_text("mine")
    with pytest.raises(NotADirectoryError, match=r"cannot write into .*256: it is a file"):
        batches.prepared(batches.Config(output=tmp_path, target="ring", objectives=("energy",)))
