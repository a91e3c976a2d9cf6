import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import checks, digits, energy_distance, wasserstein_1d
from igm_jax.objectives import drifting_loss, energy_score

SPREAD = np.random.default_rng(0).normal(size=(2, 8, 1))


@pytest.mark.parametrize("given", [np.array([3_000_000_000]), [3_000_000_000], np.array([3_000_000_000], np.uint64)])
def test_integers_become_floats_before_they_are_cut(given):
    assert float(wasserstein_1d(given, [0])) == 3e9
    assert checks.samples("x", checks.column("x", given)).tolist() == [[3e9]]


def test_a_lone_integer_keeps_all_its_digits_or_is_refused(x64):
    assert checks.samples("x", [[2**33 + 7]]).tolist() == [[2**33 + 7]]
    with pytest.raises(ValueError, match=r"`x` loses digits as float64.*scale them"):
        checks.samples("x", [[2**60 + 7]])
    with jax.enable_x64(False), pytest.raises(ValueError, match=r"`x` loses digits as float32.*or compute in float64"):
        checks.samples("x", [[2**33 + 7]])


@pytest.mark.parametrize(
    "function",
    [
        energy_distance,
        wasserstein_1d,
        lambda x, y: drifting_loss(x[None], y[None]),
        lambda x, y: energy_score(x[None], y[:1]),
    ],
)
def test_what_rounding_would_take_is_refused_and_what_it_leaves_is_right(function):
    near = np.asarray(function(*SPREAD))
    np.testing.assert_allclose(function(*(SPREAD + 1e3)), near, rtol=2e-3)
    for offset in (1e8, 1.7e9):
        with pytest.raises(ValueError, match=r"`(x|draws)` loses digits as float32.*subtract a common offset"):
            function(*(SPREAD + offset))
        with pytest.raises(ValueError, match="` loses digits as float32"):
            function(*np.int64(1000 * SPREAD + 1e6 * offset))
        with jax.enable_x64(True):
            np.testing.assert_allclose(function(*(SPREAD + offset)), near, rtol=1e-4)


def test_single_samples_are_judged_by_how_far_they_are_from_each_other():
    np.testing.assert_allclose(energy_distance([[1e9]], [[0.0]]), 2e9, rtol=1e-6)
    assert float(energy_distance([[0.1]], [[0.1]])) == 0
    with pytest.raises(ValueError, match="loses digits"):
        energy_distance([[1.7e9]], [[1.7e9 + 2]])
    with pytest.raises(ValueError, match="loses digits"):
        energy_distance(np.array([[1.7e9 + 2]]), jnp.array([[1.7e9]], jnp.float32))


@pytest.mark.parametrize("kind", [np.int32, np.uint32, jnp.int32])
def test_integers_of_32_bits_lose_digits_too(kind):
    x, y = (kind(1_700_000_000) + kind(np.arange(n))[:, None] for n in (3, 5))
    with pytest.raises(ValueError, match=r"`x` loses digits as float32: feature 0 has numbers of size 1\.7e"):
        energy_distance(x, y)


def test_features_that_are_constant_but_for_rounding_are_no_loss():
    x = np.concatenate([SPREAD[0], 0.1 + 1e-17 * SPREAD[1], np.full((8, 1), 255.0)], axis=1)
    assert checks.samples("x", x).shape == (8, 3)


@pytest.mark.parametrize("value", [1e300, -1e39])
def test_numbers_beyond_single_precision_are_said_to_be_just_that(value):
    with pytest.raises(ValueError, match=r"`x` holds numbers of size .*, but float32 ends at 3.4e\+38; divide"):
        energy_distance([[0.0], [value]], [[1.0]])


def test_numbers_below_single_precision_are_refused():
    with pytest.raises(ValueError, match="`x` loses digits"):
        energy_distance([[0.0], [1e-60]], [[2e-60]])


def test_arrays_of_jax_and_traced_ones_pass_unchanged():
    x = jnp.full((2, 1), 1.7e9)
    assert digits.as_given("x", x) is x
    assert digits.cut("x", x) is x
    assert jax.jit(lambda a: checks.samples("x", [[a], [a]]))(1.0).shape == (2, 1)
    assert jax.jit(lambda x: checks.samples("x", x))(jnp.array([[1_700_000_001]])).dtype == jnp.float32


def test_numbers_that_are_known_inside_of_jit_are_looked_at_there():
    x, y = SPREAD
    np.testing.assert_allclose(jax.jit(lambda x: energy_distance(x, y))(x), energy_distance(x, y), rtol=1e-5)
    with pytest.raises(ValueError, match="`y` loses digits"):
        jax.jit(lambda x: energy_distance(x, y + 1.7e9))(x)


def test_what_is_no_number_is_a_type_error():
    for value in ([[2**70]], [["text"]], [[None]]):
        with pytest.raises(TypeError, match="`x` must be an array of numbers, but is list"):
            checks.samples("x", value)
