"""Letters drawn from fonts: those that come with matplotlib stand for any."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from igm_jax.data import alphabets, glyphs
from igm_jax.data.places import DataNotFoundError

pytest.importorskip("PIL")
matplotlib = pytest.importorskip("matplotlib")
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("fonts")
    for path in sorted(FONTS.glob("DejaVu*.ttf")):
        shutil.copy(path, place)
    (place / "broken.ttf").write_bytes(b"\0\1\0\0 no font")
    return place


def test_letters_fill_their_squares(folder):
    data = glyphs(folder, 20)
    images = np.concatenate([data.undone(part.values) for part in (data.train, data.validation, data.test)])
    assert (data.image_shape, images.dtype) == ((20, 20, 1), np.uint8)
    drawn = images[..., 0] > 40
    spans = np.stack([drawn.any(axis).sum(-1) for axis in (1, 2)])
    assert np.all(np.abs(spans.max(0) - 0.86 * 20) <= 3)
    assert data.label_names == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert data.report.skipped == {"no font that can be read": ("broken.ttf",)}


def test_an_i_is_tall_and_narrow_and_an_m_is_not(folder):
    data = glyphs(folder, 20)
    letters = data.undone(data.train.values)[..., 0] > 127
    wide = {name: letters[data.train.labels == data.label_names.index(name)].any(1).sum(1).mean() for name in "LMO"}
    assert wide["M"] > wide["L"]


def test_fonts_stay_together(folder):
    data = glyphs(folder, 12)
    # A font has each letter once, so that a part holds as many fonts as it has of its most frequent letter, at least.
    fonts = sum(int(np.bincount(part.labels).max()) for part in (data.train, data.validation, data.test))
    assert 3 <= fonts <= len(list(folder.glob("DejaVu*.ttf")))
    assert "each wholly in one part" in data.report.notes[0]


def test_a_folder_without_fonts_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"expected a folder of fonts, but .* holds no .ttf or .otf file"):
        glyphs(tmp_path)
    with pytest.raises(DataNotFoundError, match=r"glyphs needs .*install Debian's package fonts-aenigma"):
        glyphs(tmp_path / "nowhere")


def test_alphabets_of_fonts_are_drawn_as_the_set_draws_them(folder):
    pictures, there = alphabets(["DejaVuSans", "DejaVuSans-Bold"], folder, 20)
    assert (pictures.shape, pictures.dtype, there.all()) == ((2, 26, 20, 20), np.uint8, True)
    data = glyphs(folder, 20)
    drawn = np.concatenate([data.undone(part.values) for part in (data.train, data.validation, data.test)])[..., 0]
    known = {picture.tobytes() for picture in drawn}
    assert all(picture.tobytes() in known for picture in pictures.reshape(-1, 20, 20))
    assert (pictures[1].mean((1, 2)) > pictures[0].mean((1, 2))).mean() > 0.9  # bold has more ink


def test_a_font_that_is_not_there_is_told(folder):
    with pytest.raises(DataNotFoundError, match=r"no font 'lucid' in .*Debian's package fonts-aenigma"):
        alphabets(["DejaVuSans", "lucid"], folder)
    with pytest.raises(ValueError, match="at least one name of a font"):
        alphabets([], folder)
    with pytest.raises(ValueError, match=r"broken.ttf must be a font, but cannot be read as one"):
        alphabets(["broken"], folder)


def test_pictures_that_the_memory_has_no_room_for_are_told(folder):
    for make in (lambda size: glyphs(folder, size), lambda size: alphabets(["DejaVuSans"], folder, size)):
        with pytest.raises(ValueError, match="of memory; lower `size`"):
            make(10**8)
