"""Exponentials are counted as they are computed: through loops, branches and devices; on a ring by the half circle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.mesh import PAGE, exponentials, work
from tests.pairwise.devices import mesh_of_one
from tests.virtual import printed

X = np.ones((6, 2), np.float32)


def test_loops_branches_and_devices_are_counted():
    assert exponentials(lambda x: jnp.exp(x).sum(), X) == 12
    assert exponentials(lambda x: jax.lax.scan(lambda s, row: (s + jnp.exp(row).sum(), None), 0.0, x)[0], X) == 12
    twice = lambda x: jax.lax.cond(x.sum() > 0, lambda x: jnp.exp(jnp.exp(x)), jnp.exp, x)  # noqa: E731
    assert exponentials(jax.jit(twice), X) == 24
    here = jax.sharding.PartitionSpec("data")
    assert exponentials(jax.shard_map(jnp.exp, mesh=mesh_of_one(), in_specs=here, out_specs=here), X) == 12
    with pytest.raises(ValueError, match="unknown length"):
        exponentials(lambda x: jax.lax.while_loop(lambda x: x.sum() < 3, jnp.exp, x), X)


def test_one_device_of_a_ring_does_the_work_of_none():
    """n² pairs of both samples, and half of those within each, but for the tiles on the diagonal."""
    pairs = 2 * 4096**2
    assert pairs < work(4096, 4096, 1) <= 1.07 * pairs
    assert work(4096, 4096, 1) == work(4096, 4096, None)


def test_the_page_tells_work_that_does_not_grow_with_the_devices():
    """Every pair of each sample with itself is met once on all devices together, also by two that are across the ring."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| 819")]
    assert len(lines) == 3
    for line in lines:
        ratios = [float(cell.split("(")[1].split(")")[0]) for cell in line.split("|")[3:-1]]
        assert len(ratios) == 4
        assert max(ratios) <= 1.01


def test_devices_share_the_pairs_also_across_an_even_ring():
    """All pairs of both samples, and half of those within each: no device makes what another does."""
    (found,) = printed(["tests.benchmarks.mesh_check", "2048", "1", "2", "3", "4"], devices=4)
    pairs = 2 * 2048**2
    assert all(pairs <= each <= 1.13 * pairs for each in found), np.array(found) / pairs
