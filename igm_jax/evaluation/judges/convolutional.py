"""A convolutional classifier as a judge of images too large for a perceptron: trained on the labels of the training split."""

import math
import os
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from igm_jax.evaluation.judges.convolutions import Judge, image_shape_of, images
from igm_jax.evaluation.judges.kept import Weights, class_labels, fingerprint, kept

# Change the version with anything below that changes what is learned: files of another recipe are trained anew.
RECIPE = "convolutions-1"
STEPS, BATCH, RATE, DECAY, WARM, SHIFT = 1000, 128, 3e-3, 1e-2, 0.2, 1
CHANNELS, FEATURES = (16, 32), 64

# The first convolution takes strides so long that about this many places a side come out, and the second half as many.
PLACES, LEAST = 14, 8

# Images pass through the trained network this many at a time.
AT_ONCE = 512


def convolutional_classifier_judge(
    train_images: Any,
    labels: Any,
    image_shape: tuple[int, ...],
    seed: int = 1,
    *,
    directory: str | os.PathLike[str] | None = None,
) -> Judge:
    """Features and class probabilities of a convolutional classifier, trained here in about 20 seconds on two cores.

    Two convolutions (16 channels, stride 2 at 28 pixels and longer for larger images, so that larger ones cost no more; then 32
    with stride 2), each normalised over its channels, GELU, and a layer of 64 units from all places, trained by AdamW on images
    that are shifted by up to a pixel. The 64 outputs, scaled to unit mean square on the training images, are the features. No
    generator is ever trained on it. On Fashion-MNIST, from 10 000 images, it recognises 88 % of the test images, where the
    perceptron of ``classifier_judge`` recognises 86 %.

    The learned weights are kept in ``directory`` as those of ``classifier_judge`` are.

    Args:
        train_images: (n, h·w·c) flat images, of the training split only, at least 8 × 8.
        labels: (n,) integers 0 … K-1, every class present.
        image_shape: (height, width, channels).
        seed: of the initial weights, the batches and the shifts.
        directory: where to keep the weights; nothing is kept if None.

    Returns:
        The judge, with ``probabilities``, called "classifier".

    Raises:
        ValueError: for shapes that do not fit, images that are too small, labels that are not 0 … K-1 or a missing class.
        OSError: for a directory that cannot be written, before training.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import convolutional_classifier_judge
        >>> dark, light = np.zeros((20, 64)), np.ones((20, 64))
        >>> judge = convolutional_classifier_judge(np.concatenate([dark, light]), np.repeat([0, 1], 20), (8, 8, 1))
        >>> judge.features(dark).shape, judge.probabilities(light).argmax(1)[:3].tolist()
        ((20, 64), [1, 1, 1])
    """
    shape = image_shape_of(image_shape)
    if min(shape[:2]) < LEAST:
        raise ValueError(
            f"`image_shape` must be at least {LEAST} × {LEAST} for two convolutions with strides, but is {shape};"
            " use `classifier_judge`"
        )
    x = images("train_images", train_images, shape).astype(np.float32)
    y = class_labels(labels, len(x))
    made_of = fingerprint(RECIPE, x, y, shape, seed)
    weights = kept(directory, "convolutional", made_of, seed, lambda: _trained(x, y, shape, seed))
    return Judge(
        "classifier",
        partial(_called, _jitted_features, weights, shape),
        partial(_called, _jitted_probabilities, weights, shape),
    )


def _called(function: Any, weights: Weights, shape: tuple[int, int, int], x: Any) -> Float[np.ndarray, "n p"]:
    x = images("x", x, shape).astype(np.float32)
    blocks = np.pad(x, ((0, -len(x) % AT_ONCE), (0, 0))).reshape(-1, AT_ONCE, *shape)
    with jax.enable_x64(False), jax.default_matmul_precision("highest"):
        found = [np.asarray(function(weights, jnp.asarray(block))) for block in blocks]
    return np.concatenate(found)[: len(x)].astype(np.float64)


def _strides(shape: tuple[int, ...]) -> tuple[int, int]:
    return max(1, round(max(shape[:2]) / PLACES)), 2


def _patches(x: Float[Array, "n h w c"], side: int, stride: int) -> Float[Array, "n p q k"]:
    """What each place of a convolution sees, side by side: its derivative is a product of matrices, several times as fast on
    a processor as that of a convolution in a loop."""
    sizes = [-(-size // stride) for size in x.shape[1:3]]
    lacking = [max((n - 1) * stride + side - size, 0) for n, size in zip(sizes, x.shape[1:3], strict=True)]
    x = jnp.pad(x, [(0, 0), *((zeros // 2, zeros - zeros // 2) for zeros in lacking), (0, 0)])
    rows, columns = ((n - 1) * stride + 1 for n in sizes)
    seen = [x[:, a : a + rows : stride, b : b + columns : stride] for a in range(side) for b in range(side)]
    return jnp.concatenate(seen, axis=-1)


def _hidden(weights: Weights, x: Float[Array, "n h w c"]) -> Float[Array, "n p"]:
    strides = _strides(x.shape[1:])
    x = (x - weights["mean"]) / weights["scale"]
    for layer, stride in enumerate(strides):
        x = _patches(x, 2 * stride + 1 if layer == 0 else 3, stride) @ weights[f"w{layer}"]
        x = x - x.mean(-1, keepdims=True)
        x = x * jax.lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + 1e-5)
        x = jax.nn.gelu(x * weights[f"g{layer}"][None, None, None] + weights[f"b{layer}"][None, None, None])
    return jax.nn.gelu(x.reshape(len(x), -1) @ weights["w2"] + weights["b2"][None])


def _logits(weights: Weights, x: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
    return _hidden(weights, x) @ weights["w3"] + weights["b3"][None]


_jitted_features = jax.jit(lambda weights, x: _hidden(weights, x) / weights["unit"])
_jitted_probabilities = jax.jit(lambda weights, x: jax.nn.softmax(_logits(weights, x)))


def _initial(key: PRNGKeyArray, x: np.ndarray, classes: int) -> Weights:
    height, width, channels = x.shape[1:]
    strides = _strides(x.shape[1:])
    places = [math.ceil(math.ceil(side / strides[0]) / strides[1]) for side in (height, width)]
    fans = ((2 * strides[0] + 1) ** 2 * channels, 9 * CHANNELS[0], places[0] * places[1] * CHANNELS[1], FEATURES)
    outs = (*CHANNELS, FEATURES, classes)
    weights = {"mean": jnp.asarray(x.mean()), "scale": jnp.asarray(max(float(x.std()), 1e-6), jnp.float32)}
    for layer, key_layer in enumerate(jax.random.split(key, 4)):
        scale = np.float32(np.sqrt((2 if layer < 3 else 1) / fans[layer]))
        weights[f"w{layer}"] = scale * jax.random.normal(key_layer, (fans[layer], outs[layer]))
        weights[f"b{layer}"] = jnp.zeros(outs[layer])
        if layer < 2:
            weights[f"g{layer}"] = jnp.ones(outs[layer])
    return weights


def _trained(x: np.ndarray, y: np.ndarray, shape: tuple[int, int, int], seed: int) -> Weights:
    # Single precision whatever the session's default, so that a seed means the same weights everywhere; optax needs the rest.
    with jax.enable_x64(False), jax.default_matmul_precision("highest"), jax.numpy_dtype_promotion("standard"):
        key_init, key_fit = jax.random.split(jax.random.key(seed))
        pictures = x.reshape(-1, *shape)
        weights = _fit(key_fit, _initial(key_init, pictures, int(y.max()) + 1), jnp.asarray(pictures), jnp.asarray(y))
        blocks = [pictures[start : start + AT_ONCE] for start in range(0, len(x), AT_ONCE)]
        squares = sum(float(jnp.square(_jitted_features(weights, jnp.asarray(block))).sum()) for block in blocks)
        return weights | {"unit": jnp.asarray(np.sqrt(squares / (len(x) * FEATURES)), jnp.float32)}


@jax.jit
def _fit(key: PRNGKeyArray, weights: Weights, x: Float[Array, "n h w c"], y: Int[Array, " n"]) -> Weights:
    schedule = optax.cosine_onecycle_schedule(STEPS, RATE, WARM)
    optimizer = optax.adamw(schedule, weight_decay=DECAY)
    fixed = {name: weights[name] for name in ("mean", "scale")}

    def loss(learned: Weights, images: Array, labels: Array) -> Array:
        logits = _logits(fixed | learned, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def step(carry: tuple[Any, Any], key: PRNGKeyArray) -> tuple[tuple[Any, Any], None]:
        learned, state = carry
        key_batch, key_shift = jax.random.split(key)
        batch = jax.random.randint(key_batch, (min(BATCH, len(x)),), 0, len(x))
        gradient = jax.grad(loss)(learned, _shifted(key_shift, x[batch]), y[batch])
        updates, state = optimizer.update(gradient, state, learned)
        return (optax.apply_updates(learned, updates), state), None

    learned = {name: value for name, value in weights.items() if name not in fixed}
    (learned, _), _ = jax.lax.scan(step, (learned, optimizer.init(learned)), jax.random.split(key, STEPS))
    return fixed | learned | {"unit": jnp.ones(())}


def _shifted(key: PRNGKeyArray, x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
    """All images of a batch, moved alike by up to a pixel; the rim is repeated."""
    wide = jnp.pad(x, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    down, right = jax.random.randint(key, (2,), 0, 2 * SHIFT + 1)
    return jax.lax.dynamic_slice(wide, (0, down, right, 0), x.shape)
