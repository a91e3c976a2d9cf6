"""The FID's Inception: its names and numbers of parameters, its odd layers against loops, and PyTorch's numbers for the whole."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation.judges.inception import (
    INCEPTION,
    Branches,
    Conv,
    inception_features,
    inception_shapes,
    largest,
    mean_without_padding,
)

# Sums of the features of each branch of the last block, for each of two images, by torch.nn.functional on the same numbers.
BY_TORCH = [
    [14.0923624, 3.89046476, 5.44043703, 5.44168764, 8.16431379, 7.44518571],
    [11.9800546, 3.30097882, 4.61688429, 4.84935133, 6.8355551, 6.17257337],
]


def thin(shapes):
    """The same network with a sixteenth of the channels, apart from the three colours."""
    return {
        name: tuple(n if place > 1 or n == 3 else n // 16 for place, n in enumerate(shape))
        for name, shape in shapes.items()
    }


def drawn(shapes, rng):
    """Numbers for tensors, by which the network's layers keep their size."""
    found = {}
    for name, shape in shapes.items():
        if name.endswith("conv.weight"):
            value = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("running_var", "bn.weight")):
            value = rng.uniform(0.5, 1.5, shape)
        else:
            value = rng.normal(size=shape) * 0.1
        found[name] = value.astype(np.float32)
    return found


def test_names_and_numbers_are_those_of_the_published_file():
    shapes = inception_shapes()
    # torchvision's network of 1000 classes has 23,834,568 parameters; eight more classes have 8 · 2049.
    learned = [shape for name, shape in shapes.items() if "running" not in name]
    assert sum(map(math.prod, learned)) == 23_834_568 + 8 * 2049 == 23_850_960
    assert sum(map(math.prod, shapes.values())) == 23_885_392
    assert len(shapes) == 94 * 5 + 2
    for name, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
        "Mixed_5d.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_6a.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
        "Mixed_6c.branch7x7dbl_4.conv.weight": (160, 160, 7, 1),
        "Mixed_6e.branch7x7_2.conv.weight": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch1x1.conv.weight": (320, 2048, 1, 1),
        "fc.weight": (1008, 2048),
    }.items():
        assert shapes[name] == shape


def convolutions(steps):
    """All of them, in any order."""
    for step in steps:
        if isinstance(step, Conv):
            yield step
        elif isinstance(step, Branches):
            for chain in step.chains:
                yield from convolutions(chain)


def test_strides_are_those_of_the_graph():
    assert {step.name for step in convolutions(INCEPTION) if step.stride == 2} == {
        "Conv2d_1a_3x3", "Mixed_6a.branch3x3", "Mixed_6a.branch3x3dbl_3", "Mixed_7a.branch3x3_2", "Mixed_7a.branch7x7x3_4"
    }  # fmt: skip
    bare = {step.name for step in convolutions(INCEPTION) if step.stride == 1 and not step.padded}
    assert bare == {"Conv2d_2a_3x3", "Conv2d_4a_3x3"}


def windows(x, i, j):
    """The pixels among 3 × 3 that are there."""
    return x[:, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]


@pytest.mark.parametrize(("h", "w"), [(5, 4), (2, 1)])
def test_pools_look_at_no_padding(h, w):
    x = np.random.default_rng(0).normal(size=(2, h, w, 3)).astype(np.float32) - 5
    for found, reduce in ((mean_without_padding(jnp.asarray(x)), np.mean), (largest(jnp.asarray(x), 1), np.max)):
        by_hand = [[reduce(windows(x, i, j), axis=(1, 2)) for j in range(w)] for i in range(h)]
        np.testing.assert_allclose(found, np.moveaxis(by_hand, 2, 0), rtol=1e-6)


def test_the_shrinking_pool_looks_at_whole_squares():
    x = jnp.arange(36.0).reshape(1, 6, 6, 1)
    assert largest(x, 2)[0, :, :, 0].tolist() == [[14, 16], [26, 28]]


def test_the_whole_network_is_pytorchs():
    rng = np.random.RandomState(0)
    parameters = {name: jnp.asarray(value) for name, value in drawn(thin(inception_shapes()), rng).items()}
    images = jnp.asarray(rng.uniform(-1, 1, (2, 79, 83, 3)).astype(np.float32))
    found = np.asarray(jax.jit(inception_features)(parameters, images))
    assert found.shape == (2, 128)
    sums = np.add.reduceat(found.astype(float), [0, 20, 44, 68, 92, 116], axis=1)
    np.testing.assert_allclose(sums, BY_TORCH, rtol=1e-5)
