import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels, velocity
from igm_jax.objectives import (
    score_difference_field,
    sharp_drifting,
    sharp_drifting_field,
    sharp_drifting_witness,
)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))
KERNELS = [kernels.gaussian(0.7), kernels.laplace(0.6), kernels.matern_32(0.9), kernels.matern_52(0.9)]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_field_is_minus_the_gradient_of_its_witness(kernel, x64):
    x, y = jnp.asarray(X), jnp.asarray(Y)
    field = velocity(sharp_drifting(kernel, leave_one_out=False), jax.random.key(0), (), x, y)
    slope = jax.jit(jax.grad(lambda p: jnp.sum(sharp_drifting_witness(p, x, y, kernel))))(x)
    np.testing.assert_allclose(field, -slope, atol=1e-10)


@pytest.mark.parametrize("leave_out", [True, False])
def test_field_is_two_mean_shifts_over_sums_of_the_sharp_kernel(leave_out, x64):
    # Of Laplace k = exp(-r/τ), k# = τ (r + τ) exp(-r/τ).
    def shift(others, own):
        gaps = others[None] - X[:, None]
        distances = np.linalg.norm(gaps, axis=2)
        kernel = np.exp(-distances / 0.6) * (1 - own)
        return (kernel[..., None] * gaps).sum(1) / (0.6 * (distances + 0.6) * kernel).sum(1, keepdims=True)

    expected = shift(Y, 0) - shift(X, np.eye(9) * leave_out)
    got = sharp_drifting_field(X, Y, kernels.laplace(0.6), leave_one_out=leave_out)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_of_the_gaussian_it_is_the_score_difference(x64):
    got = sharp_drifting_field(X, Y, kernels.gaussian(0.7))
    np.testing.assert_allclose(got, score_difference_field(X, Y, 0.7), rtol=1e-12)


def test_normalised_by_the_kernel_itself_the_shift_is_no_gradient_and_by_the_sharp_one_it_is(x64):
    kernel, y = kernels.laplace(0.6), jnp.asarray(Y)

    def plain(point):
        weights = kernel(point[None], y)[0]
        return weights @ (y - point[None]) / jnp.sum(weights)

    def normalised(point):
        return sharp_drifting_field(point[None], y, kernel)[0]

    at = jnp.array([0.3, -0.2])
    for field, symmetric in ((plain, False), (normalised, True)):
        jacobian = np.asarray(jax.jacobian(field)(at))
        assert (abs(jacobian[0, 1] - jacobian[1, 0]) < 1e-12) == symmetric


def test_from_far_away_it_still_points_to_the_data():
    field = sharp_drifting_field(np.float32([[1e4, 0], [1e4, 1]]), Y.astype(np.float32), kernels.laplace(0.1))
    assert np.isfinite(field).all()
    assert (field[:, 0] < -5).all()


def test_kernels_without_a_sharp_one_are_refused():
    with pytest.raises(ValueError, match="diverges"):
        sharp_drifting(kernels.inverse_multiquadric(1.0))
    with pytest.raises(TypeError, match="radial kernel"):
        sharp_drifting(lambda x, y: jnp.exp(-jnp.sum((x - y) ** 2)))


def test_kl_of_the_smoothed_laws_falls_along_its_flow(x64):
    # Quantiles of two normal laws; the divergence of their sharp density estimates, by quadrature.
    kernel, quantiles = kernels.laplace(0.5), jax.scipy.stats.norm.ppf((jnp.arange(40.0) + 0.5) / 40)[:, None]
    x, y, grid = 0.5 * quantiles - 2, quantiles + 1, jnp.linspace(-15, 15, 1501)[:, None]

    def divergence(x):
        model, data = (kernels.sharp(kernel)(grid, samples).sum(1) for samples in (x, y))
        model, data = model / model.sum(), data / data.sum()
        return jnp.sum(model * jnp.log(model / data))

    def step(x, _):
        return x + 0.02 * sharp_drifting_field(x, y, kernel, leave_one_out=False), divergence(x)

    heights = np.asarray(jax.jit(lambda x: jax.lax.scan(step, x, None, length=250)[1])(x))
    assert (np.diff(heights) < 0).all()
    assert heights[-1] < 0.02 * heights[0]
