"""What a critic pays for being steep: penalties that any objective with a critic takes as ``penalties=(...)``.

A penalty is a function ``(key, critic, x, y) -> scalar``; several are added up.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike, Scalar
from igm_jax.objectives.adversarial.base import Critic, not_negative

__all__ = ["dragan_penalty", "gradient_penalty", "one_sided_penalty", "r1_penalty", "r2_penalty", "slope_penalty"]

Cost = Callable[[Key, Critic, Array, Array], Array]


def scaled(coefficient: ArrayLike, cost: Cost) -> Cost:
    """A penalty times a coefficient, without any work where that is zero.

    Args:
        coefficient: not negative.
        cost: ``(key, critic, x, y) -> scalar``.

    Returns:
        The penalty.

    Raises:
        ValueError: for a negative or infinite coefficient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import scaled
        >>> penalty = scaled(3.0, lambda key, critic, x, y: jnp.mean(critic(x)))
        >>> float(penalty(jax.random.key(0), lambda x: x[:, 0], jnp.ones((4, 2)), jnp.ones((4, 2))))
        3.0
    """
    not_negative("coefficient", coefficient)

    def penalty(key: Key, critic: Critic, x: Array, y: Array) -> Array:
        if checks.is_concrete(coefficient) and coefficient == 0:
            return jnp.zeros((), x.dtype)  # nothing to differentiate twice
        value = cost(key, critic, x, y)
        return jnp.asarray(coefficient, value.dtype) * value

    return penalty


def r1_penalty(coefficient: ArrayLike = 1.0) -> Cost:
    """The zero-centred penalty of slopes on data.

    ``γ/2 E_P‖∇D(y)‖²``

    Args:
        coefficient: γ.

    Returns:
        The penalty, with the errors of ``scaled``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import r1_penalty
        >>> steep = lambda points: points @ jnp.array([3.0, 4.0])
        >>> float(r1_penalty(2.0)(jax.random.key(0), steep, jnp.zeros((6, 2)), jnp.ones((6, 2))))
        25.0

    Source: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406, equation 9.
    """
    return scaled(coefficient, lambda key, critic, x, y: zero_centred_penalty(critic, y))


def r2_penalty(coefficient: ArrayLike = 1.0) -> Cost:
    """The zero-centred penalty of slopes on samples.

    ``γ/2 E_Q‖∇D(x)‖²``

    Args:
        coefficient: γ.

    Returns:
        The penalty, with the errors of ``scaled``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import r2_penalty
        >>> bowl = lambda points: 0.5 * jnp.sum(points**2, axis=1)  # slope ‖x‖ at x
        >>> float(r2_penalty(2.0)(jax.random.key(0), bowl, 3 * jnp.eye(2), jnp.zeros((6, 2))))
        9.0

    Source: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406, equation 9.
    """
    return scaled(coefficient, lambda key, critic, x, y: zero_centred_penalty(critic, x))


def slope_penalty(coefficient: ArrayLike = 10.0, target: ArrayLike = 1.0) -> Cost:
    """The two-sided gradient penalty between samples and data (WGAN-GP).

    ``λ mean_i (‖∇D(x̂_i)‖ − target)²``, the x̂ of ``gradient_penalty``

    Args:
        coefficient: λ.
        target: the slope that is not penalised.

    Returns:
        The penalty, with the errors of ``scaled``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import slope_penalty
        >>> steep = lambda points: points @ jnp.array([3.0, 4.0])
        >>> float(slope_penalty(10.0)(jax.random.key(0), steep, jnp.zeros((6, 2)), jnp.ones((6, 2))))
        160.0

    Source: Gulrajani et al. 2017, arXiv 1704.00028, equation 3.
    """
    return scaled(coefficient, lambda key, critic, x, y: gradient_penalty(critic, key, x, y, target))


def one_sided_penalty(coefficient: ArrayLike = 10.0) -> Cost:
    """The one-sided gradient penalty: only slopes above one are punished (WGAN-LP).

    ``λ mean_i max(0, ‖∇D(x̂_i)‖ − 1)²``, the x̂ of ``gradient_penalty``

    The best critic for W1 has slopes below one wherever no mass moves, so that a two-sided penalty is biased.

    Args:
        coefficient: λ.

    Returns:
        The penalty, with the errors of ``scaled``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import one_sided_penalty
        >>> x, y, key = jnp.zeros((6, 2)), jnp.ones((6, 2)), jax.random.key(0)
        >>> [float(one_sided_penalty()(key, lambda p: s * p[:, 0], x, y)) for s in (0.5, 3.0)]
        [0.0, 40.0]

    Source: Petzka, Fischer, Lukovnikov 2017, arXiv 1709.08894.
    """

    def cost(key: Key, critic: Critic, x: Array, y: Array) -> Array:
        x, y = checks.pair(x, y)
        return _deviation(critic, _between(key, x, y), 1.0, one_sided=True)

    return scaled(coefficient, cost)


def dragan_penalty(width: ArrayLike, coefficient: ArrayLike = 10.0, target: ArrayLike = 1.0) -> Cost:
    """The gradient penalty around data alone (DRAGAN).

    ``λ mean_j (‖∇D(y_j + width ε_j)‖ − target)²,  ε_j ~ N(0, I)``

    Args:
        width: standard deviation of the noise, in the units of the data.
        coefficient: λ.
        target: the slope that is not penalised.

    Returns:
        The penalty, with the errors of ``scaled``; the width must be positive, too.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import dragan_penalty
        >>> steep = lambda points: points @ jnp.array([3.0, 4.0])
        >>> float(dragan_penalty(0.1)(jax.random.key(0), steep, jnp.zeros((6, 2)), jnp.ones((6, 2))))
        160.0

    Source: Kodali, Abernethy, Hays, Kira 2017, arXiv 1705.07215; the released code draws the noise differently.
    """
    checks.positive("width", width)

    def cost(key: Key, critic: Critic, x: Array, y: Array) -> Array:
        noise = jnp.asarray(width, y.dtype) * jax.random.normal(key, y.shape, y.dtype)
        return _deviation(critic, y + noise, target)

    return scaled(coefficient, cost)


def gradient_penalty(critic: Critic, key: Key, x: Array, y: Array, target: ArrayLike = 1.0) -> Scalar:
    """How far the critic's slope is from ``target``, between the samples and the data.

    ``mean_i (‖∇D(x̂_i)‖ − target)²,  x̂_i = α_i x_i + (1 − α_i) y_i,  α_i ~ U[0, 1]``, one α a sample, l2 norm per sample

    If n ≠ m, the larger set is used whole and each of its samples is paired with a uniform draw from the smaller set, so
    that the pairs still are independent draws of both. Where the critic is flat the norm's gradient is taken as zero.

    Args:
        critic: ``points -> (n,)``, each output a function of its own point alone.
        key: random key, for the α and the pairs.
        x: (n, d) samples.
        y: (m, d) data.
        target: the slope that is not penalised; 0 for a zero-centred penalty.

    Returns:
        The penalty, a scalar.

    Raises:
        ValueError: for samples that are not (n, d), or of different dimensions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import gradient_penalty
        >>> steep = lambda points: points @ jnp.array([3.0, 4.0])  # slope 5 everywhere
        >>> float(gradient_penalty(steep, jax.random.key(0), jnp.zeros((6, 2)), jnp.ones((6, 2))))
        16.0

    Source: Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1.
    """
    x, y = checks.pair(x, y)
    return _deviation(critic, _between(key, x, y), target)


def _deviation(critic: Critic, points: Array, target: ArrayLike, *, one_sided: bool = False) -> Array:
    """The mean squared deviation of the slopes at points from a target, or of those above it."""
    slopes = lengths(gradients(critic, points))
    beyond = slopes - jnp.asarray(target, slopes.dtype)
    return jnp.mean(jnp.square(jax.nn.relu(beyond) if one_sided else beyond))


def _between(key: Key, x: Array, y: Array) -> Array:
    key_share, key_pairs = jax.random.split(key)
    n, m = len(x), len(y)
    if n < m:
        x = x[jax.random.randint(key_pairs, (m,), 0, n)]
    elif m < n:
        y = y[jax.random.randint(key_pairs, (n,), 0, m)]
    share = jax.random.uniform(key_share, (len(x), 1), x.dtype)
    return share * x + (1 - share) * y


def gradients(critic: Critic, points: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """The critic's gradient at every point, by one backward pass, since each output depends on its own point alone."""
    return jax.grad(lambda points: jnp.sum(critic(points)))(points)


def zero_centred_penalty(critic: Critic, points: Float[Array, "n d"]) -> Scalar:
    """``½ mean_i ‖∇D(points_i)‖²``: R1 if the points are data, R2 if they are samples.

    Args:
        critic: ``points -> (n,)``.
        points: (n, d).

    Returns:
        The penalty, a scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.penalties import zero_centred_penalty
        >>> float(zero_centred_penalty(lambda y: y @ jnp.array([3.0, 4.0]), jnp.zeros((8, 2))))
        12.5

    Source: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406, equation 9.
    """
    return 0.5 * jnp.mean(jnp.sum(jnp.square(gradients(critic, points)), axis=1))


def lengths(vectors: Float[Array, "n d"]) -> Float[Array, "n"]:
    """``‖v_i‖``, with gradient zero at the zero vector, where the root has none."""
    squares = jnp.sum(jnp.square(vectors), axis=1)
    zero = squares == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squares)))
