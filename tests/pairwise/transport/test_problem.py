import jax.numpy as jnp
import numpy as np

from igm_jax.pairwise.transport.problem import strength


def test_the_strength_of_an_update_solves_its_one_dimensional_problem(x64):
    # f = κ T is where ρ (1 - exp(-f/ρ)) - ε exp((f - T)/ε) has its maximum.
    epsilon, rho, soft = 0.7, 1.3, np.linspace(-2, 2, 5)
    f = strength(jnp.asarray(rho), jnp.asarray(epsilon)) * soft
    np.testing.assert_allclose(np.exp(-f / rho), np.exp((f - soft) / epsilon), rtol=1e-12)
    assert strength(None, jnp.asarray(epsilon)) == 1
    np.testing.assert_allclose(strength(jnp.asarray(1e9), jnp.asarray(epsilon)), 1, rtol=1e-8)
