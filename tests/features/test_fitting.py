import numpy as np
import pytest

from igm_jax.features import Architecture, Recipe, fit_encoder
from igm_jax.features.fitting import scores
from tests.features.small import SHAPE, classifier, images


def test_a_classifier_learns_its_classes():
    assert classifier().scores == {"accuracy": 1.0}


def test_an_autoencoder_gives_back_more_than_the_mean_and_tells_how_far_it_is():
    x, told = images()[0], []
    encoder = fit_encoder(
        "autoencoder",
        x[:60],
        SHAPE,
        held_out=(x[60:], None),
        width=4,
        code=4,
        recipe=Recipe(60, 16),
        progress=lambda done, total: told.append((done, total)),
    )
    assert encoder.scores["unexplained"] < 0.8
    assert told == [(50, 60), (60, 60)]


def test_of_images_that_are_all_alike_an_autoencoder_has_no_share_to_tell():
    shape = Architecture("autoencoder", SHAPE, width=2, code=2)
    assert scores(shape, {}, np.full((9, 64), 0.1, np.float32), None) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"rate": 0.0}, "`rate` must be positive"),
        ({"noise": -0.5}, "`noise` must be a number from 0 on, but is -0.5"),
        ({"decay": float("nan")}, "`decay` must be a number from 0 on, but is nan"),
    ],
)
def test_recipes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**given)


def test_the_same_seed_gives_the_same_encoder_and_another_one_another():
    x, short = images()[0], Recipe(2, 8)
    first, again, other = (
        fit_encoder("autoencoder", x, SHAPE, width=2, code=2, recipe=short, seed=seed) for seed in (0, 0, 1)
    )
    assert first.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(first.parameters["stage1/kernel"], again.parameters["stage1/kernel"])
