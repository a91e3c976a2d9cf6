"""Names of characters: the same on every Python, spelled and read back."""

import numpy as np
import pytest

from igm_jax.data import character_names, one_hot_texts, spelled, text_lines, unicode_names
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


def test_rows_and_texts_are_each_others_inverse():
    texts = ["", "A", "LATIN SMALL LETTER A", "DOTS-0123456789", "Z" * 20]
    rows = one_hot_texts(texts, 20)
    assert spelled(rows) == texts
    np.testing.assert_array_equal(rows.reshape(5, 20, 39).sum(2), 1)
    np.testing.assert_array_equal(rows[0].reshape(20, 39)[:, -1], 1)


def test_lines_of_a_file_become_rows(tmp_path):
    lines = [f"  town {number}" for number in range(40)] + ["", "A VERY LONG TOWN"]
    (tmp_path / "towns.txt").write_text("\r\n".join(lines))
    data = text_lines(tmp_path / "towns.txt", 8)
    every = [text for part in (data.train, data.validation, data.test) for text in spelled(part.values)]
    assert sorted(every) == sorted(f"TOWN {number}" for number in range(40))
    assert "1 longer lines are left out." in data.report.notes


def test_a_byte_order_mark_is_no_symbol(tmp_path):
    lines = "\n".join(f"town {number}" for number in range(40))
    for name, encoding in (("plain.txt", "utf-8"), ("marked.txt", "utf-8-sig")):
        (tmp_path / name).write_text(lines, encoding=encoding)
    assert (tmp_path / "marked.txt").read_bytes().startswith(b"\xef\xbb\xbf")
    plain, marked = (text_lines(tmp_path / name, 8) for name in ("plain.txt", "marked.txt"))
    np.testing.assert_array_equal(marked.train.values, plain.train.values)
    np.testing.assert_array_equal(marked.test.values, plain.test.values)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"town\nstra\xc3\x9fe",
            "line 2 of .*towns.txt' must be made of space, hyphen, digits and the capitals A to Z, but has 'ß'",
        ),
        (b"t\xffwn", "must be a text in UTF-8"),
        (b"\n \n", "at least 20 lines .*, but it has 0; add more"),
        (b"a very long town\nham", "at least 20 lines .*, but it has 2; add more"),
        (b"a very long town\n" * 20 + b"ham", "at least 20 lines .*, but of 21 only 1 are that short; raise `length`"),
    ],
)
def test_lines_that_cannot_be_spelled_are_told(tmp_path, content, told):
    (tmp_path / "towns.txt").write_bytes(content)
    with pytest.raises(ValueError, match=told):
        text_lines(tmp_path / "towns.txt", 8)


def test_texts_that_cannot_be_spelled_are_told():
    for texts, told in (
        (["OK", "no"], r"`texts\[1\]` must be made of .*'n', 'o'"),
        (["LONGER"], r"`texts\[0\]` has 6 symbols, more than the 4 places"),
        ([], "must be a list of at least one text"),
        ("TEXT", "must be a list of at least one text, but is 'TEXT'"),
        (None, "must be a list of at least one text, but is None"),
        ({"A": 1}, "must be a list of at least one text"),
        (np.array("A"), "must be a list of at least one text"),
    ):
        with pytest.raises(ValueError, match=told):
            one_hot_texts(texts, 4)


def test_rows_that_the_memory_has_no_room_for_are_told(tmp_path):
    (tmp_path / "towns.txt").write_text("\n".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    for make in (unicode_names, lambda length: text_lines(tmp_path / "towns.txt", length)):
        with pytest.raises(ValueError, match="of memory; lower `length`"):
            make(10**12)
