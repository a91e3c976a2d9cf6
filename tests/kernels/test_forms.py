"""Forms: value, slope and their ratio belong together; banks of Gaussians share what they compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.kernels.forms import Combined, Gaussian, GaussianBank, combined, gaussian_bank, root
from tests.kernels.formulas import COMPOSED, RADIAL, SMOOTH

FORMS = {name: kernel.radial for name, (kernel, _) in (RADIAL | SMOOTH | COMPOSED).items() if kernel.radial}
FORMS["product of two"] = (kernels.gaussian(1.2) * kernels.laplace(0.9)).radial
FORMS["sum of two"] = (kernels.inverse_multiquadric(1.0) + kernels.laplace(0.7)).radial


@pytest.mark.parametrize("name", FORMS)
def test_slope_and_ratio_of_a_form_are_those_of_its_value(name, x64):
    """``both`` gives value and derivative, which ``ratio`` ties together."""
    form, parameters = FORMS[name]
    parameters = [jnp.asarray(parameter) for parameter in parameters]
    squared = jnp.array([1e-3, 0.5, 3.0])
    value, slope = form.both(squared, *parameters)
    expected = jax.vmap(jax.grad(lambda s: form.value(s, *parameters)))(squared)
    np.testing.assert_allclose(value, form.value(squared, *parameters), rtol=1e-12)
    np.testing.assert_allclose(slope, expected, rtol=1e-9)
    if (ratio := form.ratio(*parameters)) is not None:
        np.testing.assert_allclose(value, (ratio[0] + ratio[1] * squared) * slope, rtol=1e-10)


def test_the_root_and_its_inverse_are_zero_at_zero(x64):
    distance, inverse = root(jnp.array([0.0, 4.0]))
    np.testing.assert_allclose(distance, [0, 2], rtol=1e-12)
    np.testing.assert_allclose(inverse, [0, 0.5], rtol=1e-12)


def test_a_bank_groups_widths_by_powers_of_two_up_to_sixteen():
    form, widest = gaussian_bank((1.0, 2.0, 4.0, 8.0, 3.0))
    # Squares 64, 16, 4 are in ratios 1, 4, 16; that of 1 would be 64, so it starts a group, as 9 does.
    assert form == GaussianBank(((1, 4, 16), (1,), (1,)))
    assert widest == (8.0, 3.0, 1.0)


def test_a_sum_of_gaussians_is_a_bank_and_a_traced_one_is_a_plain_sum():
    both = kernels.gaussian(1.0) + kernels.gaussian(2.0)
    assert both.radial == (GaussianBank(((1, 4),)), (2.0,))
    traced = jax.eval_shape(lambda width: _form_is(kernels.gaussian(width) + kernels.gaussian(2.0), Combined), 1.0)
    assert traced.shape == ()


def _form_is(kernel, kind):
    assert isinstance(kernel.radial.form, kind)
    return jnp.zeros(())


def test_what_is_not_radial_makes_nothing_radial():
    assert combined(jnp.add, kernels.gaussian(1.0).radial, None) is None
    assert (kernels.gaussian(1.0) * kernels.linear()).radial is None


def test_forms_hold_no_numbers_so_that_one_program_serves_all_bandwidths():
    assert kernels.gaussian(1.0).radial.form == kernels.gaussian(2.0).radial.form == Gaussian()
    assert hash(kernels.laplace(1.0).radial.form) == hash(kernels.laplace(2.0).radial.form)
