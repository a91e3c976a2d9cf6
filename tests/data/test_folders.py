"""Folders of images: what is found, of which class, and what is left out and why."""

import os
import socket

import pytest

from igm_jax.data import folder
from igm_jax.data.folders import BROKEN, HIDDEN, NO_IMAGE, SEEN, SPECIAL, UNREADABLE
from tests.data import told
from tests.data.pictures import filled, pixels, stored

IMAGE = stored(pixels(4, 4))


def test_files_are_told_by_their_content(tmp_path):
    (tmp_path / "a.txt").write_bytes(IMAGE)
    (tmp_path / "b.png").write_text("hello")
    (tmp_path / "c.jpg").write_bytes(b"")
    (tmp_path / "BMW.txt").write_text("BM is not enough for an image")
    for kind in ("JPEG", "WEBP", "BMP", "GIF"):
        (tmp_path / kind).write_bytes(stored(pixels(4, 4), kind))
    found = folder(tmp_path)
    assert [file.name for file in found.files] == ["BMP", "GIF", "JPEG", "WEBP", "a.txt"]
    assert found.skipped == {NO_IMAGE: ("BMW.txt", "b.png", "c.jpg")}
    assert (found.labels, found.label_names, found.notes) == (None, (), ())


def test_folders_below_are_classes_however_deep(tmp_path):
    filled(tmp_path / "dog" / "b" / "c", 2, 4, 4)
    filled(tmp_path / "cat", 3, 4, 4)
    (tmp_path / "cat" / ".hidden.png").write_bytes(IMAGE)
    (tmp_path / ".git").mkdir()
    found = folder(tmp_path)
    assert (found.label_names, found.labels) == (("cat", "dog"), (0, 0, 0, 1, 1))
    assert found.name(found.files[3]) == os.path.join("dog", "b", "c", "000.png")
    assert found.skipped == {HIDDEN: (".git", os.path.join("cat", ".hidden.png"))}
    assert folder(tmp_path, None).labels is None
    assert told(folder, tmp_path, "files") == "`labels` must be \"folders\" or None, but is 'files'"


def test_why_there_are_no_labels_is_said(tmp_path):
    filled(tmp_path / "cats", 2, 4, 4)
    assert folder(tmp_path).notes == (
        "There are no labels, since all images lie in cats; give that folder if its own are classes.",
    )
    filled(tmp_path, 3, 4, 4)
    assert folder(tmp_path).labels is None
    assert folder(tmp_path).notes == (
        "There are no labels, since images lie beside the folders: 3; move them into folders of their class.",
    )


def test_folders_that_are_called_as_parts_are_parts(tmp_path):
    for name in ("train/cat", "train/dog", "Test/cat", "Test/dog"):
        filled(tmp_path / name, 1 + (name == "train/dog"), 4, 4)
    found = folder(tmp_path)
    assert (found.label_names, found.labels, found.given) == (("cat", "dog"), (0, 1, 0, 1, 1), (2, 2, 0, 0, 0))
    assert found.notes == (
        "The folders Test, train are taken for the parts of the data set; a part that is not there is taken by content.",
    )
    assert (folder(tmp_path, None).labels, folder(tmp_path, None).given) == (None, (2, 2, 0, 0, 0))
    assert found.without({"dull": [0]}).given == (2, 0, 0, 0)
    filled(tmp_path / "extra", 1, 4, 4)
    assert folder(tmp_path).label_names == ("Test", "extra", "train")
    assert folder(tmp_path / "train").given is None


def test_links_are_followed_once_and_loops_end(tmp_path):
    filled(tmp_path / "here" / "cat", 2, 4, 4)
    filled(tmp_path / "elsewhere", 3, 4, 4)
    (tmp_path / "here" / "a").symlink_to(tmp_path / "here" / "cat")
    (tmp_path / "here" / "cat" / "up").symlink_to(tmp_path / "here")
    (tmp_path / "here" / "dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here" / "gone.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "here" / "self").symlink_to(tmp_path / "here" / "self")
    found = folder(tmp_path / "here")
    assert (found.label_names, found.labels) == (("cat", "dog"), (0, 0, 1, 1, 1))
    assert found.skipped == {
        BROKEN: ("gone.png",), UNREADABLE: ("self",), SEEN: ("a", os.path.join("cat", "up")),
    }  # fmt: skip


def test_pipes_sockets_and_devices_are_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket cannot be long
    filled(tmp_path, 1, 4, 4)
    os.mkfifo("pipe.png")
    os.symlink("/dev/zero", "zero.png")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.png")
    assert folder(".").skipped == {SPECIAL: ("pipe.png", "socket.png", "zero.png")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_named(tmp_path):
    filled(tmp_path, 1, 4, 4)
    filled(tmp_path / "closed", 1, 4, 4)
    (tmp_path / "closed.png").write_bytes(IMAGE)
    for name in ("closed", "closed.png"):
        (tmp_path / name).chmod(0)
    try:
        assert folder(tmp_path).skipped == {UNREADABLE: ("closed.png", "closed")}
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_nothing_to_read_is_told_with_reasons(tmp_path):
    assert told(folder, tmp_path) == f"{tmp_path} is empty; give a folder of PNG, JPEG, WebP or BMP images"
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / ".b").write_text("words")
    assert told(folder, tmp_path) == (
        f"{tmp_path} holds no image that can be read (1 hidden: .b; 1 that are no PNG, JPEG, WebP, BMP or GIF image: a.txt);"
        " give a folder of PNG, JPEG, WebP or BMP images"
    )
    assert told(folder, tmp_path / "a.txt") == (
        f"expected a folder of images, but {tmp_path}/a.txt is a file; read it with `igm_jax.data.file`, or give the folder"
    )
    assert told(folder, tmp_path / "x") == (
        f"expected a folder of images at '{tmp_path}/x', but it does not exist; check the path"
    )


def test_leaving_out_keeps_files_and_labels_together(tmp_path):
    filled(tmp_path / "a", 2, 4, 4)
    filled(tmp_path / "b", 2, 4, 4)
    left = folder(tmp_path).without({"dull": [0, 2], "never": []})
    assert [left.name(file) for file in left.files] == [os.path.join("a", "001.png"), os.path.join("b", "001.png")]
    assert left.labels == (0, 1)
    assert left.skipped == {"dull": (os.path.join("a", "000.png"), os.path.join("b", "000.png"))}
