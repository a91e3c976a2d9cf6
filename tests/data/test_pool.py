"""Many images side by side: in order, with the places of those that cannot be had."""

import numpy as np

from igm_jax.data import pool
from igm_jax.data.decoding import Header
from tests.data.pictures import pixels, stored


def test_order_and_places_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "BLOCK", 7)
    drawn = [pixels(5, 5) for _ in range(40)]
    files = [stored(image) for image in drawn]
    files[3] = files[30] = b"nothing"
    (tmp_path / "x").write_bytes(files[4])
    items = [tmp_path / "x" if i == 4 else (lambda i=i: files[i]) if i % 2 else files[i] for i in range(40)]
    items[8] = tmp_path / "none"
    told = []
    found, skipped = pool.headers(items, lambda *numbers: told.append(numbers))
    assert (len(found), skipped) == (37, {"damaged or truncated": [3, 30], "unreadable": [8]})
    assert told == [(7, 40), (14, 40), (21, 40), (28, 40), (35, 40), (40, 40)]
    values, again = pool.decoded(items, (5, 5, 1), "crop", False)
    assert again == skipped
    np.testing.assert_array_equal(values[..., 0], [drawn[i] for i in range(40) if i not in (3, 8, 30)])


def test_headers_together():
    grey, deep, colour = (
        Header(9, 9, kind != "RGB", kind == "I;16", kind == "P", kind) for kind in ("L", "I;16", "RGB")
    )
    assert pool.together([grey])[1:4] == (9, 1, False)
    assert pool.together([deep])[1:4] == (9, 1, True)
    assert pool.together([deep, grey])[1:4] == (9, 1, False)
    assert pool.together([deep, colour])[1:4] == (9, 3, False)
    assert pool.together([grey._replace(width=65, height=65)]).size == 32
    assert pool.together([colour._replace(mode="CMYK")]).notes == (
        "Images in the colours of print (CMYK), which are turned to red, green and blue: 1.",
    )
    assert pool.together([grey]).resized(9, "crop") == ""
    assert pool.together([grey]).resized(8, "pad") == "Images that are scaled to 8 × 8: 1."
    assert pool.together([grey._replace(width=5)]).resized(9, "pad") == (
        "Images that are scaled to 9 × 9 and surrounded by white: 1."
    )
