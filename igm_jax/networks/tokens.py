"""One-step generators of short texts: a distribution over symbols at each place, soft or rounded to one symbol."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Network, Params
from igm_jax.networks.mlp import mlp
from igm_jax.records import recorded


@jax.custom_jvp
def straight_through(probabilities: Array) -> Array:
    """The likeliest symbol as a one-hot code, whose derivative is that of the probabilities themselves.

    ``x = onehot(argmax p)``, ``dx := dp``

    What is compared with data are texts and not mixtures of them; the derivative is a biased one, of another function.

    Args:
        probabilities: (..., symbols) numbers; of several that are largest the first counts.

    Returns:
        (..., symbols) zeros and ones.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import straight_through
        >>> p, w = jnp.array([0.2, 0.7, 0.1]), jnp.array([1.0, 2.0, 3.0])
        >>> straight_through(p).tolist(), jax.grad(lambda p: w @ straight_through(p))(p).tolist()
        ([0.0, 1.0, 0.0], [1.0, 2.0, 3.0])

    Source: Bengio et al., Estimating or propagating gradients through stochastic neurons, arXiv 1308.3432.
    """
    code = jax.nn.one_hot(jnp.argmax(probabilities, axis=-1), probabilities.shape[-1], dtype=probabilities.dtype)
    # What is no number stays none: a generator that broke must not look as if it spelled.
    return code + 0 * jnp.sum(probabilities, axis=-1, keepdims=True)


@straight_through.defjvp
def _through(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return straight_through(*primals), tangents[0]


@recorded
def token_generator(
    latent_dim: int, length: int, symbols: int, *, width: int = 512, depth: int = 3, hard: bool = True
) -> Network:
    """A network that makes a text of each draw of noise, all places at once.

    ``x = straight_through(softmax(mlp(z)))`` at each place, or without ``straight_through``

    Given z the places are independent; all that hangs together in a text has to come from z.

    Args:
        latent_dim: features of the noise.
        length: places of a text.
        symbols: how many there are, the one for the end among them.
        width: units in each hidden layer.
        depth: number of hidden layers.
        hard: whether the likeliest symbol stands at each place, with a straight-through derivative, or the probabilities.

    Returns:
        The network, from (n, latent_dim) to (n, length · symbols) rows, as ``igm_jax.data.spelled`` reads them.

    Raises:
        TypeError, ValueError: for sizes that are not positive integers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import token_generator
        >>> net = token_generator(8, 5, 39, width=16)
        >>> rows = net.apply(net.init(jax.random.key(0)), jnp.ones((2, 8)))
        >>> rows.shape, rows.reshape(2, 5, 39).sum(2).tolist()[0]
        ((2, 195), [1.0, 1.0, 1.0, 1.0, 1.0])

    Source: straight-through: arXiv 1308.3432; a generator of texts without steps: Gulrajani et al., arXiv 1704.00028.
    """
    for name, size in {"length": length, "symbols": symbols}.items():
        checks.count(name, size)
    inner = mlp(latent_dim, length * symbols, width=width, depth=depth)

    def init(key: Key) -> Params:
        return inner.init(key)

    def apply(params: Params, z: Array) -> Array:
        p = jax.nn.softmax(inner.apply(params, z).reshape(-1, length, symbols), axis=-1)
        return (straight_through(p) if hard else p).reshape(-1, length * symbols)

    return Network(init, apply)
