"""What holds for all metrics: bad input is refused with a useful text, and no type or place of the samples spoils a number."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import (
    classifier_two_sample_test,
    density_coverage,
    evaluate_2d,
    exact_w2,
    frechet_distance,
    kid,
    memorisation_ratio,
    precision_recall,
    sliced_w2,
)

METRICS = {
    "exact_w2": exact_w2,
    "sliced_w2": partial(sliced_w2, num_projections=20),
    "kid": kid,
    "frechet_distance": frechet_distance,
    "precision_recall": precision_recall,
    "density_coverage": density_coverage,
    "classifier_two_sample_test": classifier_two_sample_test,
    "memorisation_ratio": lambda *, real, fake: memorisation_ratio(train=real, test=real[::2] + 0.25, fake=fake),
    "evaluate_2d": evaluate_2d,
}
PAIRED = {name: metric for name, metric in METRICS.items() if name != "memorisation_ratio"}
# The cubic kernel has an origin.
MOVABLE = {name: metric for name, metric in METRICS.items() if name != "kid"}


def draws(seed, n=40, d=3):
    return np.random.default_rng(seed).normal(size=(n, d))


def numbers(result):
    return np.array(list(result.values()) if isinstance(result, dict) else result, dtype=float)


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (draws(0)[:, 0], draws(1), r"`real` must have shape \(n, d\), .* has shape \(40,\)"),
        (draws(0), draws(1).reshape(40, 3, 1), r"`fake` must have shape \(n, d\)"),
        (draws(0), draws(1, d=2), "`real` and `fake` must have the same number of features"),
        (draws(0), np.zeros((0, 3)), "`fake` must hold at least"),
        (draws(0), np.where(draws(1) > 2, np.nan, draws(1)), "`fake` must hold finite numbers"),
        (draws(0) / np.array([[1.0, 1.0, np.inf]]) + np.inf, draws(1), "`real` must hold finite numbers"),
    ],
    ids=["one axis", "three axes", "features", "empty", "nan", "inf"],
)
def test_bad_samples_are_refused(metric, real, fake, message):
    with pytest.raises(ValueError, match=message):
        metric(real=real, fake=fake)


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
def test_what_is_not_numbers_is_refused(metric):
    with pytest.raises(TypeError, match="`fake` must be"):
        metric(real=draws(0), fake=draws(1) * 1j)
    with pytest.raises(TypeError, match="`fake` must be an array of numbers"):
        metric(real=draws(0), fake=np.array([["a"], ["b"]]))


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
def test_arguments_have_names(metric):
    with pytest.raises(TypeError):
        metric(draws(0), draws(1))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_any_type_of_number_will_do(metric):
    # Quarters are exact in every type.
    real, fake = (np.round(4 * draws(seed)) / 4 for seed in (0, 1))
    expected = numbers(metric(real=real, fake=fake))
    for convert in (
        lambda x: x.astype(np.float32),
        lambda x: jnp.asarray(x, jnp.float32),
        lambda x: jnp.asarray(x, jnp.bfloat16),
    ):
        np.testing.assert_array_equal(numbers(metric(real=convert(real), fake=convert(fake))), expected)


@pytest.mark.parametrize("metric", MOVABLE.values(), ids=MOVABLE)
def test_far_from_the_origin(metric):
    # In single precision 1e4 + x is a multiple of 2^-10; so are these samples, and nothing but the metric could lose digits.
    real, fake = (np.round(draws(seed) * 1024) / 1024 for seed in (0, 1))
    expected = numbers(metric(real=real, fake=fake))
    moved = [(x + 1e4).astype(np.float32) for x in (real, fake)]
    np.testing.assert_allclose(numbers(metric(real=moved[0], fake=moved[1])), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "metric", [precision_recall, density_coverage, classifier_two_sample_test], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_units_do_not_matter(metric, scale):
    np.testing.assert_allclose(
        metric(real=scale * draws(0), fake=scale * draws(1)),
        metric(real=draws(0), fake=draws(1)),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_numbers_without_squares_are_refused(metric, scale):
    with pytest.raises(ValueError, match="whose squares double precision can hold"):
        metric(real=scale * draws(0), fake=scale * draws(1))


def test_large_sets_are_taken_block_by_block():
    # A full matrix of distances would be 20 000 × 400 numbers, twice what a block may hold.
    real, fake = draws(0, 400, 2), draws(1, 20_000, 2)
    density, coverage = density_coverage(real=real, fake=fake)
    assert density == pytest.approx(1, abs=0.15)
    assert coverage > 0.99
