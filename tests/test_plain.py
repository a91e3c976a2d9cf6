"""What is true of every plain function: no scale of the samples is special, and NaN is never passed over.

The first few are for every day; of the others, whose time is the compiler's, ``make testall`` has the rest.
"""

import jax
import numpy as np
import pytest

from igm_jax import energy_distance, mmd2_unbiased, objectives
from igm_jax.kernels import gaussian
from tests.plain import PLAIN

ALWAYS = {"mmd2_unbiased", "energy_distance", "drifting_field, released", "score_difference_field", "neighbour_kl"}

# The smallest and the largest lengths at which all of their differences are still normal numbers in single precision.
UNITS = np.float32([1e-30, 1e-19, 1e-4, 1e4, 1e19, 1e30])

# Functions that look at one of the two alone.
OF_DATA = {"median_scale", "spread_scale", "median_bandwidth", "kl_estimate"}
OF_SAMPLES = {"svgd_field", "ksd2_biased", "ksd2_unbiased", "stein_score"}


def often(names):
    return [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in names]


def draws(name):
    rng = np.random.default_rng(0)
    features = 1 if PLAIN[name].scalars else 2
    return rng.normal(size=(6, features)).astype(np.float32), (1 + rng.normal(size=(6, features))).astype(np.float32)


def test_every_plain_function_of_two_samples_is_in_the_table():
    named = {name.split(",")[0] for name in PLAIN}
    offered = {
        name for name in objectives.__all__ if name.endswith(("_distance", "_divergence", "_field", "_value", "_scale"))
    }
    others = {
        "mmd_scale",
        "power_scale",
        "low_rank_sinkhorn_divergence",
        "conditional_field",
        "guided_field",
    }  # of networks or objectives
    assert offered - named == others | {"f_divergence", "alpha_divergence"}


@pytest.mark.parametrize("name", often(PLAIN))
def test_no_scale_is_special_and_nan_is_not_passed_over(name):
    plain, (x, y) = PLAIN[name], draws(name)
    call = jax.jit(plain.call)
    one = np.asarray(call(x, y, np.float32(1)), float)
    for unit in UNITS if plain.degree is not None else []:
        if abs(np.log10(float(unit))) * max(abs(plain.degree), 1) < 37 and not (plain.degree == 2 and unit < 1e-15):
            found = np.asarray(call(unit * x, unit * y, unit), float) / float(unit) ** plain.degree
            np.testing.assert_allclose(found, one, rtol=1e-3, atol=1e-4 * np.abs(one).max(), err_msg=str(unit))
    for side in [*("x" if name not in OF_DATA else ""), *("y" if name not in OF_SAMPLES else "")]:
        bad = {"x": x.copy(), "y": y.copy()}
        bad[side][1, 0] = np.nan
        assert not np.isfinite(call(bad["x"], bad["y"], np.float32(1))).all(), side


def test_gradients_hold_at_every_scale_and_plain_numbers_keep_their_bits():
    x, y = draws("energy_distance")

    @jax.jit
    def slopes(x, y, unit):
        narrow = lambda x, unit: mmd2_unbiased(x, y, gaussian(unit))  # noqa: E731
        of_x, of_unit = jax.grad(narrow, argnums=(0, 1))(x, unit)
        return jax.grad(energy_distance)(x, y), of_x * unit, of_unit * unit

    one = slopes(x, y, np.float32(1))
    for unit in UNITS:
        for found, expected in zip(slopes(unit * x, unit * y, unit), one, strict=True):
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-5)
    power = np.float32(2.0**60)
    for found, expected in zip(slopes(power * x, power * y, power), one, strict=True):
        np.testing.assert_array_equal(found, expected)


SWITCHES = {"debug_nans": lambda: jax.debug_nans(True), "leaks": jax.checking_leaks, "disable_jit": jax.disable_jit}


@pytest.mark.parametrize(
    "switch", ["disable_jit", *(pytest.param(s, marks=pytest.mark.slow) for s in ("debug_nans", "leaks"))]
)
@pytest.mark.parametrize(
    "name", [name if name == "energy_distance" else pytest.param(name, marks=pytest.mark.slow) for name in PLAIN]
)
def test_switches_of_jax_for_debugging_change_nothing(name, switch):
    plain, (x, y) = PLAIN[name], draws(name)
    one = np.float32(1)
    expected = np.asarray(jax.jit(plain.call)(x, y, one))
    with SWITCHES[switch]():
        found = plain.call(x, y, one)
        if expected.ndim == 0:
            jax.grad(lambda x: plain.call(x, y, one))(jax.numpy.asarray(x))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
