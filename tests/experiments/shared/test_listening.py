"""Sounds to look at and to listen to: the page holds each sound as it is, and the picture shows where it is loud."""

import base64
import io
import re
import wave

import numpy as np

from experiments.shared.listening import decibels, players, spectrograms

TIME = np.arange(8000) / 16000
SINE = np.sin(2 * np.pi * 2000 * TIME)[None]


def test_the_loudest_place_is_zero_decibels_at_its_frequency_and_silence_is_black():
    found = decibels(np.concatenate([SINE, 0 * SINE]))
    assert found[0].max() == 0
    assert set(found[0, :, 10:-10].argmax(0)) == {128}  # 2000 Hz of 8000, in 512 bins
    assert found[0, 300:, 20:-20].max() < -60
    assert found.min() >= -70.001
    assert (found[1] <= -69).all()


def test_a_page_has_a_player_for_each_sound_and_escapes_names():
    page = players("A <title>", "text", {"one": SINE, "two & three": 0.5 * SINE}, ["C5"], 16000)
    found = [base64.b64decode(text) for text in re.findall(r"base64,([^\"]+)", page)]
    loudest = []
    for content in found:
        with wave.open(io.BytesIO(content)) as file:
            loudest.append(np.abs(np.frombuffer(file.readframes(8000), "<i2").astype(int)).max())
    np.testing.assert_allclose(loudest, [32767, 16384], atol=2)
    assert "<title>A &lt;title&gt;" in page
    assert "two &amp; three" in page


def test_a_picture_has_a_panel_for_each_sound():
    content = spectrograms({"one": SINE, "two": SINE}, ["C5"], 16000)
    assert content[:4] == b"\x89PNG"
