"""Kernels whose own lengths have nothing to do with the samples': values and gradients hold, whatever lies between the two."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import energy_distance, kernels, mmd2_biased

KERNELS = {
    "gaussian": kernels.gaussian(1.0),
    "gaussian_mixture": kernels.gaussian_mixture((0.5, 1.0, 3.0)),
    "rational_quadratic": kernels.rational_quadratic(),
    "inverse_multiquadric": kernels.inverse_multiquadric(1.0),
    "laplace": kernels.laplace(1.0),
    "matern_32": kernels.matern_32(1.0),
    "matern_52": kernels.matern_52(1.0),
    "cauchy": kernels.cauchy(1.0),
    "logarithm": kernels.logarithm(1.0),
    "product": kernels.gaussian(1.0) * kernels.laplace(2.0),
    "scaled": 0.5 * kernels.gaussian(1.0),
}
SCALES = [1e-30, 1e-20, 1e-10, 1e10, 1e19, 1e20, 1e25, 1e30, 1e35]


def exact(kernel, x, y):
    """The squared MMD in double precision, from its definition."""

    def values(a, b):
        squared = jnp.sum(jnp.square(a[:, None] - b[None]), axis=2)
        return jnp.mean(kernel.radial.form.value(squared, *map(jnp.float64, kernel.radial.parameters)))

    return values(x, x) + values(y, y) - 2 * values(x, y)


@pytest.mark.parametrize(
    "name",
    [name if name in ("gaussian", "logarithm") else pytest.param(name, marks=pytest.mark.slow) for name in KERNELS],
)
def test_a_fixed_bandwidth_holds_at_every_scale_and_beside_a_far_sample(name):
    kernel = KERNELS[name]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 2)).astype(np.float32), (1 + rng.normal(size=(4, 2))).astype(np.float32)
    beside = x[[0, 0, 0]]  # of samples among which one is far, the differences are rounded to its digits
    beside[1] = 1e20
    found = jax.jit(jax.value_and_grad(lambda x, y: mmd2_biased(x, y, kernel)))
    cases = [(np.float32(scale) * x, np.float32(scale) * y) for scale in SCALES] + [(beside, y)]
    cases = cases[:7] + cases[-1:] if name == "logarithm" else cases  # which sees how far beyond all bandwidths is
    values = [jax.tree.map(np.asarray, found(*case)) for case in cases]
    with jax.enable_x64(True):
        right = jax.jit(jax.value_and_grad(lambda x, y: exact(kernel, x, y)))
        for case, (value, slope) in zip(cases, values, strict=True):
            expected, gradient = map(np.asarray, right(*(part.astype(np.float64) for part in case)))
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=3e-6, err_msg=str(case[0][0]))
            # A slope is a difference of places times what they weigh, so that beside far places few digits are left.
            room = 3e-6 + 1e-3 * np.abs(gradient) + 1e-6 * np.abs(case[0]).max()
            assert (np.abs(slope - gradient) <= room).all(), (case[0], slope, gradient)


def test_double_precision_has_more_room(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 3, 2))
    one = energy_distance(x, y)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(energy_distance(scale * x, scale * y), scale * one, rtol=1e-12)
    assert np.isfinite(mmd2_biased(1e200 * x, 1e200 * y, kernels.gaussian(1.0)))
