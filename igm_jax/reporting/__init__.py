"""From results to something a person can read: tables, pictures and one self-contained HTML report.

Tables need nothing extra. ``igm_jax.reporting.figures`` and ``igm_jax.reporting.report`` need the extra ``report``
(``pip install "igm-jax[report]"``) and are imported from there.
"""

from igm_jax.evaluation import Measure as Metric
from igm_jax.files import write_whole
from igm_jax.reporting.on_grid import Field, field_on_grid, grid_of
from igm_jax.reporting.paired import Difference, holm, paired_bootstrap, pairwise_tests
from igm_jax.reporting.ranking import difference_table, rank_table
from igm_jax.reporting.rows import FLOOR, append_jsonl, check_row, read_jsonl, write_jsonl
from igm_jax.reporting.statistics import Interval, Standing, interval, ranks, standing, ties_with_best
from igm_jax.reporting.tables import Cell, Line, Table, comparison_table, to_console, to_latex, to_markdown

__all__ = [
    "FLOOR",
    "Cell",
    "Difference",
    "Field",
    "Interval",
    "Line",
    "Metric",
    "Standing",
    "Table",
    "append_jsonl",
    "check_row",
    "comparison_table",
    "difference_table",
    "field_on_grid",
    "grid_of",
    "holm",
    "interval",
    "paired_bootstrap",
    "pairwise_tests",
    "rank_table",
    "ranks",
    "read_jsonl",
    "standing",
    "ties_with_best",
    "to_console",
    "to_latex",
    "to_markdown",
    "write_jsonl",
    "write_whole",
]
