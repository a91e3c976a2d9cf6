"""From results to something a person can read: tables, pictures and one self-contained HTML report.

Tables need nothing extra. ``igm_jax.reporting.figures`` and ``igm_jax.reporting.report`` need the extra ``report``
(``pip install "igm-jax[report]"``) and are imported from there.
"""

from igm_jax.reporting.files import write_whole as write_whole
from igm_jax.reporting.rows import FLOOR as FLOOR
from igm_jax.reporting.rows import append_jsonl as append_jsonl
from igm_jax.reporting.rows import check_row as check_row
from igm_jax.reporting.rows import read_jsonl as read_jsonl
from igm_jax.reporting.rows import write_jsonl as write_jsonl
from igm_jax.reporting.statistics import Interval as Interval
from igm_jax.reporting.statistics import Metric as Metric
from igm_jax.reporting.statistics import interval as interval
from igm_jax.reporting.statistics import ties_with_best as ties_with_best
from igm_jax.reporting.tables import Table as Table
from igm_jax.reporting.tables import comparison_table as comparison_table
from igm_jax.reporting.tables import to_console as to_console
from igm_jax.reporting.tables import to_latex as to_latex
from igm_jax.reporting.tables import to_markdown as to_markdown
