"""Targets in lists: a word each, with what is read after a colon."""

from pathlib import Path

import pytest

from experiments.configs import TARGETS
from experiments.configs.words import file_name, short, target_of


def test_words_mean_targets():
    assert target_of("grid", TARGETS) == TARGETS["grid"]()
    assert target_of("images:a/b", TARGETS) == TARGETS["images"](Path("a/b"))
    assert target_of("file:C:x.npy", TARGETS).path == Path("C:x.npy")
    assert target_of("file:~/x.npy", TARGETS).path == Path.home() / "x.npy"
    assert target_of("glyphs", TARGETS).folder is None
    assert target_of("glyphs:fonts", TARGETS).folder == Path("fonts")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gird", r"`targets` must be .*did you mean 'grid'"),
        ("grid:x", "the target grid reads nothing, but 'grid:x' names 'x'; leave it out"),
        ("images", "the target images must know what is read, `images:PATH`, but is 'images'"),
        ("images:", "the target images must know what is read, `images:PATH`, but is 'images:'"),
        ("glyphs:", "the target glyphs must know where its files lie"),
        ("", "`targets` must be"),
    ],
)
def test_wrong_words_are_explained(word, message):
    with pytest.raises(ValueError, match=message):
        target_of(word, TARGETS)


def test_files_get_names_of_their_own():
    names = [
        file_name(word) for word in ("grid", "images:a/cats", "images:b/cats", "images:a/cats/", "file:../ö ä.npy")
    ]
    assert names[0] == "grid"
    assert len(set(names)) == 5
    assert all(name.replace("-", "").replace("_", "").replace(".", "").isalnum() for name in names)
    assert [short(word) for word in ("grid", "images:a/cats")] == ["grid", "images cats"]
