"""The precision-recall curve: closed forms of small histograms, and clusters that find dropped modes."""

import numpy as np
import pytest

from igm_jax.evaluation import PRD, prd, prd_curve


def test_half_of_the_modes_at_full_precision():
    curve = prd_curve(real=np.ones(8), fake=[1, 1, 1, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(curve.precision, np.minimum(1, np.tan(np.pi / 2 * np.arange(1, 1002) / 1002) / 2))
    assert curve.recall.max() == pytest.approx(0.5, rel=1e-12)
    # The corner (1, ½): F_β = (1 + β²)/(2β² + 1).
    assert curve.f(8.0) == pytest.approx(65 / 129, rel=1e-3)
    assert curve.f(1 / 8) == pytest.approx((1 + 1 / 64) / (2 / 64 + 1), rel=1e-3)


def test_equal_and_disjoint_histograms():
    p = np.array([0.1, 0.2, 0.7])
    assert prd_curve(real=p, fake=10 * p).f(1.0) == pytest.approx(1, rel=1e-9)
    assert prd_curve(real=[1, 0], fake=[0, 1]).f(8.0) == 0


def test_turning_round_swaps_precision_and_recall():
    p, q = np.random.default_rng(0).dirichlet(np.ones(6), size=2)
    forth, back = prd_curve(real=p, fake=q), prd_curve(real=q, fake=p)
    np.testing.assert_allclose(forth.precision, back.recall[::-1], rtol=1e-9)
    assert forth.f(8.0) == pytest.approx(back.f(1 / 8), rel=1e-9)
    # The point of slope 1 is one minus the total variation.
    assert forth.precision[500] == pytest.approx(1 - np.abs(p - q).sum() / 2, rel=1e-9)


def clusters(seed, n, kept):
    rng = np.random.default_rng(seed)
    return 50.0 * np.eye(8)[rng.integers(kept, size=n)] + rng.normal(size=(n, 8))


def test_clusters_find_dropped_and_invented_modes():
    whole, half = clusters(0, 800, 8), clusters(1, 800, 4)
    dropped, invented = prd(real=whole, fake=half, clusters=8), prd(real=half, fake=whole, clusters=8)
    assert dropped.f_8 == pytest.approx(65 / 129, abs=0.08)
    assert dropped.f_1_8 > 0.9
    assert invented.f_1_8 == pytest.approx(dropped.f_8, abs=0.05)
    assert invented.f_8 > 0.9


def test_the_seed_is_all_that_is_random():
    x, y = np.random.default_rng(0).normal(size=(2, 300, 3))
    assert prd(real=x, fake=y[:200], seed=3) == prd(real=x, fake=y[:200], seed=3)
    assert prd(real=x, fake=y[:200], seed=3) != prd(real=x, fake=y[:200], seed=4)


def test_fewer_distinct_samples_than_clusters():
    assert prd(real=np.zeros((30, 2)), fake=np.zeros((30, 2))) == pytest.approx((1.0, 1.0), rel=1e-9)
    assert prd(real=np.zeros((30, 2)), fake=np.ones((30, 2))) == PRD(0.0, 0.0)


def test_wrong_wishes_are_refused():
    with pytest.raises(ValueError, match="`clusters` must be at most the number of samples, but is 20"):
        prd(real=np.zeros((30, 2)), fake=np.zeros((10, 2)))
    with pytest.raises(ValueError, match="as many weights, but have 2 and 3"):
        prd_curve(real=[1, 1], fake=[1, 1, 1])
    with pytest.raises(ValueError, match="`fake` must be non-negative with a positive sum"):
        prd_curve(real=[1, 1], fake=[0, 0])
