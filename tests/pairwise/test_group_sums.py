"""Sums within random groups: against a plain loop over the groups."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.kernels import gaussian, manhattan_laplace
from igm_jax.pairwise.group_sums import group_sums

FAMILIES = {
    "gaussian": (gaussian, lambda x, y, w: np.exp(-np.sum((x - y) ** 2, -1) / (2 * w * w))),
    "manhattan_laplace": (manhattan_laplace, lambda x, y, w: np.exp(-np.sum(np.abs(x - y), -1) / w)),
}
WIDTHS = np.array([0.3, 2.0], np.float32)


def given(n, d, groups=7):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, 2, size=(n, groups)).astype(np.float32)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("d", [2, 11])  # many features are taken one after the other in a loop
def test_sums_of_every_group(name, d, monkeypatch):
    # Tiles of 16 rows, the last of them padded.
    monkeypatch.setattr("igm_jax.pairwise.budget.rows_of_a_tile", lambda n, columns: 16)
    kernel_of, plain = FAMILIES[name]
    z, groups = given(37, d)
    found = group_sums(kernel_of, jnp.asarray(WIDTHS), jnp.asarray(z), jnp.asarray(groups))
    for k, width in enumerate(WIDTHS):
        matrix = plain(z[:, None].astype(float), z[None].astype(float), float(width))
        off = matrix * (1 - np.eye(37))
        lowered = (matrix - float(found.offset[k])) * (1 - np.eye(37))
        for b, members in enumerate(groups.T.astype(bool)):
            np.testing.assert_allclose(
                found.within[k, b], lowered[np.ix_(members, members)].sum(), rtol=1e-4, atol=1e-4
            )
            np.testing.assert_allclose(found.reach[k, b], lowered[members].sum(), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.total[k], lowered.sum(), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.size[k], np.abs(lowered).sum(), rtol=1e-5)
        np.testing.assert_allclose(found.squares[k], np.sum(off**2), rtol=1e-5)


def test_offset_is_a_mean_of_the_kernel():
    z, groups = given(20, 2)
    offset = group_sums(gaussian, jnp.asarray(WIDTHS), jnp.asarray(z), jnp.asarray(groups)).offset
    for width, found in zip(WIDTHS, offset, strict=True):
        values = FAMILIES["gaussian"][1](z[:, None], z[None], width)
        np.testing.assert_allclose(found, values.mean(), rtol=1e-5)
