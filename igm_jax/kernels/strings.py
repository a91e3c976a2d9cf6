"""A kernel of texts as one-hot rows: what substrings two of them share, of all lengths, at the same places."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, loops
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, matmul
from igm_jax.records import recorded


@recorded
def substrings(symbols: int, decay: float = 0.7) -> Kernel:
    """The kernel of substrings that two texts share at the same places, the weighted degree kernel of all lengths.

    ``k(x, y) = Σ_i Σ_{n≥1} λⁿ Π_{k<n} ⟨x_{i+k}, y_{i+k}⟩``, over the substrings of n symbols that begin at place i

    One pass from the last place to the first, ``r_i = λ⟨x_i, y_i⟩ (1 + r_{i+1})`` and ``k = Σ_i r_i``, sums all lengths. As
    features it would have symbolsⁿ of each place. It is linear in each place of x, so that rows of probabilities have for values
    the means of those of the texts that they spell where places are independent.

    The symbols that fill a row after the end of its text are shared like letters: two short texts in long rows are alike by what
    neither has. Where the numbers of that symbol are zero, letters alone count.

    Args:
        symbols: how many there are; a row has ``length · symbols`` numbers.
        decay: λ in (0, 1]: the smaller, the more short substrings weigh.

    Returns:
        The kernel.

    Raises:
        ValueError: for another decay; while running, for rows of another length.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.kernels import substrings
        >>> aba, abb = (jnp.eye(2)[jnp.array([word])].reshape(1, -1) for word in ([0, 1, 0], [0, 1, 1]))
        >>> substrings(2, decay=0.5)(aba, abb).tolist()  # a and b a half each, ab a quarter
        [[1.25]]

    Source: Rätsch and Sonnenburg, Accurate splice site detection for Caenorhabditis elegans, in Kernel Methods in Computational
    Biology (2004), there with weights of their own.
    """
    checks.count("symbols", symbols)
    if not 0 < checks.positive("decay", decay) <= 1:
        raise ValueError(f"`decay` must be in (0, 1], but is {decay}; 1 weighs long substrings like short ones")
    return Kernel(f"substrings({symbols}, {decay})", lambda pairs: _shared(pairs, symbols, decay))


def _shared(pairs: Pairs, symbols: int, decay: float) -> Float[Array, "n m"]:
    width = pairs.x.shape[1]
    if width % symbols:
        raise ValueError(f"texts must be rows of so many times {symbols} numbers, but have {width}")
    x, y = (rows.reshape(len(rows), -1, symbols).swapaxes(0, 1) for rows in (pairs.x, pairs.y))
    none = jnp.zeros((x.shape[1], y.shape[1]), jnp.result_type(x, y))

    def one(runs_and_total: tuple[Array, Array], place: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        runs, total = runs_and_total
        runs = decay * matmul(place[0], place[1].T) * (1 + runs)
        return (runs, total + runs), None

    return loops.scan(one, (none, none), (x[::-1], y[::-1]))[0][1]
