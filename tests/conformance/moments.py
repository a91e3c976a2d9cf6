"""Rows of kernels and distances."""

from functools import partial

from igm_jax import energy_distance, mmd2_biased
from igm_jax.objectives import energy, mmd
from tests.conformance.row import KERNEL, Row

ROWS = {
    "mmd": Row(mmd(KERNEL), partial(mmd2_biased, kernel=KERNEL), steps=400),
    "energy": Row(energy(), energy_distance),
}
