"""Loops and branches that also run inside ``jax.shard_map``: there, whether a value differs between devices is part of its type.

A loop's carry must keep its type, and sums begin at zeros that are the same on every device and become different with the first
step. So before a loop begins its carry is given the type that it ends with; branches are given one type for both. Outside of
``shard_map`` all of this is JAX's own functions, and costs nothing; but a condition that is known is asked at once (``cond``).
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.digits import is_concrete

# A context that jit looks at: the ring of devices over which samples are spread, where there is one.
ring = jax.make_user_context(None)


def rows_at(samples: jax.Array, index: Sequence[int | jax.Array]) -> jax.Array:
    """A few rows of samples, (k, ...); of samples that are spread over devices only these are fetched from others.

    Args:
        samples: (n, ...) arrays.
        index: which; numbers, or scalars that are only known inside of jit.

    Returns:
        Their rows, slice by slice on one device, which costs next to nothing there.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import loops
        >>> loops.rows_at(jnp.arange(5), [0, 4]).tolist()
        [0, 4]
    """
    if ring.value is not None:
        # One row alone would be a slice to the compiler, which gathers all samples on every device to cut it.
        several = list(index) if len(index) > 1 else [*index, *index]
        return samples[jnp.stack([jnp.asarray(i, jnp.int32) for i in several])][: len(index)]
    cut = [samples[i : i + 1] if isinstance(i, int) else jax.lax.dynamic_slice_in_dim(samples, i, 1) for i in index]
    return jnp.concatenate(cut)


def scan(step: Callable[..., Any], start: Any, given: Any, length: int | None = None) -> tuple[Any, Any]:
    """``jax.lax.scan(step, start, given, length)``.

    Args:
        step: ``(carry, slice) -> (carry, out)``.
        start: the first carry.
        given: arrays with one slice for each step, or None.
        length: how many steps, where nothing is given.

    Returns:
        The last carry, and the outs.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import loops
        >>> [int(number) for number in loops.scan(lambda sum, x: (sum + x, None), 0, jnp.arange(4))[:1]]
        [6]
    """
    if not _on_devices():
        return jax.lax.scan(step, start, given, length)
    one = lambda carry: step(carry, jax.tree.map(lambda leaf: leaf[0], given))  # noqa: E731
    start = _settled(lambda carry: one(carry)[0], start)

    def kept(carry: Any, some: Any) -> tuple[Any, Any]:
        new, out = step(carry, some)
        return differing(new, carry), out

    return jax.lax.scan(kept, start, given, length)


def while_loop(unfinished: Callable[[Any], Any], step: Callable[[Any], Any], start: Any) -> Any:
    """``jax.lax.while_loop(unfinished, step, start)``.

    Args:
        unfinished: whether to go on.
        step: from a carry to the next.
        start: the first carry.

    Returns:
        The last carry.

    Example:
        >>> from igm_jax import loops
        >>> int(loops.while_loop(lambda n: n < 5, lambda n: n + 2, 0))
        6
    """
    if not _on_devices():
        return jax.lax.while_loop(unfinished, step, start)
    return jax.lax.while_loop(unfinished, lambda carry: differing(step(carry), carry), _settled(step, start))


def fori_loop(low: int, high: int, step: Callable[[Any, Any], Any], start: Any) -> Any:
    """``jax.lax.fori_loop(low, high, step, start)``.

    Args:
        low: the first index.
        high: behind the last.
        step: ``(index, carry) -> carry``.
        start: the first carry.

    Returns:
        The last carry.

    Example:
        >>> from igm_jax import loops
        >>> int(loops.fori_loop(0, 4, lambda i, sum: sum + i, 0))
        6
    """
    if not _on_devices():
        return jax.lax.fori_loop(low, high, step, start)
    start = _settled(lambda carry: step(jnp.asarray(low), carry), start)
    return jax.lax.fori_loop(low, high, lambda index, carry: differing(step(index, carry), carry), start)


def cond(condition: Any, yes: Callable[..., Any], no: Callable[..., Any], *operands: Any) -> Any:
    """``jax.lax.cond(condition, yes, no, *operands)``.

    A condition that is known, outside of ``jit``, is asked at once and one of the two called, where JAX would compile both for
    every call anew. That both give the same types is then not checked.

    Args:
        condition: which of the two.
        yes: what to do where it holds.
        no: what to do where it does not.
        operands: of both.

    Returns:
        The result of one of them.

    Raises:
        TypeError: for a condition that is no scalar.

    Example:
        >>> from igm_jax import loops
        >>> int(loops.cond(True, lambda: 1, lambda: 2))
        1
    """
    if is_concrete(condition):
        if not isinstance(condition, bool) and np.shape(condition) != ():
            raise TypeError(f"`condition` must be one truth value, but has shape {np.shape(condition)}")
        return jax.tree.map(jnp.asarray, (yes if condition else no)(*operands))
    return jax.lax.cond(condition, *_alike([yes, no], operands), *operands)


def either(condition: Any, yes: Callable[..., Any], no: Callable[..., Any], *operands: Any) -> Any:
    """``cond`` of two ways that cost little: inside of ``shard_map`` both are gone.

    There a branch that is taken under ``vmap`` as well loses account of which values differ between devices, and fails.

    Args:
        condition, yes, no, operands: as for ``cond``.

    Returns:
        The result of one of them.

    Example:
        >>> from igm_jax import loops
        >>> int(loops.either(False, lambda: 1, lambda: 2))
        2
    """
    if not _on_devices():
        return cond(condition, yes, no, *operands)
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes(*operands), no(*operands))


def on_platform(*operands: Any, default: Callable[..., Any], **special: Callable[..., Any]) -> Any:
    """``jax.lax.platform_dependent(*operands, default=default, **special)``.

    Args:
        operands: of all.
        default: what to do elsewhere.
        special: what to do on a platform of this name.

    Returns:
        The result of one of them.

    Example:
        >>> from igm_jax import loops
        >>> int(loops.on_platform(1, default=lambda x: x + 1, cpu=lambda x: x + 1))
        2
    """
    first, *others = _alike([default, *special.values()], operands)
    return jax.lax.platform_dependent(*operands, default=first, **dict(zip(special, others, strict=True)))


def differing(tree: Any, like: Any) -> Any:
    """The tree, each leaf said to differ between devices at least as the one of ``like`` does.

    Args:
        tree: arrays.
        like: as many, or their types.

    Returns:
        The arrays, unchanged.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import loops
        >>> loops.differing(jnp.ones(2), jnp.zeros(2)).tolist()
        [1.0, 1.0]
    """
    if not _on_devices():
        return tree

    def cast(leaf: Any, other: Any) -> Any:
        missing = tuple(sorted(_axes(other) - _axes(leaf)))
        return jax.lax.pcast(leaf, missing, to="varying") if missing else leaf

    return jax.tree.map(cast, tree, like)


def _on_devices() -> bool:
    """Whether this is being traced inside of a ``shard_map``, of which jax keeps account in types or not (``check_vma``)."""
    return bool(jax.sharding.get_abstract_mesh().manual_axes)


def _axes(leaf: Any) -> frozenset[str]:
    """The axes of the mesh along which a value may differ between devices."""
    known = leaf if isinstance(leaf, jax.ShapeDtypeStruct) else jax.typeof(leaf)
    kind = known.manual_axis_type
    return frozenset() if kind is None else kind.varying  # None without `check_vma`


def _settled(step: Callable[[Any], Any], carry: Any) -> Any:
    """The carry with the type that steps leave as it is; each round makes some leaf differ along one more axis."""
    while True:
        after = jax.eval_shape(step, carry)
        if all(_axes(new) <= _axes(old) for new, old in zip(*map(jax.tree.leaves, (after, carry)), strict=True)):
            return carry
        carry = differing(carry, after)


def _alike(branches: list[Callable[..., Any]], operands: tuple[Any, ...]) -> list[Callable[..., Any]]:
    """The branches with one type of result."""
    if not _on_devices():
        return branches
    kinds = [jax.eval_shape(lambda *given, branch=branch: branch(*given), *operands) for branch in branches]

    def one(branch: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            result = branch(*given)
            for kind in kinds:
                result = differing(result, kind)
            return result

        return run

    return [one(branch) for branch in branches]
