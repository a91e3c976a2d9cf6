from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import checks, distributions, kernels, objectives


def test_samples_come_back_as_floats():
    assert checks.samples("x", [[1, 2]]).dtype == jnp.zeros(()).dtype
    assert checks.samples("x", np.ones((2, 3), np.float32)).shape == (2, 3)
    assert checks.samples("x", np.ones((2, 3), np.float16)).dtype == jnp.float32


@pytest.mark.parametrize(
    ("value", "least", "words"),
    [
        (np.ones(3), 1, r"must have shape \(n, d\).*has shape \(3,\).*reshape"),
        (np.ones((0, 2)), 1, "at least 1 sample,"),
        (np.ones((1, 2)), 2, "at least 2 samples"),
        (np.ones((3, 0)), 1, "at least one feature"),
        (np.array([[1.0], [np.nan]]), 1, r"NaN or infinite \(the first at index \(1, 0\)\)"),
        (np.array([[np.inf]]), 1, "finite numbers"),
    ],
)
def test_bad_samples_are_explained(value, least, words):
    with pytest.raises(ValueError, match=words):
        checks.samples("x", value, least=least)


@pytest.mark.parametrize("value", ["text", [[1], [1, 2]], np.ones((2, 2)) * 1j, None])
def test_what_is_not_numbers_is_a_type_error(value):
    with pytest.raises(TypeError, match="`x` must be"):
        checks.samples("x", value)


def test_shapes_are_checked_while_tracing_and_values_are_not():
    with pytest.raises(ValueError, match="must have shape"):
        jax.jit(lambda x: checks.samples("x", x))(np.ones(3))
    assert np.isnan(jax.jit(lambda x: checks.samples("x", x))(np.full((1, 1), np.nan))).all()


def test_a_pair_shares_its_features_and_takes_the_wider_type(x64):
    x, y = checks.pair(np.ones((2, 3), np.float32), np.ones((4, 3)))
    assert x.dtype == y.dtype == jnp.float64
    assert checks.pair(np.ones((2, 3), np.float16), np.ones((4, 3), np.float16))[1].dtype == jnp.float32
    with pytest.raises(ValueError, match=r"same number of features.*\(2, 3\) and \(4, 2\)"):
        checks.pair(np.ones((2, 3)), np.ones((4, 2)))


def test_half_precision_is_computed_in_single():
    assert checks.at_least_single(jnp.dtype(jnp.bfloat16)) == jnp.float32
    assert checks.at_least_single(jnp.dtype(jnp.float32)) == jnp.float32


def test_weights_are_normalised_and_uniform_by_default():
    like = jnp.ones((4, 1))
    np.testing.assert_allclose(checks.weights("w", None, like), [0.25] * 4)
    np.testing.assert_allclose(checks.weights("w", [1, 3, 0, 0], like), [0.25, 0.75, 0, 0])


def test_weights_that_must_not_vanish_are_counted():
    x = np.ones((3, 1))
    a, b = checks.weighted_pair(x, x, [1, 3, 0], least=2)[2:]
    np.testing.assert_allclose((a, b), ([0.25, 0.75, 0], [1 / 3] * 3), rtol=1e-6)
    with pytest.raises(ValueError, match=r"`y_weights` must be positive for at least 2 samples.*but is for 1"):
        checks.weighted_pair(x, x, None, [0, 5, 0], least=2)
    with pytest.raises(ValueError, match="`x` must hold at least 4 samples"):
        checks.weighted_pair(x, x, least=4)


def test_a_function_that_is_marked_says_how_many_weights_it_needs():
    need_two = checks.needs(2)(lambda x, w: jnp.sum(checks.weights("w", w, x, least=2)))
    for function in (need_two, partial(need_two, w=jnp.ones(3)), jax.jit(partial(jax.jit(need_two), w=None))):
        assert checks.least_weights(function) == 2
    assert checks.least_weights(lambda x: x) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1.0, 2.0], r"shape \(4,\)"),
        ([1.0, -1.0, 1.0, 1.0], "non-negative"),
        ([0.0] * 4, "positive sum"),
        ([np.nan, 1.0, 1.0, 1.0], "NaN"),
    ],
)
def test_bad_weights_are_explained(value, words):
    with pytest.raises(ValueError, match=words):
        checks.weights("w", value, jnp.ones((4, 1)))


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_a_positive_number_is_positive_and_finite(value):
    with pytest.raises(ValueError, match="`epsilon` must be positive and finite"):
        checks.positive("epsilon", value)


@pytest.mark.parametrize("value", ["1", None, True, [1.0, 2.0]])
def test_a_positive_number_is_one_number(value):
    with pytest.raises(TypeError, match="positive number"):
        checks.positive("epsilon", value)


def test_counts_are_integers():
    assert checks.count("n", np.int64(3)) == 3
    for value in (2.0, True, "3"):
        with pytest.raises(TypeError, match="must be an integer"):
            checks.count("n", value)
    with pytest.raises(ValueError, match="at least 2, but is 1"):
        checks.count("n", 1, least=2)


def test_an_unknown_name_gets_the_list_and_the_nearest():
    with pytest.raises(ValueError, match=r"one of energy, sliced, but is 'enrgy'; did you mean 'energy'\?"):
        checks.choice("objective", "enrgy", ["energy", "sliced"])


def test_names_come_once_each():
    checks.choices("objectives", ("energy", "sliced"), ["energy", "sliced"])
    for values, told in (((), "empty"), (("energy", "energy"), "energy energy")):
        with pytest.raises(ValueError, match=f"`objectives` must name at least one, each once, but is {told}"):
            checks.choices("objectives", values, ["energy", "sliced"])
    with pytest.raises(ValueError, match="did you mean 'energy'"):
        checks.choices("objectives", ("sliced", "enrgy"), ["energy", "sliced"])


def test_seeds_that_jax_would_take_for_others_are_refused():
    assert checks.seed("seed", 2**32 - 1) == 2**32 - 1
    with pytest.raises(
        ValueError, match=r"`seed` must be below 2\*\*32 = 4294967296, but is 4294967303; .* take it for 7"
    ):
        checks.seed("seed", 2**32 + 7)


def test_masks_complex_parameters_and_foreign_byte_orders():
    masked = np.ma.masked_array(np.ones((3, 2)), mask=np.eye(3, 2, dtype=bool))
    with pytest.raises(ValueError, match="`x` is a masked array, and 2 of its numbers are masked"):
        checks.samples("x", masked)
    assert checks.samples("x", np.ma.masked_array(np.ones((3, 2)))).shape == (3, 2)  # nothing is masked
    with pytest.raises(TypeError, match="must be one positive number"):
        checks.positive("bandwidth", 1j)
    for kind in (">f4", ">f2", ">f8", ">i4"):
        np.testing.assert_array_equal(
            checks.samples("x", np.arange(6).reshape(3, 2).astype(kind)), [[0, 1], [2, 3], [4, 5]]
        )


@pytest.mark.parametrize("wrong", [np.ones((4, 2)), 0, jnp.ones((3,)), jax.random.split(jax.random.key(0), 2)])
def test_samples_in_the_place_of_a_key_are_told(wrong):
    with pytest.raises(
        TypeError, match=r"`key` must be one random key, such as `jax.random.key\(0\)`, but is .*before"
    ):
        checks.key("key", wrong)


def test_both_kinds_of_keys_are_keys_also_under_vmap():
    for one in (jax.random.key(1), jax.random.PRNGKey(1)):
        assert checks.key("key", one) is one
    drawn = jax.vmap(lambda key: jax.random.normal(checks.key("key", key)))(jax.random.split(jax.random.key(0), 3))
    assert drawn.shape == (3,)


KEYED = {
    "sliced_wasserstein": lambda key: objectives.sliced_wasserstein(key, X, X),
    "sliced_energy_distance": lambda key: objectives.sliced_energy_distance(key, X, X),
    "max_sliced_direction": lambda key: objectives.max_sliced_direction(key, X, X),
    "nystrom_mmd2": lambda key: objectives.nystrom_mmd2(key, X, X, kernels.gaussian(1.0)),
    "random_feature_mmd2": lambda key: objectives.random_feature_mmd2(key, X, X, objectives.normal_frequencies(1.0)),
    "mmd2_incomplete": lambda key: objectives.mmd2_incomplete(key, X, X, kernels.gaussian(1.0), num_shifts=1),
    "random_directions": lambda key: objectives.random_directions(key, 2, 3),
    "orthogonal_directions": lambda key: objectives.orthogonal_directions(key, 2, 3),
    "quasi_random_directions": lambda key: objectives.quasi_random_directions(key, 2, 3),
    "a distribution": lambda key: distributions.normal(2)(key, 3),
}
X = np.ones((4, 2), np.float32)


@pytest.mark.parametrize("name", KEYED)
def test_every_function_of_a_key_says_so(name):
    # Where the test's own check of types stands before ours, that one names the key.
    with pytest.raises(TypeError, match="key"):
        KEYED[name](X)


@pytest.mark.parametrize(
    ("value", "lost"),
    [([3e38] * 3, "infinite"), (np.float32([3e38] * 3), "infinite"), ([1e-200] * 3, "zero"), ([1e-39, 0, 0], "zero")],
)
def test_weights_whose_sum_is_lost_are_told(value, lost):
    told = rf"`w` ranges from .* but their sum is {lost} in float32; divide all weights by the largest one"
    with pytest.raises(ValueError, match=told):
        checks.weights("w", value, jnp.ones((3, 1)))


def test_a_weight_that_is_nothing_beside_the_others_is_zero():
    np.testing.assert_array_equal(checks.weights("w", [1e-200, 1, 1], jnp.ones((3, 1))), np.float32([0, 0.5, 0.5]))
