import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import wrightomega

from igm_jax.objectives.adversarial.f_divergences import DIVERGENCES, alpha_divergence, f_divergence, log_lambert
from igm_jax.objectives.adversarial.f_gan import f_gan_value

NAMES = [
    "kl", "reverse_kl", "pearson", "neyman", "squared_hellinger", "jeffrey", "jensen_shannon", "gan", "total_variation"
]  # fmt: skip
SMOOTH = [name for name in NAMES if name != "total_variation"]
every = pytest.mark.parametrize("name", NAMES)

# The critic's output at density ratio u, where g(V) = f'(u); of the total variation the bound is a limit, V = ±∞.
BEST = {
    "kl": lambda u: 1 + np.log(u),
    "reverse_kl": np.log,
    "pearson": lambda u: 2 * (u - 1),
    "neyman": lambda u: 2 * np.log(u),
    "squared_hellinger": lambda u: np.log(u) / 2,
    "jeffrey": lambda u: np.log(u) + 1 - 1 / u,
    "jensen_shannon": np.log,
    "gan": np.log,
    "total_variation": lambda u: 40 * np.sign(u - 1),
}
# Domains of the conjugates, cut where the numerical supremum over u would leave its grid.
DOMAINS = {
    "kl": (-6, 6), "reverse_kl": (-50, -0.01), "pearson": (-2, 30), "neyman": (-50, 0.99), "squared_hellinger": (-5, 0.95),
    "jeffrey": (-8, 8), "jensen_shannon": (-5, 0.68), "gan": (-5, -0.01), "total_variation": (-0.5, 0.5),
}  # fmt: skip


@every
def test_f_is_convex_and_zero_at_one(x64, name):
    f = jax.jit(DIVERGENCES[name].f)
    u = np.geomspace(1e-3, 1e3, 401)
    assert (f(0.3 * u + 0.7 * u[::-1]) <= 0.3 * f(u) + 0.7 * f(u[::-1]) + 1e-9).all()
    np.testing.assert_allclose(f(u)[200], -np.log(4) if name == "gan" else 0, atol=1e-12)


@every
def test_the_conjugate_is_the_supremum(x64, name):
    divergence = DIVERGENCES[name]
    u = np.concatenate([np.geomspace(1e-7, 1e5, 200_001), [1.0]])
    f, t = np.asarray(jax.jit(divergence.f)(u)), np.linspace(*DOMAINS[name], 13)
    supremum = [np.max(u * slope - f) for slope in t]
    np.testing.assert_allclose(jax.jit(divergence.conjugate)(t), supremum, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", SMOOTH)
def test_conjugates_touch_at_the_derivative(x64, name):
    """Fenchel and Young: f(u) + f*(f'(u)) = u f'(u), and the slope of f* there is u."""
    divergence = DIVERGENCES[name]
    u = np.geomspace(0.05, 20, 101)

    @jax.jit
    def touch(u, v):
        f, t = jax.vmap(jax.value_and_grad(divergence.f))(u)
        conjugate, slope = jax.vmap(jax.value_and_grad(divergence.conjugate))(t)
        return f, t, conjugate, slope, divergence.activation(v)

    f, t, conjugate, slope, activated = touch(u, BEST[name](u))
    np.testing.assert_allclose(f + conjugate, u * t, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(slope, u, rtol=1e-7)
    np.testing.assert_allclose(activated, t, rtol=1e-9, atol=1e-12)


@every
def test_the_activation_is_increasing_into_the_domain(x64, name):
    ends = {
        "reverse_kl": (-np.inf, 0), "neyman": (-np.inf, 1), "squared_hellinger": (-np.inf, 1),
        "jensen_shannon": (-np.inf, np.log(2)), "gan": (-np.inf, 0), "total_variation": (-0.5, 0.5),
    }  # fmt: skip
    low, high = ends.get(name, (-np.inf, np.inf))
    t = np.asarray(jax.jit(DIVERGENCES[name].activation)(np.linspace(-15, 15, 301)))
    assert (np.diff(t) > 0).all()
    assert low < float(t[0])
    assert float(t[-1]) < high


@every
def test_one_formula_equals_two_steps(x64, name):
    divergence = DIVERGENCES[name]
    two_steps = jax.jit(lambda v: divergence.conjugate(divergence.activation(v)))
    v = np.linspace(-12, 12, 97)
    whole = jax.jit(divergence.conjugate_of_activation or two_steps)
    np.testing.assert_allclose(whole(v), two_steps(v), rtol=1e-8, atol=1e-9)


def test_lambert_for_jeffrey_at_all_sizes():
    t = np.concatenate([-np.geomspace(1e4, 1e-6, 60), np.geomspace(1e-6, 80, 60)])
    w = wrightomega(1 - t)
    root, slope = jax.jit(jax.vmap(jax.value_and_grad(log_lambert)))(jnp.asarray(t, jnp.float32))
    np.testing.assert_allclose(root, np.log(w), rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(slope, -1 / (1 + w), rtol=1e-5)
    conjugate, ratio = jax.jit(jax.vmap(jax.value_and_grad(DIVERGENCES["jeffrey"].conjugate)))(
        jnp.asarray(t, jnp.float32)
    )
    np.testing.assert_allclose(conjugate, 1 / w - 1 - np.log(w), rtol=3e-5, atol=1e-9)
    np.testing.assert_allclose(ratio, 1 / w, rtol=3e-5)


def test_unknown_names_are_listed_with_the_nearest():
    with pytest.raises(ValueError, match=r"`divergence` must be one of kl, reverse_kl.*did you mean 'jeffrey'\?"):
        f_divergence("jeffreys")
    assert list(DIVERGENCES) == NAMES


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
def test_the_conjugate_of_an_order_is_the_supremum(x64, alpha):
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
