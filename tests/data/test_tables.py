"""Tables as data sets: units, conditions, missing values, groups, and the text of every refusal."""

import numpy as np
import pytest

from igm_jax.data import table
from tests.data import told

RNG = np.random.default_rng(0)


def written(tmp_path, names, *columns, name="x.csv"):
    rows = [",".join(names), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    (tmp_path / name).write_text("\n".join(rows) + "\n")
    return tmp_path / name


def joined(data, field="values"):
    return np.concatenate([getattr(part, field) for part in data[:3]])


def test_columns_have_mean_0_and_spread_1_in_training_and_come_back(tmp_path):
    own = np.stack([RNG.normal(1e6, 3, 200), RNG.normal(0, 1e-5, 200)], 1)
    data = table(written(tmp_path, ["a", "b"], *own.T.tolist()))
    np.testing.assert_allclose(data.train.values.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(data.train.values.std(0), 1, rtol=1e-6)
    assert abs(data.test.values.mean(0)).max() > 1e-3
    back = data.undone(joined(data))
    np.testing.assert_allclose(np.sort(back, 0), np.sort(own, 0), rtol=1e-6, atol=1e-11)
    assert (data.columns, data.image_shape, data.name, back.dtype) == (("a", "b"), None, "x", np.float64)
    assert data.report.scaled == "Each column is taken to mean 0 and standard deviation 1 of the training part."


def test_roles_are_kept_apart_and_the_rest_is_named(tmp_path):
    n = 100
    colour = np.array(["red", "blue", "green"])[np.arange(n) % 3]
    path = written(tmp_path, ["id", "size", "colour", "age", "word"], range(n), RNG.normal(size=n).tolist(), colour,
                   RNG.normal(40, 9, n).tolist(), [f"w{i}" for i in range(n)])  # fmt: skip
    data = table(path, "size", ["age", "colour"], name="mine")
    assert data.condition_names == ("age", "colour=blue", "colour=green", "colour=red")
    hot = joined(data, "condition")[:, 1:]
    assert (hot.sum(1) == 1).all()
    assert hot.sum(0).tolist() == [33, 33, 34]
    np.testing.assert_allclose(data.train.condition[:, 0].std(), 1, rtol=1e-6)
    np.testing.assert_allclose(data.condition_scaling.undone(joined(data, "condition"))[:, 0].mean(), 40, atol=4)
    assert data.condition_scaling.unit[1:].tolist() == [1, 1, 1]
    assert data.report.skipped == {"columns that are not used": ("id", "word")}
    assert table(path, condition="age").columns == ("id", "size")
    assert table(path, split_by="id").columns == ("size", "age")


def test_rows_of_one_group_stay_together(tmp_path):
    region = [f"r{i % 60}" for i in range(300)]
    path = written(tmp_path, ["x", "region", "number"], range(300), region, [i % 60 for i in range(300)])
    for by in ("region", "number", ["region", "number"]):
        data = table(path, "x", split_by=by)
        sides = [{int(i) % 60 for i in np.rint(data.undone(part.values))[:, 0]} for part in data[:3]]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 60


def test_the_split_is_by_content(tmp_path):
    values = RNG.normal(size=100).round(6).tolist()
    one = table(written(tmp_path, ["x"], values))
    more = table(written(tmp_path, ["x"], (values + RNG.normal(size=60).round(6).tolist())[::-1]))
    kept = [set(data.undone(data.test.values).round(6)[:, 0].tolist()) for data in (one, more)]
    assert kept[0] <= kept[1]
    assert table(written(tmp_path, ["x"], values * 2)).report.duplicates == 100


def test_missing_values_are_refused_dropped_or_masked(tmp_path):
    a, b, c = RNG.normal(5, 2, (3, 120)).round(3).tolist()
    a[3] = b[3] = a[7] = "NA"
    path = written(tmp_path, ["a", "b", "c"], a, b, c)
    assert told(table, path, ["a", "b"]) == (
        f"values are missing in {path}: 2 in 'a', 1 in 'b'; say missing=\"drop\" to leave these rows out, or, of outcomes,"
        ' missing="mask" to learn from the rest of them'
    )
    assert table(path, "c").report.number == 120
    dropped = table(path, ["a", "b"], missing="drop")
    assert (dropped.report.number, dropped.train.observed) == (118, None)
    assert dropped.report.skipped["rows with missing values"] == ("row 4", "row 8")
    masked = table(path, ["a", "b"], "c", missing="mask")
    assert masked.report.skipped["rows without any value"] == ("row 4",)
    seen = joined(masked, "observed")
    assert (~seen).sum(0).tolist() == [1, 0]
    assert joined(masked)[~seen].tolist() == [0]
    known = masked.train.values[:, 0][masked.train.observed[:, 0]]
    np.testing.assert_allclose([known.mean(), known.std()], [0, 1], atol=1e-6)
    assert "1 of 238 values are missing, and masked." in masked.report.notes
    assert told(table, path, "c", "a", missing="mask") == (
        f"only outcomes can be masked, but values are missing in the condition 'a' of {path}; say missing=\"drop\""
    )
    nothing = written(tmp_path, ["a", "b"], ["NA"] * 30, range(30))
    assert told(table, nothing, ["a", "b"], missing="drop") == (
        f"every row of {nothing} has missing values: 30 in 'a'; leave out the columns that have the most"
    )


def test_columns_that_are_not_there_are_told_with_the_nearest(tmp_path):
    path = written(tmp_path, ["length", "width", "colour"], range(30), range(30), ["red"] * 30)
    assert (
        told(table, path, "lenght") == f"`outcome` names 'lenght', which is no column of {path}; did you mean 'length'?"
    )
    assert told(table, path, condition="zzz") == (
        f"`condition` names 'zzz', which is no column of {path}; it has 'length', 'width', 'colour'"
    )
    assert told(table, path, ["width", "width"]) == (
        "`outcome` must name each column once, but names 'width' more often; leave one out"
    )
    assert told(table, path, "width", "width") == (
        "the column 'width' cannot be an outcome and a condition at once; name it in one of both"
    )
    assert (
        told(table, path, [], "width")
        == f"{path} has no column of numbers to learn; name one in `outcome`, or give another table"
    )


def test_text_in_a_column_of_numbers_is_named(tmp_path):
    values = [str(i) for i in range(60)]
    values[16] = "12 cm"
    path = written(tmp_path, ["x", "y"], values, range(60))
    for roles in ((None, ()), ("x", ()), ("y", "x")):
        assert told(table, path, *roles) == (
            f"the column 'x' of {path} must hold finite numbers, but row 17 holds '12 cm'; correct it, mark it as missing (NA),"
            " or leave the column out"
        )
    many = written(tmp_path, ["x", "word"], range(60), [f"w{i}" for i in range(60)])
    assert told(table, many, "x", "word") == (
        f"the column 'word' of {many} has 60 different texts, more than the 50 that can be categories; group them, or leave the"
        " column out"
    )


def test_constant_columns_keep_their_unit_and_are_said(tmp_path):
    path = written(tmp_path, ["x", "same", "c"], range(60), [0.1] * 60, [7] * 60)
    data = table(path, condition="c")
    assert data.scaling.unit[1] == 1
    assert (data.train.values[:, 1] == 0).all()
    assert data.report.notes == (
        "Columns are constant in the training part, and keep their unit: same.",
        "Columns are constant in the training part, and keep their unit: c.",
    )
    np.testing.assert_array_equal(data.undone(data.train.values)[:, 1], 0.1)


def test_a_huge_spread_does_not_overflow(tmp_path):
    data = table(written(tmp_path, ["x"], [(-1) ** i * 1e300 * (i + 1) for i in range(60)]))
    np.testing.assert_allclose(data.train.values.std(), 1, rtol=1e-5)


def test_parquet_and_csv_give_the_same_digest(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    size, kind = RNG.normal(size=80), np.array(["a", "b"])[np.arange(80) % 2]
    parquet.write_table(pyarrow.table({"size": size, "kind": kind}), tmp_path / "x.parquet")
    one = table(tmp_path / "x.parquet", condition="kind")
    other = table(written(tmp_path, ["size", "kind"], size.tolist(), kind), condition="kind")
    assert one.digest == other.digest
    assert len(one.digest) == 64


def test_masked_rows_and_conditions_are_drawn(tmp_path, key):
    a = RNG.normal(size=100).tolist()
    a[0] = a[1] = a[2] = a[3] = ""
    data = table(written(tmp_path, ["a", "b", "c"], a, range(100), range(100)), condition="c", missing="mask")
    batch = data.target(conditional=True)(key, 50)
    assert (batch.values.shape, batch.condition.shape, batch.observed.shape) == ((50, 2), (50, 1), (50, 2))
