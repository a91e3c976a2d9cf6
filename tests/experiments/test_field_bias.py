import numpy as np
import pytest

from experiments import field_bias
from experiments.field_bias import Setting
from igm_jax.reporting import read_jsonl


def test_moments_are_those_of_the_integral():
    y = np.linspace(-12, 12, 200_001)
    density, kernel = np.exp(-(y**2) / 2), np.exp(-((y - 2) ** 2) / (2 * 0.7**2))

    def mean(values):
        return (values * density).sum() / density.sum()

    middle = mean(kernel * y) / mean(kernel)
    for power in (1, 2, 3):
        scale = mean(kernel) ** power
        expected = mean(kernel**power) / scale, mean(kernel**power * (y - middle)) / scale
        np.testing.assert_allclose(field_bias.moment(Setting(1, 0.7), power), expected, rtol=1e-8, atol=1e-12)


def test_bias_falls_as_one_over_n_and_with_the_correction_as_its_square(x64):
    # Sums of up to three draws are taken off in closed form: a wrong one would leave a bias that neither theory nor power fits.
    setting, sizes = Setting(1, 1.0), (32, 64, 128)
    found = [field_bias.measured(setting, n, 6000, 1) for n in sizes]
    for number, power in ((0, -1), (1, -2)):
        means, errors = (np.array([one[number] for one in parts]) for parts in zip(*found, strict=True))
        slope, error = field_bias.slope(sizes, means, errors)
        assert slope == pytest.approx(power, abs=0.1 if power == -1 else 0.2), error
        scaled, spread = means[-1] * 128.0**-power, errors[-1] * 128.0**-power
        assert scaled == pytest.approx(field_bias.leading(setting)[number], rel=0.1, abs=4 * spread)


def test_a_slope_is_that_of_a_power():
    sizes = np.array([2.0, 4.0, 8.0])
    assert field_bias.slope(sizes, -3 * sizes**-1.5, 0.1 * sizes**-1.5)[0] == pytest.approx(-1.5)


def test_a_small_run_writes_a_table_and_a_picture(tmp_path):
    with np.errstate(all="raise"):
        field_bias.main(["--smoke", "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    assert "slopes.png" in (directory / "report.md").read_text()
    assert (directory / "slopes.png").stat().st_size > 1000
    assert [row["objective"] for row in read_jsonl(directory / "rows.jsonl")] == ["plain", "corrected"] * 2


@pytest.mark.parametrize(
    "words",
    [["--sizes", "64"], ["--sizes", "64", "32"], ["--widths", "0"], ["--widths", "1", "1.0"], ["--repeats", "1"]],
)
def test_bad_settings_are_refused(refusal, words, tmp_path):
    assert words[0].strip("-") in refusal(field_bias.main, [*words, "--output", str(tmp_path / "x")])
