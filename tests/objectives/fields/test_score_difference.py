from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import base, kernels
from igm_jax.descriptions import described
from igm_jax.objectives import score_difference, score_difference_field, score_difference_witness
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))


def test_field_is_the_difference_of_denoisers_over_the_variance(x64):
    def denoised(points, samples, leave_out):
        weights = np.exp(-reference.squared_distances(points, samples) / (2 * 0.7**2))
        weights = weights * (1 - np.eye(len(points))) if leave_out else weights
        return weights @ samples / weights.sum(1, keepdims=True)

    for leave_out in (True, False):
        expected = (denoised(X, Y, False) - denoised(X, X, leave_out)) / 0.7**2
        got = score_difference_field(X, Y, 0.7, leave_one_out=leave_out)
        np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_population_field_of_two_gaussians(x64):
    # ∇log of N(m, s² + τ²) at x is (m - x)/(s² + τ²).
    x, y = RNG.normal(0, 1, size=(4000, 1)), RNG.normal(1, 0.5, size=(4000, 1))
    field = np.asarray(jax.jit(lambda x, y: score_difference_field(x, y, 0.5))(x, y))
    expected = (1 - x) / (0.25 + 0.25) - (0 - x) / (1 + 0.25)
    middle = np.abs(x - 0.5) < 1
    assert np.sqrt(np.mean((field - expected)[middle] ** 2)) < 0.1 * np.sqrt(np.mean(expected[middle] ** 2))


def test_with_all_samples_it_is_minus_the_gradient_of_its_witness(x64):
    field = score_difference_field(X, Y, 0.7, leave_one_out=False)
    slope = jax.jit(jax.vmap(jax.grad(lambda p: score_difference_witness(p[None], X, Y, 0.7)[0])))(jnp.asarray(X))
    np.testing.assert_allclose(field, -slope, rtol=1e-9)


def test_field_is_curl_free_in_the_point_and_drifting_s_is_not(x64):
    # As a field of one point, others held fixed: the Jacobian is symmetric.
    def at(point):
        return -jax.grad(lambda p: score_difference_witness(p[None], X, Y, 0.7)[0])(point)

    jacobian = jax.jit(jax.jacobian(at))(jnp.array([0.3, -0.2]))
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-14)


def test_underflow_far_away_still_points_to_the_data():
    field = score_difference_field(np.array([[1e3, 0.0], [1e3, 1.0]], np.float32), Y.astype(np.float32), 0.1)
    assert np.isfinite(field).all()
    assert (field[:, 0] < 0).all()


def test_a_lone_sample_is_only_attracted(x64):
    got = score_difference_field(np.array([[0.0]]), np.array([[2.0], [2.0]]), 2.0)
    np.testing.assert_allclose(got, [[0.5]])


def test_weights_are_those_of_the_mixtures(x64):
    b = np.array([2.0, 0.0, *np.ones(10)])
    repeated = np.concatenate([Y[:1], Y[:1], Y[2:]])
    got = score_difference_field(X, Y, 0.7, y_weights=b)
    np.testing.assert_allclose(got, score_difference_field(X, repeated, 0.7), rtol=1e-10)


def test_objective_s_velocity_is_the_field(x64):
    step = jax.jit(partial(base.velocity, score_difference(0.7)))
    velocity = step(jax.random.key(0), (), jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(velocity, score_difference_field(X, Y, 0.7), rtol=1e-12)


def test_correction_gives_back_the_first_order_of_both_denoisers(x64):
    def denoised(points, samples, leave_out):
        shares = np.exp(-reference.squared_distances(points, samples) / (2 * 0.7**2))
        shares = shares * (1 - np.eye(len(points))) if leave_out else shares
        shares = shares / shares.sum(1, keepdims=True)
        mean = shares @ samples
        # -Σ α² (y - D) is the bias
        return mean + np.einsum("ij,ijk->ik", shares**2, samples[None] - mean[:, None])

    for leave_out in (True, False):
        expected = (denoised(X, Y, False) - denoised(X, X, leave_out)) / 0.7**2
        got = score_difference_field(X, Y, 0.7, leave_one_out=leave_out, corrected=True)
        np.testing.assert_allclose(got, expected, rtol=1e-10)
        assert np.abs(got - score_difference_field(X, Y, 0.7, leave_one_out=leave_out)).max() > 0.05


def test_corrected_objective_moves_along_the_corrected_field_which_is_minus_the_slope_of_its_witness(x64):
    objective = score_difference(0.7, leave_one_out=False, corrected=True)
    x, y = jnp.asarray(X), jnp.asarray(Y)
    velocity = base.velocity(objective, jax.random.key(0), (), x, y)
    expected = score_difference_field(X, Y, 0.7, leave_one_out=False, corrected=True)
    np.testing.assert_allclose(velocity, expected, rtol=1e-12)
    slope = jax.jit(jax.grad(lambda p: jnp.sum(objective.witness((), p, x, y))))(x)
    np.testing.assert_allclose(velocity, -slope, rtol=1e-9)


def test_corrected_witness_has_the_logarithm_without_its_first_bias(x64):
    # E log of the mean of n kernels, for y from N(0, 1): at the point 1, the width 1.
    # The model is one far sample, whose logarithm is known, and is not corrected.
    truth, biases = 0.5 * np.log(0.5) - 0.25, []
    for corrected in (False, True):

        def one(key, corrected=corrected):
            y, point = jax.random.normal(key, (16, 1), float), jnp.ones((1, 1))
            return score_difference_witness(point, point + 8.0, y, 1.0, corrected=corrected)[0]

        heights = jax.lax.map(one, jax.random.split(jax.random.key(0), 20000), batch_size=500)
        biases.append(float(-jnp.mean(heights) - 32 - truth))
    assert -0.02 < biases[0] < -0.008  # -Var k / 2n of the kernel over its mean, 0.011, and more of higher order
    assert abs(biases[1]) < 0.004


OTHERS = [
    kernels.laplace(0.6),
    kernels.matern_32(0.9),
    kernels.inverse_multiquadric(0.8),
    kernels.gaussian_mixture((0.5, 0.8)),
]


@pytest.mark.parametrize("kernel", OTHERS, ids=str)
def test_with_another_kernel_it_is_the_slope_of_the_log_ratio_of_densities(kernel, x64):
    step = 1e-5

    def log_density(points, samples, own):
        return np.log((np.asarray(kernel(points, samples)) * (1 - own)).sum(1))

    for leave_out in (True, False):
        own = np.eye(9) * leave_out
        expected = np.stack(
            [
                sum(
                    sign * (log_density(X + sign * move, Y, 0) - log_density(X + sign * move, X, own)) / (2 * step)
                    for sign in (1, -1)
                )
                for move in step * np.eye(2)
            ],
            axis=1,
        )
        got = score_difference_field(X, Y, kernel, leave_one_out=leave_out)
        # Laplace has a corner at a sample itself, where a slope from both sides is 0, as here.
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_a_gaussian_kernel_is_its_bandwidth(x64):
    np.testing.assert_array_equal(
        score_difference_field(X, Y, kernels.gaussian(0.7)), score_difference_field(X, Y, 0.7)
    )


def test_with_another_kernel_corrected_it_is_minus_the_slope_of_its_witness(x64):
    options = {"bandwidth": kernels.laplace(0.6), "corrected": True}
    field = score_difference_field(X, Y, leave_one_out=False, **options)
    slope = jax.grad(lambda p: jnp.sum(score_difference_witness(p, X, Y, **options)))(jnp.asarray(X))
    np.testing.assert_allclose(field, -slope, rtol=1e-9)
    plain = score_difference_field(X, Y, kernels.laplace(0.6), leave_one_out=False)
    assert np.abs(field - plain).max() > 0.05


def test_a_kernel_in_tiny_units_is_the_same():
    tiny = score_difference_field(
        *(np.float32(1e-25) * some.astype(np.float32) for some in (X, Y)), kernels.laplace(1e-25)
    )
    np.testing.assert_allclose(np.float32(1e-25) * tiny, score_difference_field(X, Y, kernels.laplace(1.0)), rtol=1e-4)


def test_kernels_that_are_no_densities_are_explained():
    with pytest.raises(ValueError, match="positive kernel"):
        score_difference(kernels.distance())


def test_a_run_begun_before_the_correction_keeps_its_identity():
    assert "corrected" not in str(described(score_difference(0.7)))
    assert "corrected" in str(described(score_difference(0.7, corrected=True)))
    assert score_difference(0.7, corrected=True) != score_difference(0.7)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, float("inf")])
def test_bad_bandwidths_are_explained(bandwidth):
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        score_difference(bandwidth)
