"""Notes out of a SoundFont that the tests write themselves."""

import struct

import numpy as np
import pytest

from igm_jax.data import notes
from igm_jax.data.places import located
from igm_jax.data.soundfonts import FAMILIES, PLACE, family_of, instrument_of, is_paired, key_of, recordings


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def record(name, start, end, rate=16000, kind=1):
    return struct.pack("<20sIIIIIBbHH", name.encode("latin-1"), start, end, start, end, rate, 60, 0, 0, kind)


def soundfont(sounds, rate=16000, kinds=None):
    """A file of sounds by name."""
    at, records, whole = 0, b"", b""
    for number, (name, sound) in enumerate(sounds.items()):
        records += record(name, at, at + len(sound), rate, kinds[number] if kinds else 1)
        at += len(sound)
        whole += sound.astype("<i2").tobytes()
    sdta = chunk(b"LIST", b"sdta" + chunk(b"smpl", whole))
    pdta = chunk(b"LIST", b"pdta" + chunk(b"shdr", records + record("EOS", 0, 0)))
    return chunk(b"RIFF", b"sfbk" + sdta + pdta)


def tone(hertz, rate=16000, seconds=0.5):
    return (12000 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Tenor C#4(L)", 49),
        ("Piano C5", 60),
        ("Violin Bb3", 46),
        ("Flute A4 (R)", 57),
        ("B3 D#4", 51),
        ("EP 2 C 8(L)", 96),
        ("Bass Drum", None),
        ("Pad", None),
    ],
)
def test_names_tell_keys(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("tromboneB4", "brass"),
        ("B3 D4", "organ"),
        ("E's Bassoon C4(L)", "wind"),
        ("Acoustic Bass C4", "bass"),
        ("Steel E5", "guitar"),
        ("Steel Drum C 4", "mallets"),
        ("English Horn B4", "wind"),
        ("French Horns A4", "brass"),
        ("SB2 C4", "synth"),
    ],
)
def test_names_tell_families(name, family):
    assert family_of(name) == family


@pytest.mark.parametrize(
    ("names", "group"),
    [
        (("Marimba C", "Marimba F#", "Marimba C 7(L)", "Marimba F# 6(L)", "Marimba-Bb4", "marimba_A3"), "marimba"),
        (("B3 D#4", "B3 A3"), "b3"),
        (("P200 Piano D2(L)", "P200 Piano G#9(R)"), "p200 piano"),
        (("EP 2 C 8(L)", "EP 2 F# 7(L)"), "ep 2"),
        (("tromboneEb6", "tromboneC4"), "trombone"),
        (("Strings E3R", "Strings E3L", "Strings G6 L"), "strings"),
        (("C4", "D#5(L)"), "unnamed"),
        (("Vitamin D", "Vitamin E5"), "vitamin"),
    ],
)
def test_all_notes_of_one_instrument_are_one_group(names, group):
    assert {instrument_of(name) for name in names} == {group}


def test_no_instrument_of_the_true_file_lies_in_two_groups_or_has_no_name():
    try:
        place = located(PLACE) / PLACE.files[0]
    except FileNotFoundError:
        pytest.skip("needs fluid-soundfont-gm")
    groups = {instrument_of(one.name) for one in recordings(place) if one.key is not None}
    assert "" not in groups
    assert {"marimba", "xylophone", "b3", "p200 piano", "steel drum"} <= groups
    assert not [group for group in groups if group.endswith((" c", " f#", "-", "_"))]


def test_one_instrument_lies_in_one_part(tmp_path):
    sounds = {f"{name} {letter} {octave}": tone(200 + 100 * number + octave) for number, name in
              enumerate(("Marimba", "Muted", "Celesta", "Shamisen", "Ohh", "Xylo")) for letter in ("C", "F#")
              for octave in range(3, 8)}  # fmt: skip
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont(sounds))
    data = notes(tmp_path)
    parts = [
        {round(float(np.abs(np.fft.rfft(row[:8000])).argmax() * 2 // 100)) for row in part.values}
        for part in (data.train, data.validation, data.test)
    ]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 6


@pytest.mark.parametrize(
    ("name", "right"),
    [("Strings E3R", True), ("Strings E3L", False), ("Strings G6 R", True), ("A C4(R)", True), ("Recorder", False)],
)
def test_right_ones_of_pairs_are_known_by_name(name, right):
    assert is_paired(name) == right


def test_conditions_are_key_and_family(tmp_path):
    sounds = {f"Violin {letter}{octave}": tone(200 + 30 * octave + n) for octave in range(2, 6)
              for n, letter in enumerate("CDEFG")}  # fmt: skip
    sounds |= {f"Flute {letter}4": tone(500 + n) for n, letter in enumerate("CDE")}
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont(sounds | {"Tuba A3": tone(99)}))
    data = notes(tmp_path, conditions=True)
    found = sorted(tuple(row) for part in (data.train, data.validation, data.test) for row in part.condition.tolist())
    families = list(FAMILIES)
    assert found == sorted(
        (float(key_of(name)), float(families.index(family_of(name)))) for name in [*sounds, "Tuba A3"]
    )
    assert notes(tmp_path).train.condition is None


def test_recordings_are_read(tmp_path):
    sounds = {"Oboe A4": tone(440), "Drum": tone(100)}
    (tmp_path / "x.sf2").write_bytes(soundfont(sounds))
    found = recordings(tmp_path / "x.sf2")
    assert [(one.name, one.rate, one.key) for one in found] == [("Oboe A4", 16000, 57), ("Drum", 16000, None)]
    for one, sound in zip(found, sounds.values(), strict=True):
        np.testing.assert_array_equal(one.samples, sound)


@pytest.mark.parametrize("rate", [16000, 32000])
def test_a_second_of_each_key_keeps_its_pitch(rate, tmp_path):
    letters = "CDEFGAB"
    sounds = {f"{name} {letters[n % 7]}{3 + n // 7}": tone(200 + 20 * n, rate) for n, name in
              enumerate("abcdefghijklmnopqrstuvwxyz")}  # fmt: skip
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont({**sounds, "Drum": tone(50, rate)}, rate))
    data = notes(tmp_path)
    rows = np.concatenate([part.values for part in (data.train, data.validation, data.test)])
    assert rows.shape == (26, 16000)
    np.testing.assert_allclose(np.abs(rows).max(1), 1, atol=1e-6)
    assert np.all(rows[:, 8200:] == 0)  # they last half a second
    heard = np.sort(np.abs(np.fft.rfft(rows[:, :8000])).argmax(1) * 2)
    np.testing.assert_allclose(heard, 200 + 20 * np.arange(26), atol=2)
    assert "1 recordings without a key" in data.report.notes[0]


def test_the_left_one_of_a_pair_is_taken(tmp_path):
    sounds, kinds = {}, []
    for number in range(24):
        for side, kind in (("L", 4), ("R", 2)):
            sounds[f"voice{chr(97 + number)} C{number % 6}({side})"] = tone(200 + 5 * number) + np.int16(kind)
            kinds.append(kind)
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont(sounds, kinds=kinds))
    data = notes(tmp_path)
    assert sum(data.report.sizes.values()) == 24


def test_other_files_are_told(tmp_path):
    whole = soundfont({"Oboe A4": tone(440)})
    path = tmp_path / "x.sf2"
    for content in (b"", b"RIFF", whole[:2000], whole.replace(b"shdr", b"shdx"), whole.replace(b"sfbk", b"WAVE")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a whole SoundFont 2 file"):
            recordings(path)
    path.rename(tmp_path / "FluidR3_GM.sf2")
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont({"Drum": tone(50)}))
    with pytest.raises(ValueError, match=r"none of the 1 recordings of .* tells its key"):
        notes(tmp_path)


def test_compressed_recordings_are_told(tmp_path):
    (tmp_path / "x.sf2").write_bytes(soundfont({"Oboe A4": tone(440)}, kinds=[0x11]))
    with pytest.raises(ValueError, match="'Oboe A4' is compressed, as those of SoundFont 3 are"):
        recordings(tmp_path / "x.sf2")


def test_silent_notes_are_left_out_and_named(tmp_path):
    many = {f"{name} A4": tone(440) for name in "abcdefghijklmnopqrstuvwxyz"}
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont({**many, "Oboe A4": tone(440) * 0, "Drum": tone(50)}))
    data = notes(tmp_path)
    assert sum(data.report.sizes.values()) == 26
    assert data.report.skipped == {"silent": ("Oboe A4",)}
    assert "1 recordings without a key" in data.report.notes[0]
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont({"Oboe A4": tone(440) * 0}))
    with pytest.raises(ValueError, match=r"all 1 notes of .* are silent"):
        notes(tmp_path)


def test_rows_that_the_memory_has_no_room_for_are_told(tmp_path):
    (tmp_path / "FluidR3_GM.sf2").write_bytes(soundfont({"Oboe A4": tone(440)}))
    with pytest.raises(ValueError, match="of memory; shorten them by `seconds`"):
        notes(tmp_path, seconds=1e9)
