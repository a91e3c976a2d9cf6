"""The sheet of pairs: a panel for each ordered pair, and colours of the base."""

import numpy as np
import pytest

from experiments.shared.sheet_of_pairs import sheet_of_pairs

RNG = np.random.default_rng(0)


def test_a_panel_for_each_pair_and_the_colour_of_where_a_sample_comes_from():
    z = RNG.normal(size=(4, 6, 2))
    z[:, 1] = 2 * z[:, 0]  # the same direction
    figure = sheet_of_pairs(["a", "b"], z, RNG.normal(size=(4, 6, 2)), RNG.normal(size=(2, 9, 2)))
    assert [axis.get_title() for axis in figure.axes] == ["to a", "to b", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == ["from a", "", "from b", ""]
    for axis in figure.axes:
        data, samples = axis.collections
        colours = samples.get_facecolors()
        assert (len(data.get_offsets()), len(samples.get_offsets())) == (9, 6)
        np.testing.assert_array_equal(colours[0], colours[1])
        assert len(np.unique(colours, axis=0)) == 5


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="2 names need 4 pairs and 2 data, but there are 3 base points"):
        sheet_of_pairs(["a", "b"], np.zeros((3, 5, 2)), np.zeros((3, 5, 2)), np.zeros((2, 5, 2)))
