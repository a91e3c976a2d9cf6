import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.kernels import sharp

GOOD = [
    kernels.gaussian(0.7),
    kernels.laplace(0.6),
    kernels.matern_32(0.9),
    kernels.matern_52(1.3),
    kernels.rational_quadratic([1.5, 3.0], 0.8),
    kernels.gaussian_mixture((0.5, 1.0, 0.7)),
    2.0 * kernels.laplace(0.5) + kernels.gaussian(1.5),
]


@pytest.mark.parametrize("kernel", GOOD, ids=str)
def test_slope_of_the_sharp_kernel_is_minus_the_distance_times_the_kernel(kernel, x64):
    origin, at = jnp.zeros((1, 1)), jnp.linspace(0.1, 4, 9)
    slope = jax.vmap(jax.grad(lambda r: sharp(kernel)(r[None, None], origin)[0, 0]))(at)
    np.testing.assert_allclose(slope, -at * kernel(at[:, None], origin)[:, 0], rtol=1e-9)
    # It is the integral to infinity, and not off by a constant.
    assert sharp(kernel)([[1e6]], [[0.0]])[0, 0] < 1e-5


@pytest.mark.parametrize(
    "kernel",
    [kernels.cauchy(1.0), kernels.inverse_multiquadric(1.0), kernels.distance(), kernels.rational_quadratic([1.0])],
)
def test_kernels_whose_integral_diverges_are_refused_and_told_so(kernel):
    with pytest.raises(ValueError, match="diverges"):
        sharp(kernel)


def test_kernels_of_which_none_is_known_are_refused():
    with pytest.raises(ValueError, match="no closed form"):
        sharp(kernels.laplace(1.0) * kernels.gaussian(1.0))
    with pytest.raises(ValueError, match="no function of the distance"):
        sharp(kernels.linear())
    with pytest.raises(TypeError, match="radial kernel"):
        sharp(lambda x, y: 1.0)
