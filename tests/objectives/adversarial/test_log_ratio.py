import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import DIVERGENCES
from igm_jax.objectives.adversarial.log_ratio import RATIO_POWERS, ratio_power, ratio_weight, ratio_witness

LOG_RATIOS = np.linspace(-2.0, 2.0, 9)


@pytest.mark.parametrize("name", RATIO_POWERS)
def test_witness_is_the_first_variation_of_the_f_divergence(name, x64):
    f = DIVERGENCES[name].f

    def variation(ratio):  # of ∫ q f(p/q) in q, at u = p/q
        u = jnp.exp(-ratio)
        return f(u) - u * jax.grad(f)(u)

    ratios = jnp.asarray(LOG_RATIOS)
    shifted = jax.jit(jax.vmap(variation))(ratios) - variation(0.0)
    np.testing.assert_allclose(ratio_witness(name, ratios, 1e9), shifted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", RATIO_POWERS)
def test_weight_is_the_slope_of_the_witness_and_both_are_held(name, x64):
    ratios = jnp.asarray(LOG_RATIOS)
    slope = jax.vmap(jax.grad(lambda ratio: ratio_witness(name, ratio, 3.0)))(ratios)
    power, factor = RATIO_POWERS[name]
    np.testing.assert_allclose(slope, factor * np.minimum(np.exp(power * LOG_RATIOS), 3.0), rtol=1e-10)
    np.testing.assert_allclose(ratio_weight(name, ratios, 3.0), slope, rtol=1e-10)
    assert np.isfinite(ratio_witness(name, jnp.array([-1e30, 1e30]), 3.0)).all()


def test_unknown_divergences_and_ratios_below_one_are_named():
    with pytest.raises(ValueError, match=r"`divergence` must be one of reverse_kl, kl"):
        ratio_power("jeffrey", 2.0)
    with pytest.raises(ValueError, match=r"must be at least 1, but is 0\.5"):
        ratio_weight("kl", jnp.zeros(2), 0.5)
