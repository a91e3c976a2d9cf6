"""Published networks from a user's file: small ones of the same kind give what their layers give, and other files are refused."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import Scaling
from igm_jax.evaluation import PUBLISHED, dinov2, dinov2_vits14, inception_clean_fid, inception_fid
from igm_jax.evaluation.judges import published
from igm_jax.evaluation.judges.inception import inception_features, inception_shapes
from igm_jax.evaluation.judges.resizing import legacy_bilinear, smooth_bicubic
from igm_jax.evaluation.judges.vision_transformer import Size, placed, transformer_shapes
from tests.evaluation.judges import test_inception, test_vision_transformer
from tests.evaluation.judges.test_safetensors import written

SHAPE = (9, 7, 3)
BYTES = np.random.default_rng(0).integers(0, 256, (2, 9 * 7 * 3))
PIXELS = Scaling.of_range(0, 255, "uint8")
THIN = test_inception.thin(inception_shapes())
TINY = Size(width=64, depth=1, patch=56, grid=3, hidden=8)


def saved(path, tensors):
    return written(path, {name: ("F32", value) for name, value in tensors.items()})


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory):
    tensors = test_inception.drawn(THIN, np.random.RandomState(0))
    counts = {"Conv2d_1a_3x3.bn.num_batches_tracked": np.float32(7)}
    return saved(tmp_path_factory.mktemp("files") / "inception.safetensors", tensors | counts), tensors


@pytest.mark.parametrize(
    ("make", "name"), [(inception_fid, "Inception (FID)"), (inception_clean_fid, "Inception (clean-fid)")]
)
def test_inception_sees_what_its_name_says(inception_file, monkeypatch, make, name):
    path, tensors = inception_file
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(
        ValueError, match="must hold the Inception of the published FID, the file pt_inception-2015-12-05"
    ):
        make(path, SHAPE)  # the widths are others
    monkeypatch.setattr(published, "inception_shapes", lambda: THIN)
    judge = make(path, SHAPE, PIXELS, sha256=digest)
    assert judge.name == f"{name} (sha256 {digest[:8]})"
    images = jnp.asarray(BYTES.reshape(2, *SHAPE).astype(np.float32))
    if make is inception_fid:
        seen = legacy_bilinear(images, 299)
    else:
        seen = jnp.clip(smooth_bicubic(images, 299), 0, 255)
    by_hand = inception_by_hand(tensors, (seen - 128) / 128)
    features = judge.features(PIXELS.scaled(BYTES))
    assert features.dtype == np.float64
    np.testing.assert_allclose(features, by_hand, rtol=1e-4, atol=1e-5)


def inception_by_hand(tensors, images):
    return jax.jit(inception_features)({name: jnp.asarray(value) for name, value in tensors.items()}, images)


def test_dinov2_sees_imagenets_units(tmp_path):
    tensors = test_vision_transformer.drawn(transformer_shapes(TINY))
    judge = dinov2(saved(tmp_path / "vit.safetensors", tensors), (9, 7, 1))
    assert judge.name.startswith("DINOv2 ViT (width 64, depth 1, patch 56) (sha256 ")
    grey = BYTES[:, :63].reshape(2, 9, 7, 1).astype(np.float32)
    seen = np.clip(np.asarray(smooth_bicubic(jnp.asarray(grey), 224)), 0, 255) / 255
    seen = (seen - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    by_hand = [test_vision_transformer.reference(placed(tensors, 224), image, TINY) for image in seen]
    features = judge.features(grey.reshape(2, 63) / 127.5 - 1)
    np.testing.assert_allclose(features, by_hand, atol=1e-4)
    with pytest.raises(
        ValueError, match=r"`x` must hold flat images of 9 · 7 · 1 = 63 numbers, but has shape \(2, 64\)"
    ):
        judge.features(np.zeros((2, 64)))


def test_other_networks_are_refused(tmp_path):
    tensors = test_vision_transformer.drawn(transformer_shapes(TINY))
    path = saved(tmp_path / "vit.safetensors", tensors)
    with pytest.raises(
        ValueError, match=r"must hold a DINOv2 of ViT-S/14 without registers, a file like dinov2_vits14_pre"
    ):
        dinov2_vits14(path, SHAPE)
    registers = saved(tmp_path / "reg.safetensors", tensors | {"register_tokens": np.zeros((1, 4, 64), np.float32)})
    with pytest.raises(ValueError, match=r"but 1 tensor is too many \('register_tokens'\); give that file"):
        dinov2(registers, SHAPE)
    wide = saved(
        tmp_path / "wide.safetensors", test_vision_transformer.drawn(transformer_shapes(TINY._replace(width=80)))
    )
    with pytest.raises(ValueError, match="must be a multiple of 64 wide"):
        dinov2(wide, SHAPE)


@pytest.mark.parametrize("name", PUBLISHED)
def test_errors_come_before_anything_is_read(name, tmp_path):
    make = PUBLISHED[name]
    with pytest.raises(ValueError, match="`image_shape` must end with 1 channel"):
        make(tmp_path / "nothing", (8, 8, 2))
    with pytest.raises(ValueError, match="`scaling` must have a range"):
        make(tmp_path / "nothing", SHAPE, Scaling())
    with pytest.raises(FileNotFoundError):
        make(tmp_path / "nothing", SHAPE)
    path = saved(tmp_path / "other.safetensors", {"weight": np.ones(2, np.float32)})
    with pytest.raises(
        ValueError, match=r"tensors are missing \('.*', '.*', '.*', \.\.\.\), 1 tensor is too many \('weight'\)"
    ):
        make(path, SHAPE)
    with pytest.raises(ValueError, match="must have the SHA-256 00"):
        make(path, SHAPE, sha256="00" * 32)
