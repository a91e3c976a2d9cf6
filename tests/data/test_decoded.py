"""A folder of images on the disk: what a store holds is what is read into memory, and a folder that changed is read anew."""

import numpy as np
import pytest

from igm_jax.data import images, stored

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    for number in range(120):
        place = tmp_path / "mine" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (10, 8, 3), dtype=np.uint8)).save(place / f"{number}.png")
    (tmp_path / "mine" / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no")
    return tmp_path / "mine"


def rows(part):
    order = np.lexsort(np.asarray(part.values).T)
    return np.asarray(part.values)[order], np.asarray(part.labels)[order]


def test_a_store_holds_what_memory_would(folder, tmp_path):
    told = []
    store = stored(folder, tmp_path / "kept", 8, progress=lambda done, all: told.append((done, all)))
    memory = images(folder, 8)
    disk = store.splits()
    assert told[-1] == (120, 120)
    for part in ("train", "validation", "test"):
        for one, other in zip(rows(getattr(disk, part)), rows(getattr(memory, part)), strict=True):
            np.testing.assert_array_equal(one, other)
    mine, its = disk.report.plain(), memory.report.plain()
    for name in ("number", "shapes", "classes", "skipped", "found", "sizes", "duplicates", "dtype"):
        assert mine[name] == its[name], name
    assert disk.image_shape == (8, 8, 3)


def test_parts_in_folders_are_those_of_the_store(tmp_path):
    for number in range(10):
        for part, name in (("train", "a"), ("train", "b"), ("test", "a"), ("test", "b")):
            place = tmp_path / "parts" / part / name
            place.mkdir(parents=True, exist_ok=True)
            for copy in range(1 if part == "test" else 5):
                image = RNG.integers(0, 256, (8, 8), dtype=np.uint8)
                Image.fromarray(image).save(place / f"{number}-{copy}.png")
    disk, memory = stored(tmp_path / "parts", tmp_path / "kept").splits(), images(tmp_path / "parts")
    assert (len(disk.test.values), disk.label_names) == (20, ("a", "b"))
    for part in ("train", "validation", "test"):
        for one, other in zip(rows(getattr(disk, part)), rows(getattr(memory, part)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_it_is_found_again_until_the_folder_changes(folder, tmp_path):
    first = stored(folder, tmp_path / "kept")
    again = stored(folder, tmp_path / "kept", progress=lambda done, all: pytest.fail("decoded again"))
    assert again.directory == first.directory
    assert stored(folder, tmp_path / "kept", 4).directory != first.directory
    Image.fromarray(np.zeros((10, 8, 3), np.uint8)).save(folder / "a" / "new.png")
    assert stored(folder, tmp_path / "kept").directory != first.directory


def test_what_another_process_decoded_meanwhile_is_taken(folder, tmp_path):
    inner = []
    outer = stored(
        folder, tmp_path / "kept", 4, progress=lambda done, all: inner.append(stored(folder, tmp_path / "kept", 4))
    )
    assert (outer.directory, outer.digest) == (inner[0].directory, inner[0].digest)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [outer.directory.name]


def test_too_few_are_told(tmp_path):
    (tmp_path / "few").mkdir()
    for number in range(21):
        Image.fromarray(np.full((4, 4), number % 2, np.uint8)).save(tmp_path / "few" / f"{number}.png")
    with pytest.raises(ValueError, match=r"few holds too few images \(21\) to read them from the disk; use `images`"):
        stored(tmp_path / "few", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []
