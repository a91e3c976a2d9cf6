"""Timing blocks of the fused kernels: on a CPU only that the command works, and says what it needs."""

import json

import jax
import pytest

from benchmarks.blocks import DIRECT, DOT, main


@pytest.mark.parametrize(("d", "blocks"), [(2, DIRECT), pytest.param(20, DOT, marks=pytest.mark.slow)])
def test_every_block_is_checked_and_timed(d, blocks, tmp_path, capsys):
    main(["--n", "70", "--dims", str(d), "--repeats", "1", "--interpret", "--tiles", "--output", str(tmp_path)])
    rows = [json.loads(line) for line in (tmp_path / "blocks.jsonl").read_text().splitlines()]
    assert not [row["reason"] for row in rows if "reason" in row]
    assert [row["blocks"] for row in rows] == [*map(list, blocks), "tiles"]
    assert all(max(row["value_error"], row["gradient_error"]) < 1e-6 and row["seconds"] > 0 for row in rows)
    assert "tiles" in (tmp_path / "blocks.md").read_text()
    capsys.readouterr()


@pytest.mark.skipif(jax.default_backend() == "gpu", reason="needs a machine without a GPU")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [([], "jax sees none"), (["--interpret", "--dims", "129"], "at most 128"), (["--n", "0"], "`n`")],
)
def test_wrong_wishes(arguments, text, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--output", str(tmp_path)])
    assert text in capsys.readouterr().err
