"""Where data sets with a name are looked for, and what is said where they are not, or are others."""

import gzip
import hashlib

import pytest

from igm_jax.data.places import DataChangedError, DataNotFoundError, Place, located, unlike, verified

CONTENT = b"some content" * 100
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("IGM_DATA", raising=False)
    return Place("mine", "Debian's package mine", str(tmp_path / "usr"), ("a.bin", "b.bin"), "or ask its makers")


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(CONTENT)
    return folder


def test_a_folder_that_is_passed_is_the_only_one(place, tmp_path):
    put(tmp_path / "usr", "a.bin", "b.bin")
    assert located(place) == tmp_path / "usr"
    with pytest.raises(DataNotFoundError, match=r"mine needs the files a.bin, b.bin, which are not in .*here"):
        located(place, tmp_path / "here")


def test_the_variable_goes_before_the_packages_place(place, tmp_path, monkeypatch):
    put(tmp_path / "usr", "a.bin", "b.bin")
    monkeypatch.setenv("IGM_DATA", str(tmp_path / "data"))
    assert located(place) == tmp_path / "usr"
    put(tmp_path / "data", "a.bin", "b.bin")
    assert located(place) == tmp_path / "data"
    put(tmp_path / "data" / "mine", "a.bin", "b.bin")
    assert located(place) == tmp_path / "data" / "mine"


def test_what_is_missing_is_named_with_its_package(place, tmp_path):
    put(tmp_path / "usr", "a.bin")
    with pytest.raises(
        DataNotFoundError,
        match=r"mine needs the file b.bin, which is not in .*usr: install Debian's package mine, or put the files into a folder"
        r" and name it \(`folder`, or the variable IGM_DATA\); or ask its makers",
    ):
        located(place)


def test_content_is_verified_packed_or_not(tmp_path):
    (tmp_path / "plain").write_bytes(CONTENT)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(CONTENT, mtime=1))
    for name in ("plain", "packed.gz"):
        assert verified(tmp_path / name, DIGEST, len(CONTENT), "p") == CONTENT
        with pytest.raises(
            DataChangedError, match=r"is not that of p: SHA-256 .*, expected 000000\.\.\.; install it again"
        ):
            verified(tmp_path / name, "000000", len(CONTENT), "p")
    assert unlike(tmp_path, {"plain": DIGEST, "packed.gz": DIGEST}) == ["packed.gz"]


def test_bombs_and_damage_are_refused(tmp_path):
    packed = gzip.compress(bytes(10**7))
    (tmp_path / "bomb.gz").write_bytes(packed)
    with pytest.raises(DataChangedError, match="is not that of p"):
        verified(tmp_path / "bomb.gz", hashlib.sha256(bytes(10**7)).hexdigest(), 1000, "p")
    (tmp_path / "cut.gz").write_bytes(packed[:-9])
    with pytest.raises(DataChangedError, match=r"cut.gz is a damaged gzip file .* install p again"):
        verified(tmp_path / "cut.gz", DIGEST, 10**8, "p")
