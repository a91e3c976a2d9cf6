"""Archives that mean harm are refused before they do any."""

import gzip
import io
import tarfile

import pytest

from igm_jax.data import archives
from igm_jax.data.archives import DamageError, members, unpacked
from tests.data import told


def packed(path, *entries):
    with tarfile.open(path, "w:gz") as archive:
        for head, content in entries:
            head.size = len(content)
            archive.addfile(head, io.BytesIO(content))
    return path


def entry(name, content=b"abc", **fields):
    head = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(head, field, value)
    return head, content


def everything(name):
    return True


def test_only_what_is_wanted_is_read(tmp_path):
    path = packed(tmp_path / "x", entry("a/b.bin"), entry("a/c.txt", b"d"), entry("a", b"", type=tarfile.DIRTYPE))
    assert members(path, everything) == {"b.bin": b"abc", "c.txt": b"d"}
    assert members(path, lambda name: name == "c.txt") == {"c.txt": b"d"}
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert members(path, everything) == {"b.bin": b"abc", "c.txt": b"d"}


@pytest.mark.parametrize("name", ["../up.bin", "/root.bin", "a/../../b.bin", "a\\..\\b.bin"])
def test_paths_that_leave_the_folder_are_refused(name, tmp_path):
    path = packed(tmp_path / "x", entry("a/b.bin"), entry(name))
    assert told(members, path, everything) == (
        f"{path}[{name!r}] leaves the archive's folder; it is refused, and nothing was read"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind, tmp_path):
    path = packed(tmp_path / "x", entry("a.bin", b"", type=kind, linkname="/etc/passwd"))
    assert told(members, path, everything) == (
        f"{path}['a.bin'] is a link, a device or another thing that holds no data; it is refused"
    )


def test_bombs_and_crowds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 10_000)
    path = packed(tmp_path / "x", entry("a.bin", bytes(10**6)))
    assert told(members, path, everything) == (
        f"{path}['a.bin'] takes {path.stat().st_size} bytes in its file and would become 1000000 in memory, as no data do; it is"
        " refused"
    )
    path = packed(tmp_path / "x", entry("a.bin", bytes(10**6), type=tarfile.GNUTYPE_LONGNAME))
    assert "and would become 1000448 in memory" in told(members, path, everything)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    path = packed(tmp_path / "x", *(entry(f"{number}.bin") for number in range(3)))
    assert told(members, path, everything) == f"{path} holds more than 2 files, as no archive of the kind does"
    monkeypatch.setattr(archives, "MOST_MEMBERS", 9)
    path = packed(tmp_path / "x", entry("a/x.bin"), entry("b/x.bin"))
    assert told(members, path, everything) == f"{path}['b/x.bin'] comes twice in its archive; it is refused"


def test_damage_is_named(tmp_path):
    path = packed(tmp_path / "x", entry("a.bin", bytes(range(256)) * 40))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamageError, match=r"x is truncated or damaged \(EOFError: .*\); copy or download it again"):
        members(path, everything)
    path.write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(DamageError), unpacked(path) as stream:
        stream.read()
