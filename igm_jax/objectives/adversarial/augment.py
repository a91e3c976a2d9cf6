"""Differentiable augmentation: the critic sees samples and data through the same random changes.

A change of the data alone would be learned along with them. Changing both sides alike shows the critic more than the few data
there are, and lets a gradient pass through the change to the samples.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Samples, mapped, rows, values_of, with_values
from igm_jax.checks import ArrayLike
from igm_jax.lifts import no_witness
from igm_jax.records import recorded

__all__ = ["additive_noise", "augmented", "colour", "cutout", "transformed", "translation"]

Augmentation = Callable[[Key, Array], Array]
"""``(key, samples) -> samples``: a random change of (n, d) samples, of each on its own, differentiable in them."""

ImageShape = tuple[int, int, int]


@recorded
def transformed(objective: Objective, transform: Augmentation, *, reason: str) -> Objective:
    """An objective that sees samples and data through a transformation only.

    ``loss(x, y) = objective.loss(T(x), T'(y))``, with draws T, T' of their own; conditions and weights stay as they are

    Args:
        objective: what is computed from the transformed samples.
        transform: ``(key, samples) -> samples``, differentiable; it may change how many there are, and their features.
        reason: why the result has no witness, for the error's text.

    Returns:
        The objective, with the state of the given one, and without a witness.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import objectives
        >>> halved = objectives.transformed(objectives.energy(), lambda key, samples: samples / 2, reason="an example")
        >>> x, y, key = jnp.zeros((3, 1)), jnp.ones((3, 1)), jax.random.key(0)
        >>> float(halved.loss(key, halved.init(key, x), x, y))
        1.0
    """

    def changed(name: str, key: Key, samples: Samples) -> Samples:
        return mapped(name, samples, partial(transform, key), "an augmentation")

    def init(key: Key, x: Samples) -> State:
        values = checks.samples("x", values_of(rows(x)))
        return objective.init(key, changed("x", key, with_values(rows(x), values)))

    def seen(key: Key, x: Samples, y: Samples) -> tuple[Key, Samples, Samples]:
        key, key_x, key_y = jax.random.split(key, 3)
        values = checks.pair(*(values_of(rows(side)) for side in (x, y)))
        x, y = (with_values(rows(side), value) for side, value in zip((x, y), values, strict=True))
        return key, changed("x", key_x, x), changed("y", key_y, y)

    def update(key: Key, state: State, x: Samples, y: Samples) -> tuple[State, Info]:
        key, x, y = seen(key, x, y)
        return objective.update(key, state, x, y)

    def loss(key: Key, state: State, x: Samples, y: Samples) -> Array:
        key, x, y = seen(key, x, y)
        return objective.loss(key, state, x, y)

    return Objective(init, update, loss, no_witness(reason))


@recorded
def augmented(objective: Objective, *augmentations: Augmentation) -> Objective:
    """An objective whose critic sees randomly changed samples and data: DiffAugment, or instance noise.

    ``loss = E_T objective.loss(T(x), T(y))``, one draw of the changes an update, for every sample its own

    Args:
        objective: usually one with a critic, such as ``gan(critic, optimizer)``.
        *augmentations: applied one after the other, e.g. ``translation((28, 28, 1))``, ``additive_noise(0.1)``.

    Returns:
        The objective, with the state of the given one, and without a witness.

    Raises:
        ValueError: without any augmentation.

    Example:
        >>> import optax
        >>> from igm_jax import networks
        >>> from igm_jax.objectives import augmented, colour, cutout, gan, translation
        >>> shape = (8, 8, 1)
        >>> plain = gan(networks.conv_critic(shape), optax.adam(1e-3))
        >>> objective = augmented(plain, colour(shape), translation(shape), cutout(shape))

    Source: Zhao et al. 2020, arXiv 2006.10738; instance noise, Sønderby et al. 2016, arXiv 1610.04490.
    """
    if not augmentations:
        raise ValueError("`augmented` needs at least one augmentation, but got none; pass e.g. `additive_noise(0.1)`")

    def transform(key: Key, samples: Array) -> Array:
        for index, change in enumerate(augmentations):
            samples = change(jax.random.fold_in(key, index), samples)
        return samples

    reason = "its critic sees random changes of the samples, so that no one function of a point is descended"
    return transformed(objective, transform, reason=reason)


@recorded
def additive_noise(std: ArrayLike) -> Augmentation:
    """Normal noise on every feature.

    ``T(x) = x + std ε,  ε ~ N(0, I)``

    Args:
        std: standard deviation, in the units of the samples.

    Returns:
        The augmentation.

    Raises:
        ValueError: for a standard deviation that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.augment import additive_noise
        >>> additive_noise(0.1)(jax.random.key(0), jnp.zeros((5, 2))).shape
        (5, 2)

    Source: Sønderby et al. 2016, arXiv 1610.04490.
    """
    checks.positive("std", std)

    def change(key: Key, samples: Array) -> Array:
        return samples + jnp.asarray(std, samples.dtype) * jax.random.normal(key, samples.shape, samples.dtype)

    return change


@recorded
def on_images(shape: ImageShape, change: Callable[[Key, Array], Array]) -> Augmentation:
    """A random change of one image (h, w, c) as an augmentation of flat images (n, h·w·c), each with its own draw."""
    if len(shape) != 3:
        raise ValueError(f"`image_shape` must be (height, width, channels), but is {shape}; use (h, w, 1) for grey")
    height, breadth, colours = (checks.count("image_shape", side) for side in shape)

    def augmentation(key: Key, samples: Array) -> Array:
        if samples.ndim != 2 or samples.shape[1] != height * breadth * colours:
            raise ValueError(
                f"images of shape {shape} come as rows (n, {height * breadth * colours}), but got {samples.shape};"
                " flatten them by `x.reshape(len(x), -1)`, or build the augmentation for their shape"
            )
        changed = jax.vmap(change)(jax.random.split(key, len(samples)), samples.reshape(-1, height, breadth, colours))
        return changed.reshape(samples.shape)

    return augmentation


@recorded
def translation(image_shape: ImageShape, ratio: float = 0.125) -> Augmentation:
    """Images moved by whole pixels, with zeros coming in.

    ``T(x)[i, j] = x[i − s, j − t]``, s and t uniform on −⌊ratio·side + ½⌋ … ⌊ratio·side + ½⌋

    Args:
        image_shape: (height, width, channels) of an image.
        ratio: the largest move, as a share of the side.

    Returns:
        The augmentation of flat images (n, height·width·channels).

    Raises:
        ValueError: for a ratio that is not positive, or, while running, images of another size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.augment import translation
        >>> translation((4, 4, 3))(jax.random.key(0), jnp.ones((5, 48))).shape
        (5, 48)

    Source: Zhao et al. 2020, arXiv 2006.10738.
    """
    checks.positive("ratio", ratio)

    def change(key: Key, image: Array) -> Array:
        for axis, own in enumerate(jax.random.split(key)):
            most = int(ratio * image.shape[axis] + 0.5)
            image = shifted(image, jax.random.randint(own, (), -most, most + 1), axis)
        return image

    return on_images(image_shape, change)


def shifted(image: Float[Array, "h w c"], by: Array | int, axis: int) -> Float[Array, "h w c"]:
    """An image moved along an axis, zeros coming in: a product with a shift matrix, whose gradient is one again."""
    side = image.shape[axis]
    matrix = jax.nn.one_hot(jnp.arange(side) - by, side, dtype=image.dtype)  # a row of zeros where nothing comes from
    moved = jnp.tensordot(matrix, image, axes=((1,), (axis,)), precision="highest")
    return jnp.moveaxis(moved, 0, axis)


@recorded
def colour(
    image_shape: ImageShape, *, brightness: float = 0.5, saturation: float = 1.0, contrast: float = 0.5
) -> Augmentation:
    """Images made brighter or darker, more or less colourful, more or less contrasted.

    ``x ← x + b``, ``x ← (1 + s)(x − colour mean) + colour mean``, ``x ← (1 + k)(x − mean) + mean``, each of b, s, k uniform on
    plus and minus its strength

    Args:
        image_shape: (height, width, channels) of an image.
        brightness: strength, in the units of a pixel; the default is for pixels from −1 to 1.
        saturation: strength; no effect on images of one channel.
        contrast: strength.

    Returns:
        The augmentation of flat images (n, height·width·channels).

    Raises:
        ValueError: while running, for images of another size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.augment import colour
        >>> colour((4, 4, 3))(jax.random.key(0), jnp.ones((5, 48))).shape
        (5, 48)

    Source: Zhao et al. 2020, arXiv 2006.10738.
    """

    def change(key: Key, image: Array) -> Array:
        light, vivid, sharp = jax.random.uniform(key, (3,), image.dtype, -1, 1)
        image = image + brightness * light
        grey = jnp.mean(image, axis=2, keepdims=True)
        image = grey + (1 + saturation * vivid) * (image - grey)
        mean = jnp.mean(image, keepdims=True)
        return mean + (1 + contrast * sharp) * (image - mean)

    return on_images(image_shape, change)


@recorded
def cutout(image_shape: ImageShape, ratio: float = 0.5) -> Augmentation:
    """Images with a rectangle of zeros, whose centre is uniform on the pixels.

    ``T(x)[i, j] = 0`` where ``|i − s| ≤ ratio·h/2`` and ``|j − t| ≤ ratio·w/2``, about, cut off at the edges; else x[i, j]

    Args:
        image_shape: (height, width, channels) of an image.
        ratio: sides of the rectangle, as a share of those of the image.

    Returns:
        The augmentation, with the errors of ``translation``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.augment import cutout
        >>> cutout((4, 4, 1))(jax.random.key(0), jnp.ones((5, 16))).sum(1).min() >= 12
        Array(True, dtype=bool)

    Source: Zhao et al. 2020, arXiv 2006.10738, after DeVries, Taylor 2017, arXiv 1708.04552.
    """
    checks.positive("ratio", ratio)

    def struck(key: Key, side: int) -> Array:
        size = int(ratio * side + 0.5)
        start = jax.random.randint(key, (), 0, side + 1 - size % 2) - size // 2
        pixel = jnp.arange(side)
        return (pixel >= start) & (pixel < start + size)

    def change(key: Key, image: Array) -> Array:
        rows, columns = (struck(own, side) for own, side in zip(jax.random.split(key), image.shape[:2], strict=True))
        return jnp.where(rows[:, None, None] & columns[None, :, None], 0, image)

    return on_images(image_shape, change)
