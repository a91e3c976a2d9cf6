"""Results on disk: what goes in comes out, nothing is lost, and damage is named."""

import json
import math

import numpy as np
import pytest

from igm_jax.reporting import append_jsonl, check_row, read_jsonl, write_jsonl
from tests.reporting import row


def test_rows_come_back_as_they_went(tmp_path):
    rows = [row("energy", 0, {"w2": 0.1, "kid": -1e-9}), row("gan", 1, {"w2": 1e30}, memory_mb=12.5)]
    path = write_jsonl(tmp_path / "deep" / "rows.jsonl", rows)
    assert read_jsonl(path) == rows
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows


def test_what_is_not_finite_is_null_on_disk_and_nan_in_memory(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [row("gan", 0, {"w2": float("nan"), "kid": float("inf")})])
    assert "NaN" not in path.read_text()
    assert all(math.isnan(value) for value in read_jsonl(path)[0]["metrics"].values())


def test_numpy_numbers_and_other_values_of_a_config_are_stored(tmp_path):
    config = {"rate": np.float32(0.5), "widths": (np.int64(3), 4), "path": tmp_path, "sizes": np.arange(2)}
    path = write_jsonl(tmp_path / "rows.jsonl", [row("gan", 0, {}, config=config)])
    assert read_jsonl(path)[0]["config"] == {"rate": 0.5, "widths": [3, 4], "path": str(tmp_path), "sizes": [0, 1]}


def test_a_torn_last_line_is_dropped_with_a_warning_and_repaired_by_the_next_append(tmp_path):
    rows = [row("energy", seed, {"w2": 0.1}) for seed in range(3)]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match="torn"):
        assert read_jsonl(path) == rows[:2]
    with pytest.warns(UserWarning, match="torn"):
        append_jsonl(path, rows[2:])
    assert read_jsonl(path) == rows


def test_every_torn_end_is_survived(tmp_path):
    rows = [row("energy", seed, {"w2": 0.1}) for seed in range(2)]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first + 1, len(whole) - 1, 7):
        path.write_bytes(whole[:end])
        with pytest.warns(UserWarning, match="torn"):
            assert read_jsonl(path) == rows[:1]
    path.write_bytes(whole[:-1])  # only the line feed is missing: the row is whole
    assert read_jsonl(path) == rows


def test_append_starts_a_file(tmp_path):
    rows = [row("energy", 0, {"w2": 0.1})]
    assert read_jsonl(append_jsonl(tmp_path / "rows.jsonl", rows)) == rows


def test_damage_in_the_middle_is_an_error_with_its_line(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [row("energy", seed, {"w2": 0.1}) for seed in range(3)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-9], lines[2]]) + "\n")
    with pytest.raises(ValueError, match=r"line 2 .*damaged"):
        read_jsonl(path)


def test_other_files_are_errors(tmp_path):
    path = tmp_path / "rows.jsonl"
    with pytest.raises(FileNotFoundError, match="no results"):
        read_jsonl(path)
    path.write_bytes(b"\x80\x04\x95\xff\n")
    with pytest.raises(ValueError, match="not text"):
        read_jsonl(path)
    path.write_text('{"loss": 1.0}\n')
    with pytest.raises(ValueError, match=r"line 1 .*lacks experiment"):
        read_jsonl(path)
    path.write_text("[1, 2]\n")
    with pytest.raises(ValueError, match="JSON object"):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("field", "value"), [("seed", "0"), ("seed", True), ("metrics", [1]), ("seconds", "1"), ("objective", None)]
)
def test_fields_of_another_type_are_errors(field, value):
    with pytest.raises(ValueError, match=f"`{field}` must be"):
        check_row({**row("energy", 0, {}), field: value})


def test_metrics_must_be_numbers():
    with pytest.raises(ValueError, match="`metrics` must be numbers, but 'w2'"):
        check_row(row("energy", 0, {"w2": "small"}))


def test_a_bad_row_changes_nothing_on_disk(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [row("energy", 0, {"w2": 0.1})])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="row 1"):
        write_jsonl(path, [row("energy", 0, {}), {"seed": 1}])
    assert path.read_bytes() == before
