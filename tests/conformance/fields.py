"""Rows of velocity fields."""

from functools import partial

from igm_jax.objectives import drifting, drifting_field, score_difference, score_difference_field
from tests.conformance.row import LEFT_OUT, Row

NOT_A_GRADIENT = {"witness": "the doubly normalised field is not a gradient"}

ROWS = {
    "score_difference": Row(
        score_difference(0.7),
        partial(score_difference_field, bandwidth=0.7),
        rate=0.1,
        leaves_out=True,
        exceptions=LEFT_OUT,
    ),
    "drifting": Row(
        drifting(0.5),
        lambda x, y, **w: drifting_field(x, y, 0.5, **w).field,
        rate=1.0,
        exceptions=NOT_A_GRADIENT | LEFT_OUT,
    ),
    "drifting, released": Row(
        drifting((0.2, 0.5), preset="released"),
        lambda x, y, **w: drifting_field(x, y, (0.2, 0.5), preset="released", **w).field,
        rate=0.05,
        exceptions=NOT_A_GRADIENT
        | LEFT_OUT
        | {
            "repetition of y": "affinities are clipped before they are weighted, and the scale counts rows",
            "removal": "the scale and the clipped affinities count rows, whatever their weight",
        },
    ),
}
