"""Rows of measurements: statistics of repeats, and the way to a file and back."""

import json

from benchmarks import run
from benchmarks.problems import Size
from benchmarks.rows import Results, Row, read_results, timing, write_lines, write_results


def test_a_file_of_something_else_is_refused(tmp_path, capsys):
    (tmp_path / "old.json").write_text('{"rows": [{"case": 1}]}')
    assert run.main(["--compare", str(tmp_path / "old.json"), "--directory", str(tmp_path / "run")]) == 2
    assert "must be a results.json" in " ".join(capsys.readouterr().err.split())


def test_timing_is_median_minimum_and_quartiles():
    assert timing([1.0, 4.0, 2.0]) == {"seconds": 2.0, "seconds_min": 1.0, "seconds_iqr": 1.5, "repeats": 3}


def test_rows_come_back_from_their_files_and_infinity_as_nothing(tmp_path):
    row = Row("mmd", 8, 6, 2, "igm_jax", "ok", seconds=1.0, value_error=float("inf"), facts={"iterations": 3.0})
    whole = Results([row], {"flops": 1e9}, {"KeOps": "not installed"}, {"seed": 0})
    write_results(tmp_path / "results.json", whole)
    back = read_results(tmp_path / "results.json")
    assert back == whole._replace(rows=[row._replace(value_error=None)])
    assert (back.rows[0].size, back.rows[0].key) == (Size(8, 6, 2), ("mmd", 8, 6, 2, "igm_jax"))
    write_lines(tmp_path / "rows.jsonl", [row, row])
    assert [Row(**json.loads(line)) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == 2 * back.rows
