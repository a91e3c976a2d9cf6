"""Extractors from files: the features are the network's, and every metric can use them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import evaluate_images, extractor_from_safetensors, extractor_judge, frechet_distance
from tests.evaluation.judges.test_safetensors import written


def network(parameters, images):
    return jax.nn.relu(images @ parameters["weights"] + parameters["bias"][None])


@pytest.fixture
def file(tmp_path):
    weights = np.random.default_rng(0).normal(size=(16, 5))
    return written(
        tmp_path / "small.safetensors",
        {"weights": ("F64", weights), "bias": ("BF16", np.arange(5).astype(jnp.bfloat16))},
    ), weights


def test_features_are_those_of_the_network(file):
    path, weights = file
    extractor = extractor_from_safetensors(path, network)
    images = np.random.default_rng(1).normal(size=(700, 16))  # more than one batch
    features = extractor(images)
    assert features.dtype == np.float64
    np.testing.assert_allclose(features, np.maximum(images @ weights + np.arange(5), 0), atol=1e-5)
    assert extractor.name == "small"
    again = extractor_from_safetensors(path, network, sha256=extractor.sha256, name="mine")
    np.testing.assert_array_equal(again(images), features)
    with pytest.raises(ValueError, match="must have the SHA-256"):
        extractor_from_safetensors(path, network, sha256="00" * 32)


def test_an_extractor_is_a_judge(file):
    extractor = extractor_from_safetensors(file[0], network)
    judge = extractor_judge(extractor)
    assert judge.name == f"small (sha256 {extractor.sha256[:8]})"
    real, fake = np.random.default_rng(1).normal(size=(2, 40, 16))
    numbers = evaluate_images(real=real, fake=fake, judge=judge)
    assert numbers["frechet"] == frechet_distance(real=extractor(real), fake=extractor(fake))


def test_wrong_features_are_refused(file):
    images = np.zeros((3, 16))
    with pytest.raises(ValueError, match=r"one row of features an image, shape \(512, p\), but gave \(512,\)"):
        extractor_from_safetensors(file[0], lambda parameters, images: images.sum(1))(images)
    with pytest.raises(ValueError, match=r"`small\(images\)` must hold finite numbers"):
        extractor_from_safetensors(file[0], lambda parameters, images: jnp.log(images))(images)


def test_a_batch_is_what_passes_through_at_a_time(file):
    sizes = []

    def noted(parameters, images):
        sizes.append(images.shape)
        return network(parameters, images)

    extractor = extractor_from_safetensors(file[0], network)
    images = np.random.default_rng(1).normal(size=(7, 16))
    found = extractor._replace(batch=3, apply=noted)(images)
    assert sizes == [(3, 16)] * 3
    np.testing.assert_allclose(found, extractor(images), rtol=1e-6)
