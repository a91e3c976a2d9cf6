"""Other units are named: ranges of images, widths, and one feature beside others."""

import numpy as np
import pytest

from igm_jax.evaluation import UnlikeSamplesWarning, evaluate_2d, evaluate_images, evaluate_samples, unlike_ranges
from igm_jax.evaluation import random_convolution_judges as judges

RNG = np.random.default_rng(0)
SIGNED = RNG.uniform(-1, 1, size=(60, 16))
UNITS = {"[-1, 1]": SIGNED, "[0, 1]": (SIGNED + 1) / 2, "0 to 255 (bytes)": ((SIGNED + 1) * 127.5).astype(np.uint8)}


@pytest.mark.parametrize("real", UNITS)
@pytest.mark.parametrize("fake", UNITS)
def test_ranges_of_images(real, fake):
    told = unlike_ranges(real=UNITS[real], fake=UNITS[fake])
    expected = f"real values lie in {real}, generated ones in {fake}: if these are other units, scale one of them"
    assert told == ("" if real == fake else expected)


def test_widths():
    normal = RNG.normal(size=(50, 3))
    assert "wide" in unlike_ranges(real=normal, fake=11 * RNG.normal(size=(50, 3)))
    for fine in (9 * normal, 0.2 * normal, normal + 100, np.ones_like(normal)):
        assert unlike_ranges(real=normal, fake=fine) == ""


def test_one_feature_beside_others():
    real = RNG.normal(size=(50, 3)) * [1, 1e4, 1]
    assert unlike_ranges(real=real, fake=real).startswith("feature 1 of the real samples has a standard deviation of")
    assert unlike_ranges(real=real[:, :1], fake=real[:, :1]) == ""
    assert unlike_ranges(real=real * [1, 0, 1], fake=real * [1, 0, 1]) == ""


@pytest.mark.parametrize(
    "summary",
    [evaluate_samples, evaluate_2d, lambda **sets: evaluate_images(**sets, judge=judges((4, 4, 1), draws=1)[0])],
)
def test_summaries_warn_once(summary):
    with pytest.warns(UnlikeSamplesWarning, match=r"real values lie in \[-1, 1\]") as told:
        summary(real=SIGNED, fake=UNITS["[0, 1]"])
    assert len(told) == 1
