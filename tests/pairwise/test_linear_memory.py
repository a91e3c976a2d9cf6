"""Nothing in the package holds an array of all pairs: read from what JAX is asked to compute, gradients included."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import energy_distance, kernels, mmd2_biased, mmd2_unbiased, sliced_wasserstein, velocity
from igm_jax.objectives import (
    characteristic_distance,
    drifting,
    drifting_field,
    energy,
    frozen,
    ksd,
    ksd2_biased,
    mmd,
    mmd2_block,
    mmd2_estimate,
    mmd2_incomplete,
    mmd_nystrom,
    mmd_witness,
    score_difference,
    score_difference_field,
    score_difference_witness,
    svgd,
)
from igm_jax.pairwise import nearest
from igm_jax.pairwise.group_sums import group_sums

# On a GPU tiles are larger, and so must be what is not to hold all pairs; nothing is computed here.
N, M, DIM = (3000, 3100, 5) if jax.default_backend() == "cpu" else (24_000, 24_800, 5)
KEY = jax.random.key(0)
KERNEL = kernels.gaussian(1.0) + kernels.laplace(2.0)
NYSTROM = mmd_nystrom(KERNEL, 64)
FROZEN = frozen(mmd(KERNEL), np.random.default_rng(0).normal(size=(M, DIM)).astype(np.float32))


def largest(jaxpr) -> int:
    """The number of elements of the largest array that a jaxpr makes, in loops and calls, too."""
    size = 0
    for equation in jaxpr.eqns:
        size = max([size, *(int(np.prod(out.aval.shape)) for out in equation.outvars if hasattr(out.aval, "shape"))])
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda v: hasattr(v, "eqns") or hasattr(v, "jaxpr")
        ):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                size = max(size, largest(inner))
    return size


def gradients(divergence):
    return jax.value_and_grad(divergence, argnums=(0, 1))


FUNCTIONS = {
    "mmd2_biased": gradients(lambda x, y: mmd2_biased(x, y, KERNEL)),
    "mmd2_biased, not radial": gradients(lambda x, y: mmd2_biased(x, y, kernels.polynomial() + KERNEL)),
    "mmd2_unbiased": gradients(lambda x, y: mmd2_unbiased(x, y, KERNEL)),
    "in the bandwidth": lambda x, y: jax.grad(lambda b: mmd2_biased(x, y, kernels.gaussian(b)))(1.0),
    "mmd2_estimate": gradients(lambda x, y: mmd2_estimate(x, y, KERNEL).standard_error),
    "mmd2_block": gradients(lambda x, y: mmd2_block(x, y, KERNEL, block_size=1000).value),
    "mmd2_incomplete": gradients(lambda x, y: mmd2_incomplete(KEY, x, y, KERNEL, num_shifts=8).value),
    "characteristic_distance": gradients(lambda x, y: characteristic_distance(x, y, jnp.ones((DIM, 64)))),
    "velocity of mmd_nystrom": lambda x, y: velocity(NYSTROM, KEY, NYSTROM.init(KEY, x), x, y),
    "velocity of frozen mmd": lambda x, y: velocity(FROZEN, KEY, (), x, None),
    "mmd_witness": gradients(lambda x, y: jnp.sum(mmd_witness(x, x, y, KERNEL))),
    "energy_distance": gradients(energy_distance),
    "sliced": gradients(partial(sliced_wasserstein, KEY, num_projections=16)),
    "score difference, differentiated": gradients(lambda x, y: jnp.sum(score_difference_field(x, y, 1.0))),
    "score_difference_witness": gradients(lambda x, y: jnp.sum(score_difference_witness(x, x, y, 1.0))),
    "drifting, differentiated": gradients(lambda x, y: jnp.sum(drifting_field(x, y, 0.5).field)),
    "ksd2_biased": gradients(lambda x, y: ksd2_biased(x - y[:N], jnp.negative, kernels.gaussian(1.0))),
    "velocity of ksd": lambda x, y: velocity(ksd(jnp.negative, kernels.inverse_multiquadric(1.0)), KEY, (), x, y),
    "velocity of svgd": lambda x, y: velocity(svgd(jnp.negative, KERNEL), KEY, (), x, y),
    "velocity of svgd, not radial": lambda x, y: velocity(svgd(jnp.negative, kernels.polynomial()), KEY, (), x, y),
    "nearest": lambda x, y: nearest(x, y, 3),
    "group_sums": lambda x, y: group_sums(
        kernels.manhattan_laplace, jnp.ones(1), jnp.concatenate([x, y]), jnp.ones((N + M, 8))
    ),
    "velocity of energy": lambda x, y: velocity(energy(), KEY, (), x, y),
    "velocity of score difference": lambda x, y: velocity(score_difference(1.0), KEY, (), x, y),
    "velocity of drifting": lambda x, y: velocity(drifting((0.2, 1.0), "released"), KEY, (), x, y),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_array_of_all_pairs(name):
    shapes = [jax.ShapeDtypeStruct((size, DIM), jnp.float32) for size in (N, M)]
    found = largest(jax.make_jaxpr(FUNCTIONS[name])(*shapes).jaxpr)
    assert N * DIM <= found < N * M / 4


def test_an_array_of_all_pairs_would_be_found():
    shapes = [jax.ShapeDtypeStruct((size, DIM), jnp.float32) for size in (N, M)]
    dense = jax.make_jaxpr(jax.jit(lambda x, y: jax.lax.map(lambda _: jnp.sum(KERNEL(x, y)), jnp.arange(2))))(*shapes)
    assert largest(dense.jaxpr) == N * M
