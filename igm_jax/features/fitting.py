"""How an encoder is trained: to tell classes apart, or to give images back, both from images with noise."""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.features.architecture import Architecture, Parameters, initial, logits_of, reconstructed

# Change the version with anything below or in `architecture` that changes what is learned.
VERSION = "encoder-1"

CHUNK, ROWS = 50, 500
"""Steps between two looks at the progress, and images that are looked at at once."""

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How an encoder is trained.

    Attributes:
        steps: updates by AdamW; the rate falls to zero along a cosine.
        batch_size: images in each.
        rate: the first learning rate.
        decay: of the weights.
        noise: the most noise on an image, in standard deviations of all pixels; how much it is varies from image to image, so
            that the maps know what is not quite an image, as samples are for long.
        version: of the code.
    """

    steps: int = 2500
    batch_size: int = 128
    rate: float = 2e-3
    decay: float = 1e-2
    noise: float = 0.5
    version: str = VERSION

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            checks.count(name, getattr(self, name))
        checks.positive("rate", self.rate)
        for name in ("decay", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be a number from 0 on, but is {getattr(self, name)!r}; 0 is none")


def fitted(
    architecture: Architecture,
    recipe: Recipe,
    seed: int,
    images: np.ndarray,
    labels: np.ndarray | None,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """The parameters after training, the same for the same seed on the same machine.

    Args:
        architecture: what is trained.
        recipe: how.
        seed: of the first weights, the batches and the noise.
        images: (n, d) flat images.
        labels: (n,) integers 0 … K-1 for a classifier.
        progress: told how many steps are done, and how many there are.

    Returns:
        The parameters by name, float32.
    """
    # Single precision whatever the session's default, so that a seed means the same weights everywhere; optax needs the rest.
    with jax.enable_x64(False), jax.default_matmul_precision("highest"), jax.numpy_dtype_promotion("standard"):
        key_init, key_run = jax.random.split(jax.random.key(seed))
        parameters = initial(key_init, architecture)
        parameters["mean"] = jnp.float32(images.mean())
        parameters["spread"] = jnp.float32(max(float(images.std()), 1e-6))
        data = jnp.asarray(images), None if labels is None else jnp.asarray(labels)
        state, done = _optimizer(recipe).init(_learned(parameters)), 0
        while done < recipe.steps:
            number = min(CHUNK, recipe.steps - done)
            keys = jax.random.split(jax.random.fold_in(key_run, done), number)
            parameters, state = _advanced(architecture, recipe, parameters, state, keys, *data)
            done += number
            if progress is not None:
                jax.block_until_ready(parameters)
                progress(done, recipe.steps)
        return {name: np.asarray(value) for name, value in parameters.items()}


def scores(
    architecture: Architecture, parameters: Parameters, images: np.ndarray, labels: np.ndarray | None
) -> dict[str, float]:
    """What the encoder was trained for, on images that it has not seen.

    Returns:
        ``accuracy`` of a classifier; of an autoencoder ``unexplained``, the share of the variance that is lost, nothing where
        all images are alike.
    """
    if architecture.kind == "classifier":
        said = by_rows(partial(_jitted, logits_of, architecture), parameters, images).argmax(axis=1)
        return {"accuracy": float(np.mean(said == labels))}
    if (images == images[:1]).all():
        return {}
    back = by_rows(partial(_jitted, reconstructed, architecture), parameters, images)
    lost = np.square(back - images).mean()
    return {"unexplained": float(lost / np.square(images - images.mean(axis=0)).mean())}


def by_rows(function: Callable[..., Any], parameters: Parameters, images: np.ndarray) -> Any:
    """What a function of parameters and images gives, some images at a time; a tree of NumPy arrays."""
    with jax.enable_x64(False), jax.default_matmul_precision("highest"):
        parts = [function(parameters, jnp.asarray(images[i : i + ROWS])) for i in range(0, len(images), ROWS)]
    return jax.tree.map(lambda *some: np.concatenate([np.asarray(one) for one in some]), *parts)


_jitted = jax.jit(lambda function, *given: function(*given), static_argnums=(0, 1))


def _optimizer(recipe: Recipe) -> optax.GradientTransformation:
    return optax.adamw(optax.cosine_decay_schedule(recipe.rate, recipe.steps), weight_decay=recipe.decay)


def _learned(parameters: dict[str, Array]) -> dict[str, Array]:
    return {name: value for name, value in parameters.items() if name not in ("mean", "spread")}


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2, 3))
def _advanced(
    architecture: Architecture,
    recipe: Recipe,
    parameters: dict[str, Array],
    state: Any,
    keys: Array,
    images: Float[Array, "n d"],
    labels: Array | None,
) -> tuple[dict[str, Array], Any]:
    """Some steps further; one random key each."""
    optimizer, fixed = _optimizer(recipe), {name: parameters[name] for name in ("mean", "spread")}

    def loss(learned: dict[str, Array], noisy: Array, chosen: Array) -> Array:
        whole = fixed | learned
        if labels is not None:
            said = logits_of(architecture, whole, noisy)
            return optax.softmax_cross_entropy_with_integer_labels(said, labels[chosen]).mean()
        lost = reconstructed(architecture, whole, noisy) - images[chosen]
        return jnp.mean(jnp.square(lost / fixed["spread"]))

    def step(carry: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], None]:
        learned, state = carry
        key_batch, key_noise, key_level = jax.random.split(key, 3)
        chosen = jax.random.randint(key_batch, (recipe.batch_size,), 0, len(images))
        level = recipe.noise * fixed["spread"] * jax.random.uniform(key_level, (recipe.batch_size, 1))
        noisy = images[chosen] + level * jax.random.normal(key_noise, (recipe.batch_size, images.shape[1]))
        gradient = jax.grad(loss)(learned, noisy, chosen)
        updates, state = optimizer.update(gradient, state, learned)
        return (optax.apply_updates(learned, updates), state), None

    (learned, state), _ = jax.lax.scan(step, (_learned(parameters), state), keys)
    return fixed | learned, state
