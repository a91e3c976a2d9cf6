"""Columns of CSV and Parquet files: names, kinds, missing values, and what is wrong in a file."""

import numpy as np
import pytest

from igm_jax.data.columns import read_columns
from tests.data import told


def written(tmp_path, text, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_quotes_and_marks_of_bytes(delimiter, tmp_path):
    text = 'a,"b c",d\r\n1,"x, ""y""\nz",NA\r\n\r\n-2.5e3, w ,null\r\n'.replace(",", delimiter)
    columns = read_columns(written(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    assert [column.name for column in columns] == ["a", "b c", "d"]
    assert [column.kind for column in columns] == ["number", "text", "empty"]
    assert columns[0].numbers.tolist() == [1, -2500]
    assert list(columns[1].texts) == [f'x{delimiter} "y"\nz', "w"]


def test_missing_values_are_those_that_are_listed(tmp_path):
    column = read_columns(written(tmp_path, "a,b\n1,1\nNA,1\nnan,1\nNULL,1\n,1\n none,1\n2,1\n3,1\n4,1\n"))[0]
    assert column.missing.tolist() == [False, True, True, True, True, False, False, False, False]
    assert told(column.all_numbers, "x.csv") == (
        "the column 'a' of x.csv must hold finite numbers, but row 6 holds 'none'; correct it, mark it as missing (NA), or leave"
        " the column out"
    )


@pytest.mark.parametrize("text", ["inf", "-1e999", "1_000", "1,5"])
def test_what_is_no_finite_number_is_named(text, tmp_path):
    column = read_columns(written(tmp_path, f"a;b\n1;2\n2;3\n3;4\n{text};1\n"))[0]
    assert f"but row 4 holds {text!r};" in told(column.all_numbers, "x.csv")


def test_faults_of_files_are_named(tmp_path):
    def fault(text):
        return told(read_columns, written(tmp_path, text)).replace(str(tmp_path / "x.csv"), "FILE")

    assert fault("") == "FILE is empty; give a table whose first row names the columns"
    assert fault("a,b\n") == "FILE has no rows; give a table with a row for each sample"
    assert fault("a,b,a\n1,2,3\n") == "the columns of FILE must differ in name, but 'a' comes twice; rename one"
    assert fault("a,b\n1,2\n1,2,3\n") == ("row 2 of FILE has 3 values, but the first row names 2 columns; correct it")
    assert (
        fault("1,2.5\n3,4\n")
        == "the first row of FILE must name the columns, but holds numbers: 1, 2.5; write names above"
    )
    assert fault(",a\n0,1\n") == (
        "the first row of FILE must name every column, but says nothing of column 1; name it, or leave it out (pandas:"
        " `to_csv(path, index=False)`)"
    )
    assert fault("größe\n1\n".encode("latin-1")) == (
        "expected a table in UTF-8, but byte 2 of FILE is none of it; save it as CSV in UTF-8, or as Parquet"
    )
    fix = "close its quotes, double those within a value, and leave out texts of more than 131072 characters"
    assert fault(f"a\n{'x' * 200_000}\n") == (
        f"row 1 of FILE cannot be told from those below it (field larger than field limit (131072)); {fix}"
    )
    assert fault('a,b\n1,x\n2,"y\n' + "3,z\n" * 30) == (
        f"row 2 of FILE cannot be told from those below it (unexpected end of data); {fix}"
    )
    assert fault(b"\x1f\x8b\x08") == "FILE is compressed by gzip; save the table as CSV in UTF-8, or as Parquet"
    assert fault(b"PARE....PARE") == "FILE is encrypted; save the table as CSV in UTF-8, or as Parquet"
    assert "is not a regular file" in told(read_columns, tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"expected a CSV or Parquet file at .*, but it does not exist; check the path"
    ):
        read_columns(tmp_path / "none.csv")


def test_a_row_may_be_longer_than_a_value(tmp_path):
    names = [f"column {number}" for number in range(20_000)]
    columns = read_columns(written(tmp_path, ",".join(names) + "\n" + ",".join("1" * len(names)) + "\n"))
    assert [column.name for column in columns] == names


def test_parquet_says_what_the_file_does_and_not_its_folder(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    place = tmp_path / "year=2020" / "x.parquet"
    place.parent.mkdir()
    parquet.write_table(pyarrow.table({"a": [1, 2]}), place)
    assert [column.name for column in read_columns(place)] == ["a"]
    twice = pyarrow.Table.from_arrays([pyarrow.array([1, 2])] * 2, names=["a", "a"])
    parquet.write_table(twice, place)
    assert told(read_columns, place) == (f"the columns of {place} must differ in name, but 'a' comes twice; rename one")


def test_parquet_has_the_same_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "int": pyarrow.array([1, None, 3], pyarrow.int64()),
        "float": pyarrow.array([0.5, float("nan"), None], pyarrow.float32()),
        "bool": [True, False, None],
        "text": ["a", None, "NA"],
        "category": pyarrow.array(["x", "y", "x"]).dictionary_encode(),
        "list": [[1], [2, 3], []],
        "none": pyarrow.nulls(3),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "x")
    found = {column.name: column for column in read_columns(tmp_path / "x")}
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds == {"int": "number", "float": "number", "bool": "number", "text": "text", "category": "text",
                     "list": "other", "none": "empty"}  # fmt: skip
    np.testing.assert_array_equal(found["int"].numbers, [1, np.nan, 3])
    np.testing.assert_array_equal(found["bool"].numbers, [1, 0, np.nan])
    assert found["float"].missing.tolist() == [False, True, True]
    assert found["text"].missing.tolist() == [False, True, True]
    assert list(found["category"].texts) == ["x", "y", "x"]
    whole = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(whole[:-9])
    assert told(read_columns, tmp_path / "x").startswith(f"{tmp_path}/x is truncated or damaged (")
