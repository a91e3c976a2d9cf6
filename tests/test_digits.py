import decimal
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import checks, digits, energy_distance, sinkhorn_divergence, wasserstein_1d
from igm_jax.kernels import gaussian
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


NO_NUMBERS = {
    "objects": (np.array([[1, None]], object), "ndarray of dtype object; make numbers of its objects"),
    "numbers in objects": ([[decimal.Decimal(1)]], "list of dtype object; make numbers of its objects"),
    "texts": (np.array([["a", "b"]]), "of dtype <U1; make numbers of its texts"),
    "bytes": (np.array([[b"a"]]), "of dtype |S1; make numbers of its texts"),
    "fields": (np.zeros((3, 2), [("a", "f4")]), "; give its fields as features"),
    "raw": (np.zeros((3, 2), "V4"), "of dtype |V4; say what numbers its bytes are"),
    "dates": (np.zeros((3, 2), "M8[s]"), "of dtype datetime64[s]; make numbers of its dates"),
    "times": (np.zeros((3, 2), "m8[s]"), "of dtype timedelta64[s]; make numbers of its times"),
    "nothing": (None, "NoneType of no shape; give an array"),
    "a generator": ((i for i in range(3)), "generator of no shape; give an array"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_holds_no_numbers_is_told_by_its_type_and_what_to_do(name):
    value, text = NO_NUMBERS[name]
    for call in (
        checks.samples,
        checks.column,
        *([] if value is None else [partial(checks.weights, like=jnp.ones((3, 1)))]),
    ):
        with pytest.raises(TypeError) as told:
            call("x", value)
        assert str(told.value).startswith("`x` must be an array of numbers, but is ")
        assert text in str(told.value)


def test_numbers_of_other_packages_are_numbers():
    assert float(energy_distance(np.ones((2, 1), jnp.bfloat16), [[1.0]])) == 0


@pytest.mark.parametrize("key", [jax.random.key(0), jax.random.split(jax.random.key(0), 3), [jax.random.key(0)]])
def test_a_key_in_the_place_of_samples_is_told(key):
    calls = [
        lambda: energy_distance(key, [[1.0]]),
        lambda: energy_distance([[1.0]], key),
        lambda: jax.jit(energy_distance)(key, 1),
    ]
    for call in calls:
        with pytest.raises(
            TypeError, match=r"`[xy]` must be an array of numbers, but is a random key, of dtype key<fry>; give"
        ):
            call()
    with pytest.raises(TypeError, match="`bandwidth` must be a positive number, but is"):
        gaussian(jax.random.key(0))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**31, "an integer that int32 cannot hold, which ends at 2147483647; write it as a float, 2.1e"),
        (np.int64(2**40), "an integer that int32 cannot hold"),
        (2**70, "an integer that int32 cannot hold, which ends at 2147483647; write it as a float, 1.2e"),
        (10**400, r"beyond all floats, but float32 goes from 1.4e-45 to 3.4e\+38; choose other units"),
        pytest.param(10**5000, "beyond all floats", id="too long to write"),
        (1e-50, r"1e-50, but float32 goes from"),
        (np.float64(1e300), r"1e\+300, but float32 goes from"),
    ],
)
def test_numbers_beyond_the_range_of_a_type_are_told(value, text):
    for call in (gaussian, lambda value: sinkhorn_divergence([[1.0]], [[2.0]], value)):
        with pytest.raises(ValueError, match=text):
            call(value)
    gaussian(1e-40), gaussian(1e38), gaussian(2**31 - 1)


def test_double_precision_has_more_range(x64):
    gaussian(1e-50), gaussian(2**40)
    with pytest.raises(ValueError, match="int64 cannot hold"):
        gaussian(2**63)
