"""The projection discriminator: a critic of samples with a class each."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Key, Network, Params
from igm_jax.records import recorded


@recorded
def projection_critic(trunk: Network, num_features: int, num_classes: int) -> Network:
    """A critic of pairs (sample, class), linear in the class: ``D(x, c) = w·φ(x) + b + ⟨E_c, φ(x)⟩``.

    It reads the rows of ``joint(objective, one_hot(num_classes))``: a one-hot code behind the features, (n, d + num_classes), on
    both sides; so every objective with a critic can use it, and fits the joint distribution of samples and classes. At the best
    logit the first term is ``log p(x)/q(x)``, and the second ``log p(c|x)/q(c|x)`` up to a function of x. The code does not
    move, so that penalties of the gradient see that in the sample alone.

    Args:
        trunk: network φ from (n, d) to (n, num_features).
        num_features: the number of features that the trunk gives.
        num_classes: the number of classes.

    Returns:
        The network, from (n, d + num_classes) to (n,).

    Raises:
        TypeError: if ``trunk`` is not a ``Network``.
        ValueError: for sizes that are not positive integers, or, from ``apply``, a trunk that gives another number of features.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import mlp, projection_critic
        >>> critic = projection_critic(mlp(2, 16), 16, 10)
        >>> labelled = jnp.concatenate([jnp.ones((10, 2)), jnp.eye(10)], axis=1)
        >>> critic.apply(critic.init(jax.random.key(0)), labelled).shape
        (10,)

    Source: Miyato, Koyama 2018, cGANs with Projection Discriminator, arXiv 1802.05637.
    """
    if not isinstance(trunk, Network):
        raise functions.not_a_network("trunk", "mlp(2, 16)", trunk)
    checks.count("num_features", num_features)
    checks.count("num_classes", num_classes)

    def init(key: Key) -> Params:
        key_trunk, key_head, key_classes = jax.random.split(key, 3)
        spread = num_features**-0.5
        return {
            "trunk": trunk.init(key_trunk),
            "head": spread * jax.random.normal(key_head, (num_features,)),
            "bias": jnp.zeros(()),
            "classes": spread * jax.random.normal(key_classes, (num_classes, num_features)),
        }

    def apply(params: Params, x: Array) -> Array:
        if x.ndim != 2 or x.shape[1] <= num_classes:
            raise ValueError(
                f"samples must come with a one-hot class of {num_classes} behind their features,"
                f" (n, d + {num_classes}), but have shape {x.shape}; join them by `joint(objective, one_hot({num_classes}))`"
            )
        features = trunk.apply(params["trunk"], x[:, :-num_classes])
        if features.shape != (len(x), num_features):
            raise ValueError(
                f"`trunk` must give {num_features} features a sample, but gave an array of shape {features.shape};"
                " set `num_features` to its output"
            )
        code = jax.lax.stop_gradient(x[:, -num_classes:]).astype(features.dtype)
        return params["bias"] + jnp.sum(features * (params["head"][None] + code @ params["classes"]), axis=1)

    return Network(init, apply)


@recorded
def one_hot(classes: int) -> Callable[[Any], Array]:
    """The code of classes in which each has a feature of its own: ``e(c)_j = 1[c = j]``.

    Args:
        classes: how many there are.

    Returns:
        ``c -> (n, classes)``, of integers (n,) from 0 to classes - 1.

    Raises:
        TypeError: from the code, for labels that are no integers.
        ValueError: for no classes; from the code, for labels that are no class, where they are known; while tracing their code
            is NaN.

    Example:
        >>> from igm_jax.networks import one_hot
        >>> one_hot(3)([2, 0]).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    classes = checks.count("classes", classes)

    def code(labels: Any) -> Array:
        known = checks.labels("labels", labels, classes)
        # What is no class cannot be told while tracing; it must not pass for a class without a code.
        return jnp.where(((known >= 0) & (known < classes))[:, None], jax.nn.one_hot(known, classes), jnp.nan)

    return code
