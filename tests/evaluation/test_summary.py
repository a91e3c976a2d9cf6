"""The rows of a comparison: which numbers are there, and that each fault shows in the right ones."""

import jax
import numpy as np
import pytest

from igm_jax.distributions import grid
from igm_jax.evaluation import (
    MEASURES,
    Judge,
    evaluate_2d,
    evaluate_images,
    identity_judge,
    random_convolution_judges,
)

TARGET = grid()
N = 400


@pytest.fixture(scope="module")
def draws():
    real, fake = (np.asarray(TARGET(jax.random.key(seed), N)) for seed in (0, 1))
    return real, fake


@pytest.fixture(scope="module")
def floor_row(draws):
    return evaluate_2d(real=draws[0], fake=draws[1], modes=TARGET.modes)


def row(draws, change):
    return evaluate_2d(real=draws[0], fake=change(draws[1]), modes=TARGET.modes)


def test_numbers_are_plain_and_known(floor_row):
    assert all(type(value) is float for value in floor_row.values())
    assert set(floor_row) <= set(MEASURES)
    assert [name for name in MEASURES if name in floor_row] != []
    assert all(name == measure.name for name, measure in MEASURES.items())


def test_real_draws_are_good(floor_row):
    assert floor_row["modes"] == 25
    assert floor_row["high_quality"] > 0.96
    assert floor_row["precision"] > 0.9
    assert floor_row["c2st_p"] > 1e-3


def test_dropped_modes_show(draws, floor_row):
    worse = row(draws, lambda x: x[x[:, 0] < 1])
    assert worse["modes"] == 15
    assert worse["reverse_kl"] > floor_row["reverse_kl"] + 0.4
    assert worse["high_quality"] > 0.96
    assert worse["precision"] > 0.9
    assert worse["recall"] < 0.7
    assert worse["coverage"] < 0.7
    assert worse["w2"] > floor_row["w2"] + 1


def test_noise_shows(draws, floor_row):
    worse = row(draws, lambda x: x + 0.3 * np.random.default_rng(0).normal(size=x.shape))
    assert worse["high_quality"] < 0.3
    assert worse["precision"] < floor_row["precision"] - 0.2
    assert worse["density"] < 0.5 * floor_row["density"]
    assert worse["c2st"] > 0.7


def test_duplicates_show(draws, floor_row):
    worse = row(draws, lambda x: x[np.arange(N) % 50])
    assert worse["coverage"] < floor_row["coverage"] - 0.2
    assert worse["recall"] < 0.1
    assert worse["c2st_p"] < 1e-3


def test_order_of_the_samples_does_not_bias_the_distance(draws):
    # A sorted file: its first rows are one side of the grid.
    real, fake = draws
    ordered = fake[np.lexsort(fake.T)]
    assert evaluate_2d(real=real, fake=ordered, points=100)["w2"] < 2.5


@pytest.fixture(scope="module")
def images():
    """Two kinds of 4 × 4 images, light on the left and light above, with a judge that knows their kind."""
    rng = np.random.default_rng(0)
    kinds = np.array([np.tile([1.0, 1, -1, -1], 4), np.repeat([1.0, -1.0], 8)])

    def draw(n):
        return kinds[np.arange(n) % 2] * rng.uniform(0.5, 1.5, size=(n, 1)) + 0.2 * rng.normal(size=(n, 16))

    def probabilities(x):
        score = np.asarray(x) @ (kinds[1] - kinds[0])
        return np.stack([1 / (1 + np.exp(score)), 1 / (1 + np.exp(-score))], axis=1)

    judge = Judge("kinds", identity_judge().features, probabilities)
    return draw(200), draw(200), draw(200), judge


def test_image_rows(images):
    train, real, fake, judge = images
    arguments = {"judge": judge, "random_judges": random_convolution_judges((4, 4, 1), draws=5), "train": train}
    good = evaluate_images(real=real, fake=fake, **arguments)
    assert set(good) <= set(MEASURES)
    assert all(type(value) is float for value in good.values())
    assert good["class_reverse_kl"] < 0.01
    assert good["class_entropy"] == pytest.approx(np.log(2), abs=1e-3)
    assert good["memorisation"] == pytest.approx(1, abs=0.15)
    assert 0.2 < good["authenticity"] < 0.8

    one_kind = evaluate_images(real=real, fake=fake[::2], **arguments)
    assert one_kind["class_entropy"] == pytest.approx(0, abs=0.06)
    assert one_kind["class_reverse_kl"] == pytest.approx(np.log(2), abs=0.02)
    assert one_kind["frechet"] > 5 * good["frechet"]
    assert one_kind["kid"] > good["kid"] + 3 * (good["kid_error"] + one_kind["kid_error"])
    assert one_kind["random_frechet"] > 5 * good["random_frechet"]
    assert one_kind["random_frechet_spread"] > 0

    copied = evaluate_images(real=real, fake=train, **arguments)
    assert copied["memorisation"] == copied["authenticity"] == 0
    assert copied["frechet"] < 2 * good["frechet"]

    grey = evaluate_images(real=real, fake=0.1 * fake, **arguments)
    assert grey["confidence"] < good["confidence"] - 0.05


def test_without_classifier_and_training_data_their_numbers_are_absent(images):
    _, real, fake, _ = images
    numbers = evaluate_images(real=real, fake=fake, judge=identity_judge())
    assert not {"class_reverse_kl", "confidence", "memorisation", "random_frechet"} & set(numbers)


def test_further_judges_and_shares_of_classes(images):
    _, real, fake, judge = images
    doubled = Judge("Doubled", lambda x: 2 * np.asarray(x))
    arguments = {"judge": judge, "more": (doubled,), "class_names": ("left", "above")}
    numbers = evaluate_images(real=real, fake=fake[::2], **arguments)
    assert numbers["frechet@doubled"] == pytest.approx(4 * numbers["frechet"], rel=1e-6)
    for name in ("precision", "recall", "density", "coverage"):
        assert numbers[f"{name}@doubled"] == numbers[name]
    assert numbers["class_share/left"] + numbers["class_share/above"] == pytest.approx(1)
    assert numbers["class_share/left"] > 0.95
    assert all(name in MEASURES for name in numbers)
    with pytest.raises(ValueError, match="judges of different names"):
        evaluate_images(real=real, fake=fake, judge=judge, more=(doubled, doubled))
    with pytest.raises(ValueError, match="must name the 2 classes of the judge, but are 3"):
        evaluate_images(real=real, fake=fake, judge=judge, class_names=("a", "b", "c"))
    with pytest.raises(ValueError, match="`class_names` must be different names, but are \\['a', 'a'\\]"):
        evaluate_images(real=real, fake=fake, judge=judge, class_names=("a", "a"))
    with pytest.raises(ValueError, match="`class_names` must be left out, as samples tells no classes, but are"):
        evaluate_images(real=real, fake=fake, judge=identity_judge(), class_names=("a", "b"))
