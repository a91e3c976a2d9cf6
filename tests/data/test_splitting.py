"""Splits by content: copies stay together, and neither names, order nor company matter."""

import numpy as np
import pytest

from igm_jax.data.splitting import part_of, rows_as_bytes, split, stamp, within
from tests.data import told


def contents(n, start=0):
    return [f"sample {i}".encode() for i in range(start, start + n)]


def test_shares_are_about_those_asked_for():
    parts = split(contents(20_000), "here").parts
    np.testing.assert_allclose(np.bincount(parts) / 20_000, [0.8, 0.1, 0.1], atol=0.01)  # four standard errors
    parts = split(contents(20_000), "here", shares=(0.5, 0.25, 0.25)).parts
    np.testing.assert_allclose(np.bincount(parts) / 20_000, [0.5, 0.25, 0.25], atol=0.015)


def test_the_split_is_fixed_for_ever():
    assert stamp(b"abc") == 0xBA7816BF8F01CFEA
    assert split(contents(30), "here").parts.tolist() == EXPECTED


EXPECTED = [int(digit) for digit in "100000110001000001100200000000"]


def test_order_and_company_move_nothing():
    known = contents(300)
    parts = split(known, "here").parts
    np.testing.assert_array_equal(split(known[::-1], "there").parts, parts[::-1])
    np.testing.assert_array_equal(split(known + contents(50, 1000), "here").parts[:300], parts)


def test_copies_fall_on_one_side_and_are_counted():
    known = contents(100) * 3
    found = split(known, "here")
    np.testing.assert_array_equal(found.parts[:100], found.parts[100:200])
    assert (found.duplicates, found.shared) == (200, 0)
    given = np.repeat([0, 1, 2], [200, 50, 50])
    assert within(known, given, "here").shared == 100
    assert within(contents(300), given, "here").shared == 0
    rows = [found.rows(part) for part in range(3)]
    assert sorted(np.concatenate(rows).tolist()) == list(range(300))


def test_a_group_stays_together():
    groups = [f"photo {i % 40}".encode() for i in range(400)]
    found = split(contents(400), "here", groups=groups)
    sides = [{int(found.parts[i]) for i in range(400) if groups[i] == group} for group in set(groups)]
    assert all(len(side) == 1 for side in sides)
    assert found.duplicates == 0
    with pytest.raises(ValueError, match=r"`groups` must have one entry a sample, 400, but has 3"):
        split(contents(400), "here", groups=groups[:3])


def test_too_few_are_refused_with_a_way_out():
    assert told(split, contents(19), "cats") == (
        "expected at least 20 samples, of which some train, some validate and some test, but cats holds 19 samples; add more"
    )
    assert told(split, contents(1) * 25, "cats") == (
        "cats holds 25 samples (different contents: 1), of which none comes into the part for train and test; add samples, since"
        " the content of each decides where it comes"
    )
    with pytest.raises(ValueError, match=r"different groups: 1.*; form more and smaller groups"):
        split(contents(30), "cats", groups=[b"one"] * 30)
    with pytest.raises(ValueError, match=r"`shares` must be three parts of 1"):
        split(contents(30), "cats", shares=(0.8, 0.1, 0.2))


def test_a_given_split_is_kept_and_validation_taken_from_training():
    given = np.repeat([0, 2], [900, 100])
    found = within(contents(1000), given, "here")
    np.testing.assert_array_equal(found.parts == 2, given == 2)
    assert 70 < len(found.rows(1)) < 130
    whole = np.repeat([0, 1, 2], [20, 5, 5])
    np.testing.assert_array_equal(within(contents(30), whole, "here").parts, whole)
    with pytest.raises(ValueError, match=r"here comes with a split that leaves no sample for test; add samples to it"):
        within(contents(300), np.repeat([0, 1, 2], [1, 298, 1]) % 2, "here")
    np.testing.assert_array_equal(
        within(contents(300), np.zeros(300), "here").parts, split(contents(300), "here").parts
    )
    whole = np.repeat([0, 1], [250, 50])
    valid = within(contents(300), whole, "here").parts
    assert (valid == 1).tolist() == [False] * 250 + [True] * 50
    assert 10 < (valid == 2).sum() < 50
    one_by_one = [part_of(content, int(part), {0, 1}) for content, part in zip(contents(300), whole, strict=True)]
    assert one_by_one == [("train", "validation", "test")[part] for part in valid]


def test_bytes_are_those_of_the_values_not_of_the_machine():
    values = np.array([[1.5, -0.0], [2.0, 3.0]])
    labels = np.array([1, 2], np.int16)
    assert list(rows_as_bytes(values, labels)) == list(rows_as_bytes(values.astype(">f8") + 0.0, labels.astype(">i2")))
    assert next(iter(rows_as_bytes(values))) == np.array([1.5, 0.0], "<f8").tobytes()


@pytest.mark.parametrize("number", range(20, 60))
def test_of_few_samples_or_groups_no_part_is_empty(number):
    for groups in (None, [bytes([each % max(3, number // 7)]) for each in range(number)]):
        found = split(contents(number), "here", groups=groups)
        sizes = [len(found.rows(part)) for part in range(3)]
        assert min(sizes) >= 1
        if groups is None:
            assert sizes[0] > number // 2
        else:
            assert len({(group, part) for group, part in zip(groups, found.parts.tolist(), strict=True)}) == len(
                set(groups)
            )
