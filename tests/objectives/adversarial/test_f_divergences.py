import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives.adversarial.f_divergences import DIVERGENCES, alpha_divergence
from igm_jax.objectives.adversarial.f_gan import f_gan_value

ORDERS = [-1.0, 0.0, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0]
each = pytest.mark.parametrize("alpha", ORDERS)
DATA, MODEL = np.array([0.1, 0.4, 0.2, 0.25, 0.05]), np.array([0.3, 0.1, 0.25, 0.15, 0.2])


def divergence(kind):
    return float(np.sum(MODEL * kind.f(jnp.asarray(DATA / MODEL))))


@pytest.mark.parametrize(
    ("alpha", "name", "factor"),
    [
        (1.0, "kl", 1),
        (0.0, "reverse_kl", 1),
        (2.0, "pearson", 0.5),
        (-1.0, "neyman", 0.5),
        (0.5, "squared_hellinger", 2),
    ],
)
def test_named_divergences_are_members(x64, alpha, name, factor):
    expected = factor * divergence(DIVERGENCES[name])
    np.testing.assert_allclose(divergence(alpha_divergence(alpha)), expected, rtol=1e-12)
    for near in (alpha - 1e-9, alpha + 1e-9):  # no cancellation beside the limits
        np.testing.assert_allclose(divergence(alpha_divergence(near)), expected, rtol=1e-7)


@each
def test_it_is_the_formula(x64, alpha):
    if alpha not in (0.0, 1.0):
        expected = (np.sum(DATA**alpha * MODEL ** (1 - alpha)) - 1) / (alpha * (alpha - 1))
        np.testing.assert_allclose(divergence(alpha_divergence(alpha)), expected, rtol=1e-12)
    mirrored = float(np.sum(DATA * alpha_divergence(1 - alpha).f(jnp.asarray(MODEL / DATA))))
    np.testing.assert_allclose(divergence(alpha_divergence(alpha)), mirrored, rtol=1e-12)


@each
def test_the_conjugate_is_the_supremum(x64, alpha):
    """Also below the slope at u = 0, where it is constant, and above the largest slope, where it is infinite."""
    kind = alpha_divergence(alpha)
    u = np.geomspace(1e-9, 1e4, 200_001)
    f = np.asarray(jax.jit(kind.f)(u))
    t = np.linspace(-6, 3, 19) if alpha >= 1 else np.linspace(-6, 0.95 / (1 - alpha), 19)
    supremum = [np.max(u * slope - f) for slope in t]
    np.testing.assert_allclose(jax.jit(kind.conjugate)(t), supremum, rtol=1e-6, atol=1e-6)
    if alpha < 1:
        assert np.isposinf(kind.conjugate(jnp.asarray(1.01 / (1 - alpha))))


@each
def test_the_bound_is_reached_by_the_log_ratio_alone(x64, alpha):
    kind, best = alpha_divergence(alpha), jnp.asarray(np.log(DATA / MODEL))

    def bound(v):
        return float(f_gan_value(kind, v, v, x_weights=MODEL, y_weights=DATA))

    np.testing.assert_allclose(bound(best), divergence(kind), rtol=1e-12)
    assert max(bound(0.9 * best), bound(best + 0.1), bound(best - 0.1)) < divergence(kind)
    v = jnp.linspace(-2, 2, 9)
    np.testing.assert_allclose(
        kind.conjugate_of_activation(v), kind.conjugate(kind.activation(v)), rtol=1e-10, atol=1e-12
    )


def test_orders_are_numbers():
    with pytest.raises(TypeError, match="`alpha` must be a number"):
        alpha_divergence(True)
    with pytest.raises(ValueError, match="`alpha` must be finite"):
        alpha_divergence(float("inf"))
