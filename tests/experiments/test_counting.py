"""Counting: exact digits, complete enumerations, and a small run from end to end."""

import io
import json
import math
import pathlib
import re

import numpy as np
import pytest
from PIL import Image

from experiments import counting
from experiments.counting import Config, Magnitude, contact_sheet, every_binary_image, magnitude, occurrences, tally


@pytest.mark.parametrize(
    ("base", "power", "divisor"), [(2, 10, 1), (256, 12, 1), (256, 1500, 7), (7, 300, 10**40), (10, 5, 1)]
)
def test_digits_are_those_of_the_integer(base, power, divisor):
    exact = str(base**power // divisor)
    result = magnitude(base, power, divisor=divisor)
    assert result.exponent == len(exact) - 1
    assert result.digits == (exact + "000000000000")[:12] or divisor > 1
    assert result.digits.startswith(exact[:12])


def test_megapixel_images():
    result = magnitude(256, 1024 * 1024 * 3)
    assert result.exponent == 7575667
    assert f"{float(result.digits) / 10**11:.1f}" == "7.8"
    # Independently, from ln 2 and ln 10 to 50 digits by their series, in integers.
    one = 10**50
    ln2, ln5_4 = (2 * sum(one // ((2 * i + 1) * k ** (2 * i + 1)) for i in range(60)) for k in (3, 9))
    ln10 = 3 * ln2 + ln5_4
    fraction = (8 * 1024 * 1024 * 3 * ln2) % ln10
    assert (8 * 1024 * 1024 * 3 * ln2) // ln10 == 7575667
    assert result.digits[:10] == f"{math.exp(fraction / one) * 1e9:.4f}"[:10]


def test_ages_of_the_universe():
    # 2^k a second for 2^k seconds are 4^k.
    assert magnitude(4, 50, divisor=2**100) == Magnitude("1" + "0" * 11, 0)
    text = counting.counting_text()
    assert "7.75533413442… × 10^7575667" in text
    log10 = 7575667 + math.log10(7.75533413442) - 3 - math.log10(13.787e9 * 365.25 * 86400)
    assert f"{10 ** (log10 % 1):.4f}"[:5] in text
    assert f"10^{int(log10)} ages" in text


@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_enumeration_is_complete(side):
    images = every_binary_image(side)
    assert images.shape == (2 ** (side * side), side * side)
    assert set(np.unique(images)) == {0, 1}
    assert len({row.tobytes() for row in images}) == len(images)


def test_occurrences_count_every_patch():
    images = np.random.default_rng(0).normal(size=(5, 6, 4))
    counts = occurrences(images, 2)
    assert counts.sum() == 5 * 5 * 3
    for code, picture in enumerate(every_binary_image(2)):
        found = sum(
            np.array_equal((image[r : r + 2, c : c + 2] > 0).ravel(), picture)
            for image in images
            for r in range(5)
            for c in range(3)
        )
        assert counts[code] == found


def test_tally():
    even = tally(np.full(16, 3), 2)
    assert even[:4] == (2, 16, 48, 16)
    assert even.half == 8
    assert even.bits == pytest.approx(4)
    assert even.by_chance == pytest.approx(16 * (1 - (15 / 16) ** 48))
    single = tally(np.eye(1, 16, 5, dtype=int)[0] * 7, 2)
    assert single[2:4] == (7, 1)
    assert single.half == 1
    assert single.bits == 0


def test_the_contact_sheet_shows_every_image_once():
    counts = np.zeros(512, int)
    counts[[7, 300]] = 5, 9
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet(counts, 3))))
    assert sheet.shape == (16 * 30, 32 * 30, 3)
    middles = sheet[7::30, 7::30], sheet[15::30, 15::30]
    assert middles[0].shape == (16, 32, 3)
    cells = sheet.reshape(16, 30, 32, 30, 3).swapaxes(1, 2).reshape(512, 30, 30, 3)
    pixels = (cells[:, 7::8, 7::8, 0][:, :3, :3] > 200).reshape(512, 9)
    codes = pixels @ (1 << np.arange(9)[::-1])
    assert codes[:2].tolist() == [300, 7]
    assert sorted(codes.tolist()) == list(range(512))
    frames = cells[:, 1, 1].astype(int)
    assert frames[0].tolist() == [214, 96, 0]
    assert (frames[2:] == 255).all()


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    output = tmp_path_factory.mktemp("counting") / "new" / "folder"
    config = Config(output=output, samples=24, seeds=2, num_projections=8)
    counting.run(counting.prepared(config))
    return output


@pytest.mark.slow
def test_a_small_run_writes_everything(small_run):
    assert {path.name for path in small_run.iterdir()} == {
        "binary.png", "counting.jsonl", "counting.md", "digits.png", "patches.png",
    }  # fmt: skip
    page = (small_run / "counting.md").read_text()
    for text in ("10^7575667", "| 4 × 4 | 65,536 |", "| sliced W2² |", "CC BY 2.0", "](patches.png)"):
        assert text in page
    rows = [json.loads(line) for line in (small_run / "counting.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * 2 * 2
    assert all(set(row["metrics"]) == set(counting.DIVERGENCES) for row in rows)
    assert all(np.isfinite(list(row["metrics"].values())).all() for row in rows)
    for name in ("binary", "digits", "patches"):
        with Image.open(small_run / f"{name}.png") as image:
            assert image.size[0] > 500


@pytest.mark.slow
def test_noise_is_farther_than_real_digits_under_every_divergence(small_run):
    rows = [json.loads(line) for line in (small_run / "counting.jsonl").read_text().splitlines()]
    digits = [row for row in rows if row["target"] == "digits"]
    noise, real = (
        [row for row in digits if (row["objective"] == counting.NOISE) is is_noise] for is_noise in (True, False)
    )
    for name in counting.DIVERGENCES:
        assert min(row["metrics"][name] for row in noise) > max(row["metrics"][name] for row in real), name


def test_smoke_is_small(tmp_path):
    config = counting.prepared(Config(output=tmp_path, samples=512, seeds=2, smoke=True))
    assert (config.samples, config.seeds) == (64, 2)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_told_before_any_work(tmp_path, monkeypatch, refusal):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(counting, "run", lambda config: pytest.fail("work began"))
    told = refusal(counting.main, ["--output", str(tmp_path / "file")])
    assert re.search("could not write .* choose a directory", told)
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in pathlib.Path(tmp_path).iterdir()] == ["file"]
