"""What a report says on a terminal and as JSON."""

import json

from igm_jax.data.report import Report, listed, readable

REPORT = Report(
    source="pets\x1b]0;owned\x07",
    number=60,
    what="images",
    shapes={"8 × 8 × 3": 10, "9 × 8 × 3": 50},
    dtype="uint8",
    found=(0.0, 255.0),
    scaled="0 ... 255 become -1 ... 1",
    classes={"cat": 20, "do\ng": 40},
    duplicates=2,
    skipped={"damaged": ("a\r.png", "b.png", "c.png", "d.png", "caf\udce9.png"), "hidden": (".x",)},
    notes=("Alpha was composited on white.",),
    sizes={"train": 50, "validation": 5, "test": 5},
    digest="ab" * 32,
)


def test_lines_are_short_and_steer_no_terminal():
    assert REPORT.lines() == [
        "60 images from pets\\x1b]0;owned\\x07",
        "  shapes: 9 × 8 × 3 (50), 8 × 8 × 3 (10)",
        "  values: uint8 from 0 to 255",
        "  0 ... 255 become -1 ... 1",
        "  classes: cat 20, do\\ng 40",
        "  exact copies of others: 2",
        "  left out, 5 damaged: a\\r.png, b.png, c.png and 2 more",
        "  left out, 1 hidden: .x",
        "  note: Alpha was composited on white.",
        "  parts: train 50, validation 5, test 5",
        f"  digest: {'ab' * 32}",
    ]


def test_what_is_not_known_takes_no_line():
    assert Report("x.npy", 3).lines() == ["3 samples from x.npy"]


def test_the_plain_form_is_json_with_everything():
    plain = json.loads(json.dumps(REPORT.plain()))
    assert set(plain) == set(Report._fields)
    assert plain["skipped"]["damaged"] == {
        "number": 5,
        "names": ["a\\r.png", "b.png", "c.png", "d.png", "caf\\udce9.png"],
    }
    assert plain["found"] == [0, 255]
    many = Report("x", 1, skipped={"hidden": tuple(map(str, range(1000)))}).plain()["skipped"]["hidden"]
    assert (many["number"], len(many["names"])) == (1000, 100)


def test_lists_are_cut_and_letters_kept():
    assert [listed("abc"), listed("abcd"), listed([])] == ["a, b, c", "a, b, c and 1 more", ""]
    assert readable("größe 8 × 8 → 猫") == "größe 8 × 8 → 猫"
    assert readable("\u202e\x9b\u2028") == "\\u202e\\x9b\\u2028"
