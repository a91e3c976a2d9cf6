"""The Wasserstein-1 table: scores of critics that are known, bounds that every critic of slope one keeps, given pairs."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.tasks import Found
from experiments.tables.wasserstein1 import Config, main, parts, tasks
from experiments.tables.wasserstein1_pairs import CELLS, Cell, drawn, names
from experiments.tables.wasserstein1_solvers import assigned, judged, learned, measured, sinkhorn_critic
from igm_jax.distributions import ray_pair


def test_the_best_critic_has_the_best_scores(x64):
    rays = ray_pair(*drawn(Cell(4, 4), 0))
    scores = jax.jit(lambda key, scale: judged(rays, lambda p: -scale * rays.potential(p), key, 500))
    best, half = (scores(jax.random.key(1), scale) for scale in (1.0, 0.5))
    x = rays.source(jax.random.key(1), 500)
    cost = np.linalg.norm(x - jax.jit(rays.transported)(x).y, axis=1).mean()
    np.testing.assert_allclose(best, [1, 0, cost], atol=1e-6)
    np.testing.assert_allclose(half, [1, 0.25, cost / 2], atol=1e-6)


def test_discrete_transport_is_biased_upwards():
    pair, key = drawn(Cell(4, 8), 0), jax.random.key(0)
    true, _ = measured(pair, key, draws=2**15)
    few, more = assigned(pair, key, 128), assigned(pair, key, 512)
    assert few > more > float(true) + 0.3


def test_the_sinkhorn_critic_has_slope_at_most_one_and_nearly_the_exact_gap():
    rays = ray_pair([[0.0]], [0.0])

    @jax.jit
    def solved(key_x, key_y):
        x, y = rays.source(key_x, 200), rays.target(key_y, 200)
        critic, error = sinkhorn_critic(x, y, 0.02, 300)
        slopes = jax.grad(lambda p: jnp.sum(critic(p)))(jnp.concatenate([x, y]))
        return x[:, 0], y[:, 0], slopes, error, jnp.mean(critic(y)) - jnp.mean(critic(x))

    x, y, slopes, error, gap = map(np.asarray, solved(*jax.random.split(jax.random.key(0))))
    assert np.abs(slopes).max() <= 1 + 1e-5
    assert error < 1e-2
    exact = np.abs(np.sort(x) - np.sort(y)).mean()
    assert 0.9 * exact < gap <= exact + 1e-4


def test_a_penalised_critic_finds_the_direction():
    pair, sizes = drawn(Cell(4, 8), 0), {"solver": "Lipschitz penalty", "batch": 128, "points": 512}
    with jax.numpy_dtype_promotion("standard"):
        before, after = (learned(pair, jax.random.key(0), steps=steps, **sizes) for steps in (1, 300))
    assert before.cos < 0.5 < 0.8 < after.cos
    assert after.l2 < 0.5 < before.l2


@pytest.mark.slow
def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        main(["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    found = {(e["table"], e["line"]): e["ours"][0] for e in entries}
    for solver in ("Sinkhorn potential", "spectral norm", "sorting"):  # of slope one: their gaps are lower bounds
        assert found["Distance over the true one", solver] < 1.15
    true, discrete = (found["Wasserstein-1 distance", name] for name in ("true W1", "discrete OT"))
    np.testing.assert_allclose(found["Distance over the true one", "discrete OT"], discrete / true, rtol=1e-9)
    assert found["Direction of the gradient", "Sinkhorn potential"] > 0.3
    assert not any(e["agrees"] for e in entries if e["line"] == "true W1")  # one pair has no spread to judge by


def test_distances_of_drawn_pairs_are_judged_by_the_spread_over_pairs():
    published = 0.817  # two draws 2 apart (in hundredths) have deviation √2, their mean and another draw √3
    for far, agrees in ((3 * 3**0.5 - 0.01, True), (3 * 3**0.5 + 0.01, False)):
        pairs = [Found({"w1": published + (far + side) / 100}) for side in (-1, 1)]
        distances = parts(Config(), {f"true W1, {CELLS[0]}": pairs})[2].entries
        assert [entry.agrees for entry in distances if entry.ours] == [agrees]


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
def test_bad_pairs_are_told_before_any_work(content, text, tmp_path, capsys):
    np.savez(tmp_path / "pairs.npz", **content)
    with pytest.raises(SystemExit) as ended:
        main(["--smoke", "--pairs", str(tmp_path / "pairs.npz"), "--output", str(tmp_path / "out")])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert re.search(text, told.replace("\n", " ")), told
    assert not (tmp_path / "out" / "rows.jsonl").exists()


def test_files_that_are_not_archives_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is none; check `--pairs`"):
        tasks(Config(preset="smoke", pairs=tmp_path / "none.npz"))
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match="it holds a single array"):
        tasks(Config(preset="smoke", pairs=tmp_path / "one.npy"))
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 but no more")
    with pytest.raises(ValueError, match="cannot be read so"):
        tasks(Config(preset="smoke", pairs=tmp_path / "damaged.npz"))


def test_cells_without_runs_are_shown_without_a_verdict():
    assert all(entry.agrees is None for part in parts(Config(preset="smoke"), {}) for entry in part.entries)
