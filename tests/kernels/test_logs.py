import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.kernels import sharp
from igm_jax.kernels.logs import density_of, log_slope

POSITIVE = [
    kernels.gaussian(0.7),
    kernels.gaussian_mixture((0.5, 1.0, 0.7)),
    kernels.laplace(0.6),
    kernels.matern_32(0.9),
    kernels.matern_52(0.9),
    sharp(kernels.matern_52(0.9)),
    2.0 * kernels.laplace(0.5) + kernels.cauchy(1.0),
    kernels.laplace(0.5) * kernels.gaussian(1.0),
    kernels.inverse_multiquadric(0.5),
]


@pytest.mark.parametrize("kernel", POSITIVE, ids=str)
def test_logarithm_and_slope_are_those_of_the_value(kernel, x64):
    form, parameters = kernel.radial
    parameters, squared = tuple(map(jnp.asarray, parameters)), jnp.linspace(0.1, 9, 7)
    log, slope = log_slope(form, squared, parameters)
    value, of_value = jax.vmap(jax.value_and_grad(lambda s: form.value(s, *parameters)))(squared)
    np.testing.assert_allclose(log, np.log(value), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(slope, of_value / value, rtol=1e-9)
    np.testing.assert_allclose(form.both(squared, *parameters)[1], of_value, rtol=1e-9)


@pytest.mark.parametrize("kernel", POSITIVE[:6], ids=str)
def test_where_the_kernel_underflows_its_logarithm_goes_on(kernel):
    form, parameters = kernel.radial
    parameters = tuple(jnp.float32(value) for value in parameters)
    far = jnp.float32(1e8)
    assert form.value(far, *parameters) == 0
    log, slope = log_slope(form, far, parameters)
    assert -1e9 < log < -1e4
    assert slope < 0


def test_what_is_no_density_is_refused():
    for kernel in (kernels.distance(), kernels.logarithm(1.0)):
        with pytest.raises(ValueError, match="positive kernel"):
            density_of(kernel)
    with pytest.raises(ValueError, match="kernel of the distance alone"):
        density_of(kernels.linear())
