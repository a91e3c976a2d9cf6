"""From rows to tables in Markdown and to pictures."""

from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.peers import OURS
from benchmarks.problems import Size
from benchmarks.rates import RATES
from benchmarks.rows import DISAGREES, OK, Results, Row, write_results
from igm_jax.reporting import Cell, Line, Table, to_markdown, write_whole


def best_peer(rows: list[Row]) -> Row | None:
    """The fastest implementation of one case and size that is not ours and computes the same, if there is one."""
    peers = [row for row in rows if row.status == OK and row.seconds and row.implementation != OURS]
    return min(peers, key=lambda row: row.seconds or 0, default=None)


def _ours(rows: list[Row]) -> Row | None:
    return next((row for row in rows if row.implementation == OURS and row.status == OK), None)


def _ratio(row: Row | None, seconds: float | None) -> str:
    return f"{row.seconds / seconds:.2f} ×" if row and row.seconds and seconds else "–"


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds with three digits."""
    if seconds is None:
        return "–"
    value = 1000 * seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cell(row: Row | None, fastest: float | None) -> Cell:
    if row is None:
        return Cell("–")
    if row.seconds is None:
        return Cell(row.reason or row.status)
    text = f"{milliseconds(row.seconds)} ({row.memory_mb or 0:,.0f})"
    return Cell(f"{text}, disagrees" if row.status == DISAGREES else text, row.seconds == fastest)


def _fastest(group: dict[str, Row]) -> float | None:
    return min((row.seconds for row in group.values() if row.status == OK and row.seconds), default=None)


def _ends(rows: list[Row]) -> tuple[str, str, str]:
    """Under a column: the floor, and how far ours is from it and from the best peer."""
    ours, floor, best = _ours(rows), rows[0].floor_seconds, best_peer(rows)
    return milliseconds(floor), _ratio(ours, floor), _ratio(ours, best.seconds if best else None)


def time_table(rows: list[Row], case: str, d: int) -> Table:
    """Times and memory of one case at one dimension: an implementation a line, a size a column, then the ratios."""
    here = [row for row in rows if row.case == case and row.d == d]
    sizes = sorted({row.size for row in here})
    groups = {size: {row.implementation: row for row in here if row.size == size} for size in sizes}
    names = dict.fromkeys(row.implementation for row in here)
    lines = [Line(name, tuple(_cell(group.get(name), _fastest(group)) for group in groups.values())) for name in names]
    columns = [_ends(list(group.values())) for group in groups.values()]
    ends = zip(("floor", f"{OURS} to the floor", f"{OURS} to the best peer"), zip(*columns, strict=True), strict=True)
    lines += [Line(name, tuple(map(Cell, texts)), floor=True) for name, texts in ends]
    caption = (
        f"{CASES[case].formula}. Milliseconds for value and gradient, median (extra memory, MB). In bold the fastest of those"
        f" that agree with the float64 reference. The floor: {CASES[case].floor}, at this machine's measured rates."
    )
    return Table(f"{CASES[case].title}, d = {d}", caption, ("implementation", *map(_named, sizes)), tuple(lines))


def _named(size: Size) -> str:
    return f"n = {size.n}" if size.n == size.m else f"n = {size.n}, m = {size.m}"


def detail_table(rows: list[Row], case: str) -> Table:
    """First calls, spread and errors of one case."""
    lines = []
    for row in (row for row in rows if row.case == case):
        facts = ", ".join(f"{name.replace('_', ' ')} {value:.2g}" for name, value in (row.facts or {}).items())
        error = [f"{error:.0e}" if error is not None else "–" for error in (row.value_error, row.gradient_error)]
        first = "–" if row.compile_seconds is None else f"{row.compile_seconds:.2f}"
        spread = [milliseconds(row.seconds_min), milliseconds(row.seconds_iqr)]
        note = ": ".join(part for part in (row.status if row.status != OK else "", row.reason) if part)
        texts = (row.implementation, *spread, first, *error, facts or "–", note or "–")
        lines.append(Line(f"n = {row.n}, d = {row.d}", tuple(map(Cell, texts))))
    headings = (
        "size",
        "implementation",
        "min, ms",
        "iqr, ms",
        "first call, s",
        "value error",
        "gradient error",
        "solved to",
        "note",
    )
    return Table(
        f"{CASES[case].title}, details", "Errors are relative to the float64 reference.", headings, tuple(lines)
    )


def rates_table(rates: dict[str, float]) -> Table:
    """What the machine can do."""
    lines = tuple(Line(RATES[name], (Cell(f"{rate:.3g}"),)) for name, rate in rates.items())
    return Table("This machine", "Measured by jax in the same run, the best of several.", ("rate", "a second"), lines)


def tables(results: Results) -> list[Table]:
    """The tables of times, case by case."""
    groups = dict.fromkeys((row.case, row.d) for row in results.rows)
    return [time_table(results.rows, case, d) for case, d in groups]


def markdown(results: Results) -> str:
    """Everything as one page of Markdown."""
    first = results.rows[0] if results.rows else None
    about = f"Commit {first.commit}, {first.date}, device {first.device}, versions {first.versions}." if first else ""
    away = [f"- {name}: {reason}" for name, reason in results.absent.items()]
    parts = ["# Benchmarks", about, to_markdown(rates_table(results.rates)), *map(to_markdown, tables(results))]
    parts += [to_markdown(detail_table(results.rows, case)) for case in dict.fromkeys(row.case for row in results.rows)]
    parts += ["**Not measured**\n\n" + "\n".join(away)] if away else []
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def write_summary(directory: Path, results: Results) -> list[Path]:
    """Write results.json, results.md and, where matplotlib is installed, the pictures; gives the files."""
    write_results(directory / "results.json", results)
    files = [directory / "results.json", write_whole(directory / "results.md", markdown(results))]
    try:
        from benchmarks.pictures import pictures
    except ImportError:  # the extra `report` is not installed
        return files
    return files + [write_whole(directory / name, content) for name, content in pictures(results.rows).items()]
