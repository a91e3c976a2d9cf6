"""A small image classifier as a judge: trained on the training split, kept on disk with its seed, the same again when lost."""

import os
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from igm_jax.evaluation.judges import convolutions
from igm_jax.evaluation.judges.kept import Weights, class_labels, fingerprint, kept

# Change the version with anything below that changes what is learned: files of another recipe are trained anew.
RECIPE = "mlp-1"
STEPS, BATCH, RATE, DECAY, NOISE = 600, 128, 2e-3, 1e-3, 0.3
HIDDEN, FEATURES = 128, 64


def classifier_judge(
    train_images: Any,
    labels: Any,
    image_shape: tuple[int, ...],
    seed: int = 0,
    *,
    directory: str | os.PathLike[str] | None = None,
) -> convolutions.Judge:
    """Features and class probabilities of a small classifier, trained here in about two seconds on two cores.

    A perceptron with two hidden layers (128 and 64 units, GELU), trained by AdamW on images with a little noise; the second
    layer's 64 outputs, scaled to unit mean square on the training images, are the features. No generator is ever trained on
    it, so it is a judge independent of every objective.

    The learned weights are kept in ``directory`` in a file named for a fingerprint of data, seed and recipe, with a checksum.
    A file that is absent, damaged or of other data is not used: the classifier is trained again, to the same weights.

    Args:
        train_images: (n, h·w·c) flat images, of the training split only.
        labels: (n,) integers 0 … K-1, every class present.
        image_shape: (height, width, channels).
        seed: of the initial weights, the batches and the noise.
        directory: where to keep the weights; nothing is kept if None.

    Returns:
        The judge, with ``probabilities``.

    Raises:
        ValueError: for shapes that do not fit, labels that are not 0 … K-1 or a missing class.
        OSError: for a directory that cannot be written, before training.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import classifier_judge
        >>> dark, light = np.zeros((20, 16)), np.ones((20, 16))
        >>> judge = classifier_judge(np.concatenate([dark, light]), np.repeat([0, 1], 20), (4, 4, 1))
        >>> judge.features(dark).shape, judge.probabilities(light).argmax(1)[:3].tolist()
        ((20, 64), [1, 1, 1])
    """
    image_shape = convolutions.image_shape_of(image_shape)
    x = convolutions.images("train_images", train_images, image_shape).astype(np.float32)
    y = class_labels(labels, len(x))
    made_of = fingerprint(RECIPE, x, y, image_shape, seed)
    weights = kept(directory, "classifier", made_of, seed, lambda: _trained(x, y, seed))

    def call(function: Any, images: Any) -> Float[np.ndarray, "n p"]:
        checked = convolutions.images("x", images, image_shape).astype(np.float32)
        with jax.enable_x64(False), jax.default_matmul_precision("highest"):
            return np.asarray(function(weights, jnp.asarray(checked)), np.float64)

    return convolutions.Judge(
        f"classifier (seed {seed})", partial(call, _jitted_features), partial(call, _jitted_probabilities)
    )


def _hidden(weights: Weights, x: Float[Array, "n d"]) -> Float[Array, "n p"]:
    x = (x - weights["mean"]) / weights["scale"]
    hidden = jax.nn.gelu(x @ weights["w1"] + weights["b1"][None])
    return jax.nn.gelu(hidden @ weights["w2"] + weights["b2"][None])


def _logits(weights: Weights, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    return _hidden(weights, x) @ weights["w3"] + weights["b3"][None]


_jitted_features = jax.jit(lambda weights, x: _hidden(weights, x) / weights["unit"])
_jitted_probabilities = jax.jit(lambda weights, x: jax.nn.softmax(_logits(weights, x)))


def _initial(key: PRNGKeyArray, x: np.ndarray, classes: int) -> Weights:
    sizes = [x.shape[1], HIDDEN, FEATURES, classes]
    weights = {"mean": jnp.asarray(x.mean()), "scale": jnp.asarray(max(float(x.std()), 1e-6), jnp.float32)}
    for layer, key_layer in enumerate(jax.random.split(key, 3)):
        fan_in, fan_out = sizes[layer : layer + 2]
        scale = np.float32(np.sqrt(2 / fan_in))
        weights[f"w{layer + 1}"] = scale * jax.random.normal(key_layer, (fan_in, fan_out))
        weights[f"b{layer + 1}"] = jnp.zeros(fan_out)
    return weights


def _trained(x: np.ndarray, y: np.ndarray, seed: int) -> Weights:
    # Single precision whatever the session's default, so that a seed means the same weights everywhere; optax needs the rest.
    with jax.enable_x64(False), jax.default_matmul_precision("highest"), jax.numpy_dtype_promotion("standard"):
        key_init, key_fit = jax.random.split(jax.random.key(seed))
        return _fit(key_fit, _initial(key_init, x, int(y.max()) + 1), jnp.asarray(x), jnp.asarray(y))


@jax.jit
def _fit(key: PRNGKeyArray, weights: Weights, x: Float[Array, "n d"], y: Int[Array, " n"]) -> Weights:
    optimizer = optax.adamw(optax.cosine_decay_schedule(RATE, STEPS), weight_decay=DECAY)
    fixed = {name: weights[name] for name in ("mean", "scale")}

    def loss(learned: Weights, images: Array, labels: Array) -> Array:
        logits = _logits(fixed | learned, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def step(carry: tuple[Any, Any], key: PRNGKeyArray) -> tuple[tuple[Any, Any], None]:
        learned, state = carry
        key_batch, key_noise = jax.random.split(key)
        batch = jax.random.randint(key_batch, (BATCH,), 0, len(x))
        noisy = x[batch] + NOISE * weights["scale"] * jax.random.normal(key_noise, (BATCH, x.shape[1]))
        gradient = jax.grad(loss)(learned, noisy, y[batch])
        updates, state = optimizer.update(gradient, state, learned)
        return (optax.apply_updates(learned, updates), state), None

    learned = {name: value for name, value in weights.items() if name not in fixed}
    (learned, _), _ = jax.lax.scan(step, (learned, optimizer.init(learned)), jax.random.split(key, STEPS))
    return fixed | learned | {"unit": jnp.sqrt(jnp.mean(jnp.square(_hidden(fixed | learned, x))))}
