"""What holds for every network for images, each in one compiled program."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import Network
from igm_jax.networks import parameter_count


def check(net: Network, low: Network, rows: int, outputs: tuple[int, ...], batch: int = 3) -> dict[str, Any]:
    """Shapes, no sample that looks at another, finite slopes in everything, and what bfloat16 keeps; what was computed.

    Args:
        net: the network.
        low: the same one, which computes in bfloat16.
        rows: features of a row.
        outputs: the shape of what comes out of a row.
    """
    x = np.random.default_rng(0).standard_normal((batch, rows)).astype(np.float32)
    other = np.concatenate([x[:1], 3 - 2 * x[1:]])

    @jax.jit
    def all_of_it(key, x, other):
        params = net.init(key)
        # A slope in every direction: no parameter is where it would not matter.
        moved = jax.tree.map(lambda p: p + 0.1, params)

        def total(params, x):
            return jnp.sum(jnp.sin(net.apply(params, x) + 0.5))

        values = {"out": net.apply(params, x), "other": net.apply(params, other), "low": low.apply(params, x)}
        return params, values, jax.grad(total, (0, 1))(moved, x)

    params, values, (slopes, slope) = jax.tree.map(np.asarray, all_of_it(jax.random.key(0), x, other))
    out = values["out"]
    assert out.shape == values["low"].shape == (batch, *outputs)
    assert out.dtype == values["low"].dtype == np.float32
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(params))
    np.testing.assert_allclose(values["other"][0], out[0], rtol=1e-4, atol=1e-5)
    assert np.abs(values["other"][1:] - out[1:]).max() > 1e-3
    for leaf in [*jax.tree.leaves(slopes), slope]:
        assert np.isfinite(leaf).all()
        assert np.abs(leaf).max() > 0
    error = np.abs(values["low"] - out).max() / np.abs(out).max()
    assert 0 < error < 0.06
    return {"params": params, "x": x, **values}


def check_seeds(net: Network, rows: int) -> None:
    """Seeds side by side are seeds one by one."""
    x = np.random.default_rng(1).standard_normal((2, rows)).astype(np.float32)

    @jax.jit
    def side_by_side(keys, x):
        many = jax.vmap(net.init)(keys)
        return jax.vmap(net.apply, (0, None))(many, x), net.apply(net.init(keys[1]), x)

    outs, alone = side_by_side(jax.random.split(jax.random.key(0), 2), x)
    np.testing.assert_allclose(outs[1], alone, rtol=1e-3, atol=1e-4)
    assert np.abs(outs[1] - outs[0]).max() > 1e-3


def check_condition(net: Network, rows: int, classes: int) -> None:
    """The same noise under two classes gives two images."""
    noise = np.random.default_rng(1).standard_normal((1, rows)).astype(np.float32).repeat(classes, 0)
    x = np.concatenate([noise, np.eye(classes, dtype=np.float32)], axis=1)
    out = np.asarray(jax.jit(lambda key, x: net.apply(net.init(key), x))(jax.random.key(0), x))
    assert np.abs(out[1:] - out[:-1]).max(1).min() > 1e-2


def counted(net: Network) -> int:
    return parameter_count(jax.eval_shape(net.init, jax.random.key(0)))


def told(constructor: Any) -> list[int]:
    """The numbers of parameters that a docstring tells."""
    text = " ".join(constructor.__doc__.split())
    found = re.search(r"it has (\d+) parameters for 28 × 28 × 1 and (\d+) for 32 × 32 × 3 images", text)
    assert found, text
    return [int(number) for number in found.groups()]


SHAPES = ((28, 28, 1), (32, 32, 3))
