"""Users' .wav files: every format to the same numbers, rates and channels as documented, and what is left out is told."""

import io
import struct
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from igm_jax.data import read_wav, sounds, wav_bytes

RNG = np.random.default_rng(0)


def sine(hertz=500.0, rate=16000, seconds=0.5, loud=0.5):
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def saved(path, values, rate):
    wavfile.write(path, rate, values)
    return path


def test_sixteen_bits_there_and_back(tmp_path):
    x = RNG.uniform(-1, 1, 3000)
    (tmp_path / "a.wav").write_bytes(wav_bytes(x))
    sound = read_wav(tmp_path / "a.wav")
    np.testing.assert_allclose(sound.samples, x, atol=1.1 / 32768 + 1 / 32767)
    with wave.open(io.BytesIO(wav_bytes([2.0, -2.0, 0.0]))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        np.testing.assert_array_equal(np.frombuffer(file.readframes(3), "<i2"), [32767, -32767, 0])


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
def test_all_kinds_of_numbers_are_the_same_sound(kind, tmp_path):
    x = sine()
    scales = {np.uint8: (128, 128), np.int16: (32768, 0), np.int32: (2**31, 0), np.float32: (1, 0)}
    by, plus = scales[kind]
    sound = read_wav(saved(tmp_path / "a.wav", (x * by + plus).astype(kind), 16000))
    np.testing.assert_allclose(sound.samples, x, atol=0.01 if kind is np.uint8 else 1e-4)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
def test_numbers_at_the_largest_of_their_type_are_clipped_and_no_others(kind, tmp_path):
    limits = np.iinfo(kind) if kind is not np.float32 else None
    least, most = (limits.min, limits.max) if limits else (-1, 1)
    middle = (least + most + 1) // 2
    values = np.full(1000, middle)
    values[:30], values[30:50], values[50:90] = most, least, middle + int((most - middle) * 0.98)
    values = values.astype(kind)
    values[90:] += kind(0.9) if kind is np.float32 else kind(0)
    assert read_wav(saved(tmp_path / "a.wav", values, 16000)).clipped == pytest.approx(0.05)


def test_channels_become_their_mean(tmp_path):
    left, right = sine(300), sine(700)
    sound = read_wav(saved(tmp_path / "a.wav", np.stack([left, right], 1).astype(np.float32), 16000))
    np.testing.assert_allclose(sound.samples, (left + right) / 2, atol=1e-6)
    assert sound.channels == 2


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_other_rates_keep_pitch_and_loudness_and_fold_nothing_back(rate, tmp_path):
    x = sine(1000, rate, 1.0) + (sine(11_000, rate, 1.0) if rate > 22_000 else 0)
    sound = read_wav(saved(tmp_path / "a.wav", x.astype(np.float32), rate))
    assert len(sound.samples) == 16000
    spectrum = np.abs(np.fft.rfft(sound.samples[1000:15000]))
    assert spectrum.argmax() == 875  # 1000 Hz of 14000 numbers
    assert np.sum(spectrum[900:] ** 2) < 1e-3 * np.sum(spectrum**2)  # 11 kHz would come back at 5
    np.testing.assert_allclose(sound.samples[2000:3000], sine(1000)[2000:3000], atol=0.01)


def folder_of(tmp_path):
    for n in range(24):
        saved(tmp_path / f"{n:02}.wav", sine(300 + 20 * n, loud=0.1 + 0.03 * n).astype(np.float32), 16000)
    return tmp_path


def test_a_folder_is_read_and_what_is_left_out_is_named(tmp_path):
    folder_of(tmp_path)
    saved(tmp_path / "silent.wav", np.zeros(8000, np.int16), 16000)
    saved(tmp_path / "short.wav", sine(seconds=0.05).astype(np.float32), 16000)
    saved(tmp_path / "loud.wav", np.clip(3 * sine(), -1, 1).astype(np.float32), 16000)
    saved(tmp_path / "two.wav", np.stack([sine(), sine(900)], 1).astype(np.float32), 32000)
    (tmp_path / "text.wav").write_text("no sound")
    data = sounds(tmp_path, 0.5)
    rows = np.concatenate([part.values for part in (data.train, data.validation, data.test)])
    assert rows.shape == (26, 8000)
    np.testing.assert_allclose(np.abs(rows).max(1), 1, atol=1e-6)
    assert {names for names in data.report.skipped.values()} == {("silent.wav",), ("short.wav",), ("text.wav",)}
    told = " ".join(data.report.notes)
    for words in (
        "1 sounds are clipped",
        "1 sounds had several channels",
        "1 sounds were brought",
        "1 sounds end in silence",
    ):
        assert words in told


def test_longer_rows_end_in_silence(tmp_path):
    data = sounds(folder_of(tmp_path), 1.0)
    assert np.all(data.train.values[:, 8000:] == 0)
    assert "24 sounds end in silence, being shorter." in data.report.notes


@pytest.mark.parametrize(
    ("values", "rate", "text"),
    [
        (np.array([0.0, np.nan], np.float32), 16000, "not finite"),
        (np.zeros(0, np.int16), 16000, "but holds 0 numbers"),
        (np.zeros(9, np.int16), 10, "but holds 9 numbers at 10"),
    ],
)
def test_bad_files_are_told(values, rate, text, tmp_path):
    with pytest.raises(ValueError, match=text):
        read_wav(saved(tmp_path / "a.wav", values, rate))


def test_no_sound_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a folder of \.wav files"):
        sounds(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"it holds no \.wav file"):
        sounds(tmp_path)
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    saved(tmp_path / "c.wav", np.zeros(8000, np.int16), 16000)
    left = r"of its 2 files left out are 1 that are no whole \.wav file of numbers \(b\.wav\); 1 silent \(c\.wav\)"
    with pytest.raises(ValueError, match=r"at least 20 sounds.* none that can be used: " + left):
        sounds(tmp_path)
    with pytest.raises(ValueError, match=r"must be finite numbers \(n,\)"):
        wav_bytes(np.zeros((2, 2)))
    with pytest.raises(FileNotFoundError, match="that is a file; name the folder"):
        sounds(tmp_path / "c.wav")


def riff(data, told=None, size=None, before=b"", after=b"", magic=b"RIFF", bits=16):
    """A file by hand: what it tells of its lengths need not be so."""
    order = ">" if magic == b"RIFX" else "<"
    form = struct.pack(f"{order}HHIIHH", 1, 1, 16000, 16000 * bits // 8, bits // 8, bits)
    chunks = before + b"fmt " + struct.pack(f"{order}I", 16) + form
    chunks += b"data" + struct.pack(f"{order}I", len(data) if told is None else told) + data + after
    return magic + struct.pack(f"{order}I", len(chunks) + 4 if size is None else size) + b"WAVE" + chunks


NUMBERS = (8000 * np.sin(np.arange(500) / 5)).astype("<i2")
BYTES = NUMBERS.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        riff(BYTES[:-2], len(BYTES), len(BYTES) + 36),
        riff(BYTES[:400], len(BYTES), len(BYTES) + 36),
        riff(BYTES[:400], len(BYTES)),  # the file's own length says nothing of it
        riff(BYTES[:400], len(BYTES), 0xFFFFFFFF),
        riff(bytes(100), 101, bits=8),
        riff(
            BYTES[:400], 0xFFFFFFFF, 0xFFFFFFFF, b"ds64" + struct.pack("<IQQQI", 28, 1100, 1000, 500, 0), magic=b"RF64"
        ),
        riff(NUMBERS.astype(">i2").tobytes()[:400], len(BYTES), magic=b"RIFX"),
    ],
    ids=range(7),
)
def test_a_file_whose_sound_ends_too_early_is_none(content, tmp_path):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a whole \.wav file .* bytes of sound are missing"):
        read_wav(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "content",
    [
        riff(BYTES),
        riff(BYTES, size=len(BYTES) + 44),  # a length that counts what it should not
        riff(BYTES, 0xFFFFFFFF, 0xFFFFFFFF),  # written into pipes
        riff(BYTES, 0x7FFFF000, 0x7FFFF024),
        riff(BYTES, 0x80000000, 0x80000024),
        riff(BYTES, after=b"LIST" + struct.pack("<I", 90) + b"INFO", size=len(BYTES) + 36 + 98),  # a title that is cut
        riff(BYTES, before=b"LIST" + struct.pack("<I", 5) + b"INFOx\0"),  # of an odd length
        riff(BYTES, 0xFFFFFFFF, 0xFFFFFFFF, b"ds64" + struct.pack("<IQQQI", 28, 1100, 1000, 500, 0), magic=b"RF64"),
        riff(NUMBERS.astype(">i2").tobytes(), magic=b"RIFX"),
    ],
    ids=range(9),
)
def test_a_file_whose_sound_is_whole_is_read_whatever_its_lengths_say(content, tmp_path):
    (tmp_path / "a.wav").write_bytes(content)
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav").samples, NUMBERS / 32768, atol=1e-6)


def test_the_byte_that_makes_an_odd_length_even_may_be_forgotten(tmp_path):
    values = np.arange(60, 161, dtype=np.uint8)
    for after in (b"", b"\0"):
        (tmp_path / "a.wav").write_bytes(riff(values.tobytes(), size=36 + 102, after=after, bits=8))
        np.testing.assert_allclose(read_wav(tmp_path / "a.wav").samples, (values.astype(float) - 128) / 128, atol=1e-6)


@pytest.mark.parametrize("rate", [16000, 22050])
def test_a_constant_is_silence(rate, tmp_path):
    folder_of(tmp_path)
    saved(tmp_path / "constant.wav", np.full(12000, 7, np.int16), rate)
    assert sounds(tmp_path, 0.5).report.skipped == {"silent": ("constant.wav",)}


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.float32])
@pytest.mark.parametrize(
    ("hertz", "rate"), [(110.0, 44100), (110.0, 48000), (110.0, 16000), (200.0, 16000), (440.0, 44100)]
)
def test_a_loud_tone_is_not_clipped_and_one_cut_off_is(kind, hertz, rate, tmp_path):
    scale, plus = {np.int16: (32767, 0), np.uint8: (127, 128), np.float32: (1, 0)}[kind]
    for shift in (0.0, 0.5):
        for loud, least, most in ((1.0, 0.0, 0.001), (1.5, 0.1, 1.0)):
            tone = loud * np.cos(2 * np.pi * hertz * (np.arange(rate // 2) + shift) / rate)
            values = np.round(np.clip(tone, -1, 1) * scale + plus) if plus or scale > 1 else np.clip(tone, -1, 1)
            assert least <= read_wav(saved(tmp_path / "a.wav", values.astype(kind), rate)).clipped <= most


def test_numbers_too_large_for_single_precision_are_told(tmp_path):
    with pytest.raises(ValueError, match="not finite"):
        read_wav(saved(tmp_path / "a.wav", np.array([0.0, 1e300]), 16000))


@pytest.mark.parametrize("rate", [0, 999, 384_001, 2**31])
def test_other_rates_are_told_before_anything_is_read(rate, tmp_path):
    with pytest.raises(ValueError, match="`rate` must be"):
        wav_bytes([0.0, 0.1], rate)
    with pytest.raises(ValueError, match="`rate` must be"):
        read_wav(tmp_path / "none.wav", rate)
