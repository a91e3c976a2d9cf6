"""The table of FID's bias: exact moments against quadrature, and the smoke run against its own prediction."""

import json

import numpy as np
import pytest

from experiments.shared.tasks import Found
from experiments.tables.command import main
from experiments.tables.fid_bias import PUBLICATION, FidBias, distance_to_q, estimated, exact_moments, parts
from experiments.tables.rectified import mean_and_variance
from igm_jax.evaluation import frechet_distance_of_moments


def test_fid_of_the_laws():
    mean, variance = mean_and_variance(np.zeros(2048), np.ones(2048))
    of_q, variance_of_q = mean_and_variance(np.ones(1), np.ones(1))
    closed = 2048 * ((mean[0] - of_q[0]) ** 2 + (np.sqrt(variance[0]) - np.sqrt(variance_of_q[0])) ** 2)
    assert closed == pytest.approx(1123.03, abs=0.02)
    small = distance_to_q(mean[:64], np.diag(variance[:64]))
    assert small == pytest.approx(closed / 32, rel=1e-12)


def test_the_short_formula_is_the_distance():
    q_mean, q_variance = mean_and_variance(np.ones(16), np.ones(16))
    for law in ("P1", "P2"):
        mean, covariance = exact_moments(law, 16, 0)
        whole = frechet_distance_of_moments(
            real_mean=q_mean, real_covariance=np.diag(q_variance), fake_mean=mean, fake_covariance=covariance
        )
        assert distance_to_q(mean, covariance) == pytest.approx(whole, rel=1e-10)


def test_moments_in_blocks():
    x = np.random.default_rng(0).normal(size=(7000, 3)).astype(np.float32) + 5
    left = [x[:2000], x[2000:4000], x[4000:5000], x[5000:]]
    for n, mean, covariance in estimated(lambda n: left.pop(0)[:n], (2000, 3000, 5000), 3):
        np.testing.assert_allclose(mean, x[2000 : 2000 + n].mean(0), rtol=1e-5)
        np.testing.assert_allclose(covariance, np.cov(x[2000 : 2000 + n], rowvar=False), atol=1e-4)
    assert n == 5000


def verdicts(laws, distances):
    """Which cells agree, by line and column, when C's give these distances of P2 and of its samples."""
    kids = {f"{law} KID {k}": 0.0 for law in ("P1", "P2") for k in (1000, 10_000)}
    rest = {**kids, "P1": 1133.7, "P1 limit": 0.0, "P2 limit": 0.0}
    results = {
        "P1": [Found({"exact": 1123.03, "predicted": 0.0})],
        "P2": [Found({"exact": exact, "predicted": 0.0}) for exact in laws],
        "samples": [Found({**rest, "P2": distance}) for distance in distances],
    }
    (part,) = parts(FidBias(), results)
    return {(e.line, e.column.split()[-1]): e.agrees for e in part.entries if e.published is not None}


def test_the_paper_s_one_c_is_one_more_draw_and_the_reversal_has_its_sign():
    """Two draws 2 apart have deviation √2, and their mean and another draw differ by √3 at one deviation."""
    far = 3 * 3**0.5 - 0.01
    found = verdicts((1114.8 - far - 1, 1114.8 - far + 1), (1136.2 + far - 1, 1136.2 + far + 1))
    assert len(found) == 6
    assert all(found.values())
    found = verdicts((1114.8 + 3 * far - 1, 1114.8 + 3 * far + 1), (1136.2 - far - 1, 1136.2 - far + 1))
    assert [place for place, agrees in found.items() if not agrees] == [
        ("P2", "law"), ("P2 − P1", "law"), ("P2 − P1", "samples")
    ]  # fmt: skip
    found = verdicts((1114.8,), (1136.2,))  # one draw has no spread to judge by
    assert found["P2", "law"] is found["P2", "samples"] is None


def test_smoke(tmp_path):
    main(PUBLICATION, FidBias, ["--smoke", "--output", str(tmp_path)])
    lines = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    found = {(line["line"], line["column"]): line["ours"] for line in lines}
    assert all(line["published"] is None for line in lines)
    assert found["P1", "the law"][0] == pytest.approx(32 / 2048 * 1123.0447, abs=1e-3)
    for law in ("P1", "P2"):
        for column, truth in (("4000 samples", "predicted"), ("extrapolated", "the law")):
            gaps = np.array(found[law, column]) - np.array(found[law, truth])  # of the same C
            error = gaps.std(ddof=1) / np.sqrt(len(gaps))
            assert gaps.mean() == pytest.approx(0, abs=4 * error + 0.01)
    bias = [found[law, "predicted"][0] - found[law, "the law"][0] for law in ("P1", "P2")]
    assert bias[1] > 1.5 * bias[0] > 0
