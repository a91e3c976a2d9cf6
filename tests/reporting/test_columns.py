import re

import numpy as np
import pytest

from igm_jax.reporting.columns import column_quantiles


def ends(lines):
    return np.array([segment[:, 0] for segment in lines.get_segments() if len(segment)])


def test_bars_end_at_the_quantiles_on_the_scale_of_the_data():
    data = np.arange(101.0)[:, None] * np.array([1.0, 1000.0])
    axis = column_quantiles(0.5 * data, data, ("age", "income")).axes[0]
    outer, inner, ours, ours_inner = map(ends, axis.collections)
    np.testing.assert_allclose(outer, [[0, 1]] * 2)
    np.testing.assert_allclose(inner, [[20 / 90, 70 / 90]] * 2)
    np.testing.assert_allclose(ours, [[-2.5 / 90, 42.5 / 90]] * 2)
    np.testing.assert_allclose(ours_inner, [[7.5 / 90, 32.5 / 90]] * 2)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["age", "income"]
    assert [text.get_text() for text in axis.texts] == ["5 … 95", "5e+03 … 9.5e+04"]


def test_gaps_and_constants_are_no_obstacle_and_many_columns_are_cut():
    data = np.ones((20, 50))
    data[:, 1] = np.nan
    axis = column_quantiles(data, data, most=3).axes[0]
    assert axis.get_title(loc="left") == "the first 3 of 50 columns"
    np.testing.assert_array_equal(ends(axis.collections[0]), [[0, 0], [0, 0]])  # nothing is known of the second one


@pytest.mark.parametrize(
    ("samples", "names", "text"),
    [
        (np.ones((3, 2)), (), "shapes (n, d) and (m, d), but have shapes (3, 2) and (3, 3)"),
        (np.ones((3, 3)), ("a",), "each of the 3 columns, but has 1 names"),
    ],
)
def test_what_does_not_fit_is_refused(samples, names, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        column_quantiles(samples, np.ones((3, 3)), names)
