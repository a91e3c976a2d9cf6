"""PacGAN: a critic that judges several samples at once, and so sees a lack of variety."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key, Objective
from igm_jax.objectives.adversarial.augment import transformed
from igm_jax.records import recorded

__all__ = ["pac_gan", "packs"]


def packs(samples: Float[Array, "n d"], size: int, channels: int | None = None) -> Float[Array, "k e"]:
    """Samples side by side: the first ``size`` make the first row, the next the second, and so on.

    If the last row is not full, it is filled up with the first samples.

    Args:
        samples: (n, d).
        size: how many make a row.
        channels: of flat images (h·w·channels), which are then stacked along their channels; None for plain vectors.

    Returns:
        (⌈n/size⌉, size·d).

    Raises:
        ValueError: for sizes that are not positive integers, or channels that do not divide d.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.pac_gan import packs
        >>> packs(jnp.array([[1.0], [2.0], [3.0]]), 2).tolist()
        [[1.0, 2.0], [3.0, 1.0]]
    """
    n, d = samples.shape
    colours = d if channels is None else checks.count("channels", channels)
    if d % colours:
        raise ValueError(
            f"`channels` must divide the number of features, {d}, but is {channels}; flat images are (n, h·w·channels)"
        )
    rows = -(-n // checks.count("size", size))
    filled = samples[jnp.arange(rows * size) % n]
    return jnp.swapaxes(filled.reshape(rows, size, d // colours, colours), 1, 2).reshape(rows, size * d)


@recorded
def pac_gan(objective: Objective, size: int = 2, *, channels: int | None = None) -> Objective:
    """Any objective with a critic, whose critic now judges packs of samples of one side.

    ``loss(x, y) = objective.loss(packs(x), packs(y))``

    A generator that makes too few different samples makes packs of equal ones, which are rare among data.

    Args:
        objective: e.g. ``gan(mlp_critic(size * d), optimizer)``: its critic must take ``size`` times as many features.
        size: samples in a pack.
        channels: of flat images, which are then stacked along their channels; None for plain vectors.

    Returns:
        The objective, with the state of the given one, and without a witness.

    Raises:
        ValueError: for sizes that are not positive integers, or channels that do not divide the features.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> judge = objectives.gan(networks.mlp_critic(2 * 3), optax.adam(1e-3))
        >>> objective = objectives.pac_gan(judge, 3)  # for samples (n, 2)

    Source: Lin, Khetan, Fanti, Oh 2018, arXiv 1712.04086.
    """
    checks.count("size", size)

    def transform(key: Key, samples: Array) -> Array:
        del key
        return packs(samples, size, channels)

    reason = "its critic judges a sample together with the others of its pack"
    return transformed(objective, transform, reason=reason)
