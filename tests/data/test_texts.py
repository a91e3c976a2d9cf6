"""Names of characters: the same on every Python, spelled and read back."""

import numpy as np
import pytest

from igm_jax.data import character_names, spelled, unicode_names
from igm_jax.data.texts import SYMBOLS


def test_names_are_those_of_unicode_14():
    names = character_names()
    assert (len(names), len(set(names))) == (32647, 32647)
    assert "LATIN SMALL LETTER A WITH RING ABOVE" in names
    assert set("".join(names)) == set(SYMBOLS)
    assert not any(name.startswith(("CJK UNIFIED", "HANGUL SYLLABLE")) for name in names)


def test_rows_spell_the_names():
    data = unicode_names(10)
    every = [text for part in (data.train, data.validation, data.test) for text in spelled(part.values)]
    assert sorted(every) == sorted(name for name in character_names() if len(name) <= 10)
    assert data.train.values.shape[1] == 10 * 39
    np.testing.assert_array_equal(data.train.values.reshape(-1, 39).sum(1), 1)
    assert "longer names are left out" in data.report.notes[0]


def test_what_cannot_be_spelled_is_told():
    with pytest.raises(ValueError, match=r"rows of so many times 39 numbers, but have shape \(2, 40\)"):
        spelled(np.zeros((2, 40)))
    with pytest.raises(ValueError, match="`length` must be"):
        unicode_names(3)
