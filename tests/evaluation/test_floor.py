"""The real-against-real floor."""

import numpy as np
import pytest

from igm_jax.evaluation import evaluate_samples, exact_w2, floor, kid

REAL = np.random.default_rng(0).normal(size=(60, 2))


def test_parts_are_disjoint_and_drawn_from_the_real_data():
    seen = []

    def metric(*, real, fake):
        seen.append((real, fake))
        return len(fake)

    assert floor(metric, REAL, size=40, seeds=[3, 4], fake_size=20) == {"value": [20.0, 20.0]}
    for real, fake in seen:
        assert (real.shape, fake.shape) == ((40, 2), (20, 2))
        assert sorted(map(tuple, np.concatenate([real, fake]))) == sorted(map(tuple, REAL))
    assert not np.array_equal(seen[0][0], seen[1][0])


def test_numbers_keep_their_names():
    assert set(floor(kid, REAL, size=30, seeds=range(2))) == {"value", "standard_error"}
    assert "coverage" in floor(evaluate_samples, REAL, size=30, seeds=range(1))


def test_a_seed_gives_the_same_floor():
    assert (
        floor(exact_w2, REAL, size=30, seeds=[1, 2])["value"]
        == floor(exact_w2, REAL, size=30, seeds=[2, 1])["value"][::-1]
    )


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match="disjoint parts of 31 and 31 do not fit into 60 real samples; lower `size` to at most 30"
    ):
        floor(exact_w2, REAL, size=31)
    with pytest.raises(ValueError, match="`seeds` must name at least one seed"):
        floor(exact_w2, REAL, size=3, seeds=[])
