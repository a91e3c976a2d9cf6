"""Rows of optimal transport."""

from functools import partial

from igm_jax import sinkhorn_divergence, sliced_wasserstein
from igm_jax.objectives import sinkhorn, sliced
from tests.conformance.row import KEY, Row

ROWS = {
    "sinkhorn": Row(
        sinkhorn(0.1, tolerance=1e-7, max_iterations=2000), partial(sinkhorn_divergence, epsilon=0.1, tolerance=1e-9)
    ),
    "sliced": Row(sliced(16), partial(sliced_wasserstein, KEY, num_projections=16), rate=0.2),
}
