"""Folders of images as data sets: sizes, channels, labels, splits, and what is said of what was left out."""

import numpy as np
import pytest

from igm_jax.data import folder, images, survey
from tests.data import told
from tests.data.pictures import animated, claiming, filled, pixels, stored
from tests.mutations import mutated


def rows(data):
    return np.concatenate([data.train.values, data.validation.values, data.test.values])


def test_squares_of_one_side_come_back_to_the_bit(tmp_path):
    drawn = filled(tmp_path / "x", 80, 6, 6)
    data = images(tmp_path / "x")
    assert (data.image_shape, data.name, data.train.values.dtype) == ((6, 6, 1), "x", np.float32)
    back = {image.tobytes() for image in data.undone(rows(data))}
    assert back == {image.tobytes() for image in drawn}
    assert data.report.lines()[:4] == [
        f"80 images from {tmp_path}/x",
        "  shapes: 6 × 6 × 1 (80)",
        "  values: uint8 from 0 to 255",
        "  The values are taken from 0 ... 255 to -1 ... 1.",
    ]
    assert data.report.sizes == {"train": len(data.train.values), "validation": len(data.validation.values),
                                 "test": len(data.test.values)}  # fmt: skip
    assert data.report.digest == data.digest
    assert len(data.digest) == 64


def test_names_and_order_change_nothing_but_the_order(tmp_path):
    for place, image in enumerate(filled(tmp_path / "a", 90, 5, 5)):
        (tmp_path / "b" / str(place % 7)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "b" / str(place % 7) / f"{127 - place}.bmp").write_bytes(stored(image, "BMP"))
    a, b = images(tmp_path / "a"), images(tmp_path / "b", labels=None)
    for one, other in zip(a[:3], b[:3], strict=True):
        assert sorted(map(bytes, one.values)) == sorted(map(bytes, other.values))
    filled(tmp_path / "a", 20, 5, 5, start=500)
    more = images(tmp_path / "a")
    assert {bytes(row) for row in a.test.values} <= {bytes(row) for row in more.test.values}
    assert a.digest != more.digest == images(tmp_path / "a").digest


def test_copies_fall_on_one_side(tmp_path):
    (tmp_path / "b").mkdir()
    for place, image in enumerate(filled(tmp_path / "a", 60, 4, 4)):
        (tmp_path / "b" / f"{place}.png").write_bytes(stored(image))
    data = images(tmp_path)
    assert data.report.duplicates == 60
    parts = [{bytes(row) for row in part.values} for part in data[:3]]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 60


def test_labels_belong_to_their_images(tmp_path):
    for place, name in enumerate(("cat", "dog", "eel")):
        (tmp_path / name).mkdir()
        for number in range(20):
            image = np.full((4, 4), 100 * place + number, np.uint8)
            (tmp_path / name / f"{number}.png").write_bytes(stored(image))
    data = images(tmp_path)
    for part in data[:3]:
        np.testing.assert_array_equal(part.labels, data.undone(part.values)[:, 0, 0, 0] // 100)
        assert part.labels.dtype == np.int32
    assert data.label_names == ("cat", "dog", "eel")
    assert data.report.classes == {"cat": 20, "dog": 20, "eel": 20}


def test_parts_in_folders_are_kept_and_copies_between_them_said(tmp_path):
    train = filled(tmp_path / "train" / "a", 40, 4, 4) + filled(tmp_path / "train" / "b", 40, 4, 4)
    test = filled(tmp_path / "test" / "a", 6, 4, 4) + filled(tmp_path / "test" / "b", 6, 4, 4)
    (tmp_path / "test" / "b" / "copy.png").write_bytes(stored(train[3]))
    data = images(tmp_path)
    np.testing.assert_array_equal(data.undone(data.test.values)[..., 0], [*test, train[3]])
    assert data.test.labels.tolist() == [0] * 6 + [1] * 7
    assert data.report.notes[-1] == "Samples for validation and test that are copies of ones for training: 1."
    assert len(data.train.values) + len(data.validation.values) == 80


def test_one_bad_file_among_many_is_named_and_the_rest_is_read(tmp_path):
    filled(tmp_path / "a", 30, 8, 8)
    filled(tmp_path / "b", 30, 8, 8)
    whole = stored(pixels(40, 40))
    (tmp_path / "a" / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a" / "head.png").write_bytes(whole[:20])
    (tmp_path / "a" / "bomb.png").write_bytes(claiming(60_000, 60_000))
    (tmp_path / "b" / "film.gif").write_bytes(animated())
    (tmp_path / "b" / "notes.txt").write_text("words")
    data = images(tmp_path, 8)
    assert data.report.number == len(rows(data)) == 60
    assert dict(data.report.skipped) == {
        "that are no PNG, JPEG, WebP, BMP or GIF image": ("b/notes.txt",),
        "of more than 100 megapixels": ("a/bomb.png",),
        "damaged or truncated": ("a/head.png", "a/half.png"),
        "animated": ("b/film.gif",),
    }
    assert data.report.classes == {"a": 30, "b": 30}
    assert "  left out, 2 damaged or truncated: a/head.png, a/half.png" in data.report.lines()


def test_mixed_sizes_and_modes_become_one(tmp_path):
    filled(tmp_path, 25, 40, 30, 3)
    filled(tmp_path, 25, 50, 50, start=100)
    (tmp_path / "z.png").write_bytes(stored(pixels(9, 9, 4)))
    (tmp_path / "y.png").write_bytes(stored(pixels(9, 9, dtype=np.uint16)))
    data = images(tmp_path)
    assert data.image_shape == (32, 32, 3)
    assert data.report.shapes == {"40 × 30 × 3": 25, "50 × 50 × 1": 25, "9 × 9 × 3": 1, "9 × 9 × 1": 1}
    assert data.report.notes == (
        "Images that may have transparent parts, which are put on white: 1.",
        "Images of 16 bits, which are cut to 8 as the others have: 1.",
        "Images that are scaled to 32 × 32 and cut to their middle: 52.",
    )
    assert images(tmp_path, 16, channels=1, fit="pad").image_shape == (16, 16, 1)


def test_large_squares_become_32_and_those_up_to_64_stay(tmp_path):
    filled(tmp_path / "a", 20, 64, 64)
    filled(tmp_path / "b", 20, 65, 65)
    assert survey(folder(tmp_path / "a")).together.size == 64
    assert survey(folder(tmp_path / "b")).together.size == 32


def test_sixteen_bits_are_kept_if_all_have_them(tmp_path):
    drawn = [pixels(4, 4, dtype=np.uint16) for _ in range(60)]
    for place, image in enumerate(drawn):
        (tmp_path / f"{place}.png").write_bytes(stored(image))
    data = images(tmp_path)
    assert data.undone(data.train.values).dtype == np.uint16
    assert {image.tobytes() for image in data.undone(rows(data))} == {image.tobytes() for image in drawn}
    assert told(images, tmp_path, value_range=(0, 9)).startswith(
        f"`value_range` must hold all values of {tmp_path}, but"
    )


def test_progress_is_told(tmp_path):
    filled(tmp_path, 300, 4, 4)
    seen = []
    images(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(256, 300), (300, 300)] * 2  # headers, then pixels


def test_arguments_and_small_folders_are_refused_before_long_work(tmp_path):
    filled(tmp_path, 19, 4, 4)
    assert told(images, tmp_path) == (
        "expected at least 20 samples, of which some train, some validate and some test, but"
        f" {tmp_path} holds 19 samples; add more"
    )
    assert told(images, tmp_path, channels=2) == "`channels` must be one of 1, 3, but is 2"
    assert told(images, tmp_path, fit="fill") == "`fit` must be one of crop, pad, but is 'fill'"
    assert told(images, tmp_path, 0) == "`size` must be at least 1, but is 0"
    filled(tmp_path, 30, 4, 4, start=50)
    text = told(images, tmp_path, 10_000_000)
    assert text.startswith(f"the 49 samples of {tmp_path} would take ")
    assert text.endswith("of memory; choose a smaller `size` than 10000000")


def test_nothing_but_damage_is_told(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert told(images, tmp_path) == (
        f"{tmp_path} holds no image that can be read (5 damaged or truncated: 0.png, 1.png, 2.png and 2 more); give a folder of"
        " PNG, JPEG, WebP or BMP images"
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_mutated_images_are_read_or_named(kind, tmp_path):
    rng = np.random.default_rng(0)
    whole = stored(pixels(9, 9), kind)
    filled(tmp_path, 25, 9, 9)
    for number in range(300):
        (tmp_path / f"m{number}").write_bytes(mutated(whole, rng))
    report = images(tmp_path, 9).report
    assert report.number + sum(len(names) for names in report.skipped.values()) == 325
    assert report.number < 300
