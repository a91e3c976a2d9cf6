"""The Vendi score: the number of different samples, where that can be said."""

import numpy as np
import pytest

from igm_jax.evaluation import vendi_score
from igm_jax.evaluation.metrics import vendi


def test_orthogonal_groups_count_once_each():
    groups = np.repeat(np.eye(5), [2, 2, 2, 2, 2], axis=0) * np.arange(1, 11)[:, None]
    assert vendi_score(fake=groups) == pytest.approx(5, rel=1e-10)
    shares = np.array([6, 3, 1]) / 10
    uneven = np.repeat(np.eye(3), [6, 3, 1], axis=0)
    assert vendi_score(fake=uneven) == pytest.approx(np.exp(-np.sum(shares * np.log(shares))), rel=1e-10)


def test_gaussian_kernel_from_one_to_all():
    x = np.arange(6.0)[:, None]
    assert vendi_score(fake=x, bandwidth=1e-3) == pytest.approx(6, rel=1e-10)
    assert vendi_score(fake=x, bandwidth=1e5) == pytest.approx(1, rel=1e-6)
    # Two samples with kernel k between them have the eigenvalues (1 ± k)/2.
    shares = (1 + np.array([1, -1]) * np.exp(-0.5)) / 2
    assert vendi_score(fake=[[0.0], [1.0]], bandwidth=1.0) == pytest.approx(
        np.exp(-np.sum(shares * np.log(shares))), rel=1e-10
    )


def test_the_gram_matrix_of_features_is_the_same(monkeypatch):
    monkeypatch.setattr(vendi, "BLOCK", 50)  # several blocks
    x = np.random.default_rng(0).normal(size=(40, 7))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / 40)
    values = values[values > 1e-12]
    entropy = -np.sum(values * np.log(values))
    assert vendi_score(fake=x) == pytest.approx(np.exp(entropy), rel=1e-10)
    wide = np.concatenate([x, np.zeros((40, 60))], axis=1)  # now n < p
    assert vendi_score(fake=wide) == pytest.approx(np.exp(entropy), rel=1e-10)
    assert vendi_score(fake=1e200 * x) == pytest.approx(np.exp(entropy), rel=1e-10)


@pytest.mark.parametrize("bandwidth", [None, 1.0])
def test_copies_do_not_raise_it(bandwidth):
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert vendi_score(fake=np.tile(x, (4, 1)), bandwidth=bandwidth) == pytest.approx(
        vendi_score(fake=x, bandwidth=bandwidth), rel=1e-9
    )


def test_what_is_too_large_or_has_no_direction_is_refused():
    with pytest.raises(ValueError, match="at most 4000 samples, as its time grows as n³, but got 4001"):
        vendi_score(fake=np.zeros((4001, 1)), bandwidth=1.0)
    assert vendi_score(fake=np.ones((4001, 1))) == pytest.approx(1)
    with pytest.raises(ValueError, match="row 1 is one"):
        vendi_score(fake=[[1.0], [0.0]])
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        vendi_score(fake=[[1.0]], bandwidth=0.0)
