import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import kernels, mmd2_biased, mmd2_unbiased
from igm_jax.objectives import mmd, mmd_witness
from tests import reference
from tests.objectives.moments import single_precision


def gaussian_reference(bandwidth):
    return lambda x, y: np.exp(-reference.squared_distances(x, y) / (2 * bandwidth**2))


@single_precision.of_samples
def test_float32_matches_float64(n, m, dim, offset, precision):
    x, y = single_precision.draws(n, m, dim, offset)
    kernel, expected = kernels.gaussian(dim**0.5), gaussian_reference(dim**0.5)
    with jax.default_matmul_precision(precision):
        biased, unbiased = jax.jit(lambda x, y: (mmd2_biased(x, y, kernel), mmd2_unbiased(x, y, kernel)))(x, y)
    np.testing.assert_allclose(biased, reference.mmd2(x, y, expected), rtol=1e-6)
    np.testing.assert_allclose(unbiased, reference.mmd2_unbiased(x, y, expected), rtol=1e-6)


def test_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    draws = [
        (reference.draw(rng, reference.GAUSSIAN_A, 500), reference.draw(rng, reference.GAUSSIAN_B, 500))
        for _ in range(20)
    ]
    estimate = jax.jit(lambda x, y: mmd2_unbiased(x, y, kernels.gaussian(1.0)))
    values = np.array([estimate(x, y) for x, y in draws])
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - 0.39149826544433586) < 4 * error
    assert error < 0.01


def test_polynomial_closed_form(x64):
    rng = np.random.default_rng(1)
    estimate = jax.jit(lambda x, y: mmd2_unbiased(x, y, kernels.polynomial()))
    values = np.array([estimate(rng.normal(size=(400, 16)), 0.3 + rng.normal(size=(400, 16))) for _ in range(20)])
    assert abs(values.mean() - 0.317050875) < 4 * values.std(ddof=1) / np.sqrt(20)


def test_linear_kernel_gives_the_squared_distance_of_means():
    x, y = np.random.default_rng(0).normal(size=(2, 30, 3)).astype(np.float32)
    expected = np.sum((x.mean(0, dtype=np.float64) - y.mean(0, dtype=np.float64)) ** 2)
    np.testing.assert_allclose(mmd2_biased(x, y, kernels.linear()), expected, rtol=1e-5)


def test_bias_of_the_biased_estimate_is_as_the_theory_says(x64):
    # E[MMD²(Q_n, Q)] = (E k(x,x) - E k(x,x')) / n; with both sides sampled from one law the two biases add.
    rng = np.random.default_rng(0)
    estimate = jax.jit(lambda x, y: mmd2_biased(x, y, kernels.gaussian(1.0)))
    values = np.array([estimate(*rng.normal(size=(2, 50, 1))) for _ in range(200)])
    expected = 2 * (1 - 1 / np.sqrt(3)) / 50
    assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(200)


def test_gradients_in_samples_weights_and_bandwidth_by_finite_differences(x64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(5, 2))
    weights = rng.uniform(1, 2, size=6)

    @jax.jit
    def value(x, weights, bandwidth):
        return mmd2_biased(x, y, kernels.gaussian(bandwidth) + kernels.distance(), x_weights=weights)

    check_grads(value, (x, weights, 1.3), order=1, modes=["fwd", "rev"], rtol=1e-5)


def test_second_derivatives_are_right(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 4, 2))
    check_grads(jax.jit(lambda x: mmd2_biased(x, y, kernels.gaussian(1.0))), (x,), order=2, modes=["rev"], rtol=1e-4)


def test_witness_is_the_first_variation(x64):
    rng = np.random.default_rng(0)
    x, y, points = rng.normal(size=(3, 8, 2))
    kernel = kernels.gaussian(1.0)

    def along(mass):  # move a little mass from every sample to the points
        both = np.concatenate([x, points])
        weights = jnp.concatenate([jnp.full(8, (1 - mass) / 8), jnp.full(8, mass / 8)])
        return mmd2_biased(both, y, kernel, x_weights=weights)

    expected = jax.jit(jax.grad(along))(0.0)
    got = jnp.mean(mmd_witness(points, x, y, kernel)) - jnp.mean(mmd_witness(x, x, y, kernel))
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_wrong_kernel_is_explained():
    with pytest.raises(TypeError):
        mmd("gaussian")
    with pytest.raises(ValueError, match="at least 2 samples"):
        mmd2_unbiased(np.ones((1, 2)), np.ones((3, 2)), kernels.linear())


def few_narrow_pairs(rng):
    """Samples of which hardly any two are near each other, in units of the bandwidth."""
    return (rng.normal(size=(k, 5)).astype(np.float32) for k in (9, 7))


def test_pairs_of_a_sample_with_itself_take_no_digits_of_the_others_along():
    width = np.float32(0.1 * 5**0.5)
    kernel = gaussian_reference(np.float64(width))
    estimate, errors = jax.jit(lambda x, y: mmd2_unbiased(x, y, kernels.gaussian(width))), []
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, y = few_narrow_pairs(rng)
        terms = 4 * kernel(*map(np.float64, (x, y))).mean() + abs(reference.mmd2_unbiased(x, y, kernel))
        errors.append(abs(float(estimate(x, y)) - reference.mmd2_unbiased(x, y, kernel)) / terms)
    assert np.median(errors) < 2e-6
    assert max(errors) < 2e-5


@pytest.mark.parametrize(
    "kernel", [kernels.gaussian(0.3), kernels.laplace(0.3), lambda x, y: jnp.exp(-jnp.abs(x - y).sum())]
)
def test_a_weight_near_one_leaves_the_others_their_digits(kernel):
    """Value and slope of the U-statistic where one weight outweighs all others, in single and in double precision."""
    x, y = np.random.default_rng(1).normal(size=(2, 6, 2)).astype(np.float32)
    weights = np.array([1 - 1e-6, *[2e-7] * 5])

    @jax.jit
    def both(x, y, weights):
        of = lambda x, weights: mmd2_unbiased(x, y, kernel, x_weights=weights)  # noqa: E731
        return of(x, weights), jax.grad(of, argnums=(0, 1))(x, weights)

    got = both(x, y, weights.astype(np.float32))
    with jax.enable_x64(True):
        expected = both(x.astype(float), y.astype(float), weights)
    matrix = np.asarray(kernels.kernel.checked_kernel(kernel)(x, x)).astype(float)
    np.fill_diagonal(matrix, 0)
    share = np.outer(weights, weights) * (1 - np.eye(6))
    np.testing.assert_allclose(
        expected[0], (share * matrix).sum() / share.sum() + rest(kernel, x, y, weights), rtol=1e-5
    )
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(got[1][0], expected[1][0], rtol=1e-4, atol=1e-5)


def rest(kernel, x, y, weights):
    """What does not come of pairs of x."""
    of = kernels.kernel.checked_kernel(kernel)
    within, between = (np.asarray(of(*pair)).astype(float) for pair in ((y, y), (x, y)))
    return (within.sum() - np.trace(within)) / 30 - 2 * (weights @ between).mean()


@pytest.mark.parametrize("kernel", [kernels.linear(), 2.0 * kernels.linear()], ids=["linear", "scaled"])
@pytest.mark.parametrize("count", [1, 9])
def test_the_linear_kernel_compares_means_wherever_samples_are(kernel, count):
    @jax.jit
    def found(x, y):
        of = [lambda x, estimate=estimate: estimate(x, y, kernel) for estimate in (mmd2_biased, mmd2_unbiased)]
        value, slope = jax.value_and_grad(of[0])(x)
        return value, of[1](x) if min(len(x), len(y)) > 1 else value, slope, mmd_witness(x, x, y, kernel)

    rng = np.random.default_rng(0)
    for offset in (0.0, 1e4, 1e8, 1.7e9):
        x, y = (rng.normal(size=(n, 2), scale=1 + offset / 1e5).astype(np.float32) for n in (8, count))
        x, y = x + np.float32(offset), y + np.float32(offset)
        got = found(x, y)
        far_x, far_y = x.astype(float), y.astype(float)
        gap = far_x.mean(0) - far_y.mean(0)
        scale = 2.0 if "*" in kernel.name else 1.0
        np.testing.assert_allclose(got[0], scale * gap @ gap, rtol=1e-4)
        np.testing.assert_allclose(got[2], np.tile(2 * scale * gap / 8, (8, 1)), rtol=1e-4)
        np.testing.assert_allclose(got[3], 2 * scale * far_x @ gap, rtol=1e-4, atol=1e-4 * scale)
        if count > 1:
            moved = [far - offset for far in (far_x, far_y)]
            own = [(some.sum(0) @ some.sum(0) - (some * some).sum()) / (len(some) * (len(some) - 1)) for some in moved]
            expected = own[0] + own[1] - 2 * moved[0].mean(0) @ moved[1].mean(0)
            np.testing.assert_allclose(got[1], scale * expected, rtol=1e-4)
