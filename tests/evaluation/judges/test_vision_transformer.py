"""The vision transformer: DINOv2's names and numbers of parameters, and a network in NumPy that says the same."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation.judges.vision_transformer import (
    BASE,
    LARGE,
    SMALL,
    Size,
    attention,
    check_size,
    class_token,
    name_of,
    placed,
    size_of,
    transformer_shapes,
)

TINY = Size(width=128, depth=2, patch=8, grid=3, hidden=40)


def drawn(shapes, seed=0):
    """Numbers for tensors of these shapes, by which no layer is without effect."""
    rng = np.random.RandomState(seed)
    return {
        name: (rng.normal(size=shape) / np.sqrt(max(np.prod(shape[1:]), 4))).astype(np.float32)
        for name, shape in shapes.items()
    }


def test_names_and_numbers_are_those_of_the_published_files():
    shapes = transformer_shapes()
    assert len(shapes) == 175
    for size, number in ((SMALL, 22_056_576), (BASE, 86_580_480), (LARGE, 304_368_640)):
        assert sum(map(math.prod, transformer_shapes(size).values())) == number
    assert shapes["pos_embed"] == (1, 37 * 37 + 1, 384)
    assert shapes["patch_embed.proj.weight"] == (384, 3, 14, 14)
    assert {name.removeprefix("blocks.7.") for name in shapes if name.startswith("blocks.7.")} == {
        "norm1.weight", "norm1.bias", "attn.qkv.weight", "attn.qkv.bias", "attn.proj.weight", "attn.proj.bias", "ls1.gamma",
        "norm2.weight", "norm2.bias", "mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias", "ls2.gamma",
    }  # fmt: skip


def test_sizes_are_read_from_the_tensors():
    for size in (SMALL, BASE, LARGE, TINY):
        assert size_of(transformer_shapes(size)) == size
    assert size_of({}) == SMALL  # so that an error names the tensors of a file that exists
    assert [name_of(size) for size in (SMALL, BASE, LARGE)] == ["ViT-S/14", "ViT-B/14", "ViT-L/14"]


@pytest.mark.parametrize("size", [Size(width=96), Size(patch=15), Size(patch=0), Size(grid=0)])
def test_sizes_that_do_not_fit_are_refused(size):
    with pytest.raises(
        ValueError, match="must be a multiple of 64 wide and have patches that fill 224 pixels, but this"
    ):
        check_size(size, 224)
    check_size(TINY, 224)


def linear(of, name, x):
    return x @ of[f"{name}.weight"].T + of[f"{name}.bias"]


def norm(of, name, x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * of[f"{name}.weight"] + of[
        f"{name}.bias"
    ]


def attended(of, x, heads):
    """One image, one head and one token at a time."""
    width, seen = x.shape[1], np.zeros(x.shape)
    q, k, v = np.split(linear(of, "attn.qkv", x), 3, axis=1)
    for head in range(heads):
        own = slice(head * width // heads, (head + 1) * width // heads)
        for token in range(len(x)):
            weights = np.exp(q[token, own] @ k[:, own].T / np.sqrt(width / heads))
            seen[token, own] = weights / weights.sum() @ v[:, own]
    return linear(of, "attn.proj", seen)


def reference(tensors, image, size):
    """The class token of one image, in double precision."""
    of = {name: value.astype(float) for name, value in tensors.items()}
    cut = range(0, len(image), size.patch)
    patches = np.stack(
        [image[i : i + size.patch, j : j + size.patch].transpose(2, 0, 1).ravel() for i in cut for j in cut]
    )
    tokens = patches @ of["patch_embed.proj.weight"].reshape(size.width, -1).T + of["patch_embed.proj.bias"]
    x = np.concatenate([of["cls_token"][0], tokens]) + of["pos_embed"][0]
    for block in range(size.depth):
        own = {name.removeprefix(f"blocks.{block}."): value for name, value in of.items()}
        x = x + own["ls1.gamma"] * attended(own, norm(own, "norm1", x), size.width // 64)
        hidden = linear(own, "mlp.fc1", norm(own, "norm2", x))
        hidden = hidden * (1 + np.vectorize(math.erf)(hidden / np.sqrt(2))) / 2
        x = x + own["ls2.gamma"] * linear(own, "mlp.fc2", hidden)
    return norm(of, "norm", x)[0]


def test_attention_is_the_loop():
    shapes = {
        name.removeprefix("blocks.0."): shape for name, shape in transformer_shapes(TINY).items() if "0.attn" in name
    }
    of, x = drawn(shapes), np.random.default_rng(0).normal(size=(2, 5, 128)).astype(np.float32)
    parameters = {name: jnp.asarray(value) for name, value in of.items()}
    for heads in (1, 4):
        found = attention(parameters, jnp.asarray(x), heads)
        np.testing.assert_allclose(found, [attended(of, one, heads) for one in x], atol=2e-6)


def test_the_network_is_the_reference():
    tensors = drawn(transformer_shapes(TINY))
    images = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    ready = placed(tensors, 32)
    assert ready["pos_embed"].shape == (1, 17, 128)
    assert set(tensors) - set(ready) == {"mask_token"}
    found = jax.jit(class_token)({name: jnp.asarray(value) for name, value in ready.items()}, jnp.asarray(images))
    np.testing.assert_allclose(found, [reference(ready, image, TINY) for image in images], atol=1e-5)


def test_positions_of_the_same_grid_stay():
    tensors = drawn(transformer_shapes(TINY))
    np.testing.assert_array_equal(placed(tensors, 24)["pos_embed"], tensors["pos_embed"])
