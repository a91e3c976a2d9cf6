"""The pairs of the Wasserstein-1 benchmark: drawn by seed, or given in a file that is checked."""

import re

import numpy as np
import pytest

from experiments.tables.wasserstein1 import Config, main, tasks
from experiments.tables.wasserstein1_pairs import CELLS, drawn, given, names


def arrays(cell, center=0.0):
    return dict(
        zip(names(cell), (np.full((cell.count, cell.dim), center), np.r_[0.0, [9.0] * (cell.count - 1)]), strict=True)
    )


def test_given_pairs_take_the_place_of_draws(tmp_path):
    np.savez(tmp_path / "pairs.npz", **arrays(CELLS[0]))
    config = Config(preset="smoke", pairs=tmp_path / "pairs.npz")
    task = next(task for task in tasks(config) if task.name == "true W1, N = 4, D = 2")
    found = task.run().metrics
    # One funnel in the middle of a square, the other three above it.
    assert abs(found["w1"] - 0.7 * 2.5 * (np.sqrt(2) + np.arcsinh(1)) / 3) < 4 * found["error"]


BAD = {
    "lacks": ({"centres": np.zeros(3)}, r"expected arrays such as 'centers_d2_n4'.* it holds 'centres'"),
    "half": ({"centers_d2_n4": np.zeros((4, 2))}, "'bias_d2_n4' is missing"),
    "shape": ({**arrays(CELLS[0]), "centers_d2_n4": np.zeros((2, 4))}, r"must be numbers of shape \(4, 2\)"),
    "nan": ({**arrays(CELLS[0]), "bias_d2_n4": np.full(4, np.nan)}, "`offsets` must hold finite numbers"),
    "outside": (arrays(CELLS[0], 2.6), "must lie in the cube"),
}


@pytest.mark.parametrize(("content", "text"), BAD.values(), ids=BAD)
def test_bad_pairs_are_told_before_any_work(content, text, tmp_path, refusal):
    np.savez(tmp_path / "pairs.npz", **content)
    told = refusal(main, ["--smoke", "--pairs", str(tmp_path / "pairs.npz"), "--output", str(tmp_path / "out")])
    assert re.search(text, told.replace("\n", " ")), told
    assert not (tmp_path / "out" / "rows.jsonl").exists()


def test_files_that_are_not_archives_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is none; check `--pairs`"):
        tasks(Config(preset="smoke", pairs=tmp_path / "none.npz"))
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match="cannot be read so"):
        tasks(Config(preset="smoke", pairs=tmp_path / "one.npy"))
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 but no more")
    with pytest.raises(ValueError, match="cannot be read so"):
        tasks(Config(preset="smoke", pairs=tmp_path / "damaged.npz"))


def test_pairs_are_drawn_by_seed_and_come_back_from_a_file(tmp_path):
    cell = CELLS[1]
    centres, offsets = drawn(cell, 3)
    assert (centres.shape, offsets.shape) == ((cell.count, cell.dim), (cell.count,))
    assert not np.array_equal(centres, drawn(cell, 4)[0])
    np.savez(tmp_path / "pairs.npz", **dict(zip(names(cell), (centres, offsets), strict=True)))
    found = given(tmp_path / "pairs.npz")
    assert list(found) == [cell]
    np.testing.assert_allclose(found[cell][0], drawn(cell, 3)[0], rtol=1e-6)
    np.testing.assert_allclose(found[cell][1], offsets, rtol=1e-6)
