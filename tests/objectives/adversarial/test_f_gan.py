import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from igm_jax import Network, velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.f_divergences import DIVERGENCES, FDivergence, f_divergence
from igm_jax.objectives.adversarial.f_gan import f_gan, f_gan_value
from tests.objectives.adversarial.test_f_divergences import BEST, SMOOTH, every


def mixture_and_model(mean=1.0, std=1.8):
    """Densities of two known laws on a grid that carries them: (p, q), each summing to one with the step."""
    grid = np.linspace(-25, 25, 20_001)
    p = 0.33 * stats.norm(-1, 0.065**0.5).pdf(grid) + 0.67 * stats.norm(2, 2**0.5).pdf(grid)
    return _positive(p), _positive(stats.norm(mean, std).pdf(grid))


def _positive(density):
    return np.maximum(density, 1e-280) / np.maximum(density, 1e-280).sum()


@functools.cache
def compiled(name):
    """The divergence by summing over a grid, and its bound by a critic there."""
    divergence = DIVERGENCES[name]
    exact = jax.jit(lambda p, q: jnp.sum(q * divergence.f(p / q)))
    bound = jax.jit(lambda v, p, q: f_gan_value(divergence, v, v, x_weights=q, y_weights=p))
    return exact, bound


def exact(name, p, q):
    return float(compiled(name)[0](p, q))


def bound(name, v, p, q):
    return float(compiled(name)[1](v, p, q))


@every
def test_extreme_outputs_have_finite_values_and_gradients(name):
    """In single precision; every value here is below 1e35 in mathematics, too."""
    v = np.array([-80, -30, -1e-3, 0, 30, 80], np.float32)

    def values(v):
        return jax.value_and_grad(lambda x, y: f_gan_value(name, x, y), argnums=(0, 1))(v[None], v[None])

    found, (on_fakes, on_data) = jax.jit(jax.vmap(values))(v)
    assert np.isfinite(found).all()
    assert np.isfinite(on_data).all()
    assert np.isfinite(on_fakes).all()
    assert (on_data >= 0).all()
    if name != "total_variation":
        assert (on_data[v < 1] > 0).all()  # a critic that is wrong on data hears of it
    assert (on_fakes[v >= (-2 if name == "pearson" else -100)] <= 0).all()  # below -2 the paper's conjugate turns up
    if name in {"gan", "jensen_shannon", "reverse_kl"}:
        np.testing.assert_allclose(on_fakes[v > 15], -1, rtol=1e-6)


@every
def test_the_bound_is_reached_by_the_best_critic_alone(x64, name):
    p, q = mixture_and_model()
    v = BEST[name](p / q)
    v = np.clip(v, -300, 300) if name not in {"pearson", "jeffrey"} else v
    divergence = exact(name, p, q)
    np.testing.assert_allclose(bound(name, v, p, q), divergence, rtol=1e-6)
    for other in (np.tanh(v), np.zeros_like(v)) if name == "total_variation" else (0.9 * v, v - 0.1, np.tanh(v)):
        assert bound(name, other, p, q) < divergence


def test_closed_forms_of_two_normal_distributions(x64):
    grid = np.linspace(-25, 25, 20_001)
    p, q = (_positive(stats.norm(*law).pdf(grid)) for law in ((0.3, 0.8), (-0.5, 1.3)))
    expected = {"kl": 0.36420604063377, "pearson": 0.61199051872884, "squared_hellinger": 2 * 0.11787341673244}
    for name, value in expected.items():
        np.testing.assert_allclose(exact(name, p, q), value, rtol=1e-7)
        np.testing.assert_allclose(bound(name, BEST[name](p / q), p, q), value, rtol=1e-7)
    np.testing.assert_allclose(exact("reverse_kl", p, q), exact("kl", q, p), rtol=1e-9)
    np.testing.assert_allclose(exact("neyman", p, q), exact("pearson", q, p), rtol=1e-9)
    np.testing.assert_allclose(exact("jeffrey", p, q), exact("kl", p, q) + exact("kl", q, p), rtol=1e-9)
    np.testing.assert_allclose(exact("jensen_shannon", p, q), exact("gan", p, q) + np.log(4), rtol=1e-9)
    np.testing.assert_allclose(exact("total_variation", p, q), 0.5 * np.abs(p - q).sum(), rtol=1e-9)


PUBLISHED = {  # D_f(P‖Q) at the best normal Q, its mean and its standard deviation: table 2 of Nowozin et al. 2016
    "kl": (0.2831, 1.0100, 1.8308),
    "reverse_kl": (0.2480, 1.5782, 1.6319),
    "jensen_shannon": (0.1280, 1.3070, 1.7542),
    "jeffrey": (0.5705, 1.3218, 1.7034),
    "pearson": (0.6457, 0.5737, 1.9274),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_exact_divergences_are_minima(x64, name):
    value, mean, std = PUBLISHED[name]
    at_best = exact(name, *mixture_and_model(mean, std))
    np.testing.assert_allclose(at_best, value, atol=3.5e-4)  # to 3e-4 and a rounded digit
    for shift, stretch in ((0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05)):
        assert exact(name, *mixture_and_model(mean + shift, std + stretch)) > at_best


@pytest.mark.parametrize("name", SMOOTH)
def test_at_the_best_critic_the_witness_is_the_first_variation(x64, key, name):
    """δD_f/δq = f(u) − u f'(u) with u = p/q, and the flow is its downhill slope, f''(u) u ∇u."""

    def ratio(points):
        p, q = (jax.scipy.stats.norm.logpdf(points[:, 0], *law) for law in ((0.3, 0.8), (-0.5, 1.3)))
        return jnp.exp(p - q)

    f, points = DIVERGENCES[name].f, jnp.linspace(-2, 2, 9)[:, None]
    logs = {"kl": 1, "reverse_kl": 0, "neyman": 0, "squared_hellinger": 0, "jensen_shannon": 0, "gan": 0}
    scales = {"neyman": 2.0, "squared_hellinger": 0.5}

    def best(params, points):
        u = ratio(points)
        if name == "pearson":
            return 2 * (u - 1)
        if name == "jeffrey":
            return jnp.log(u) + 1 - 1 / u
        return logs[name] + scales.get(name, 1.0) * jnp.log(u)

    objective, state = f_gan(name, Network(lambda key: {}, best), optax.sgd(1.0)), CriticState({}, ())

    @jax.jit
    def both(points):
        u = ratio(points)
        value, slope = jax.vmap(jax.value_and_grad(f))(u)
        curvature = jax.vmap(jax.grad(jax.grad(f)))(u)
        score_difference = -(points - 0.3) / 0.8**2 + (points + 0.5) / 1.3**2
        found = objective.witness(state, points, points, points), velocity(objective, key, state, points, points)
        return found, (value - u * slope, (curvature * u * u)[:, None] * score_difference)

    (witness, flow), (variation, descent) = both(points)
    np.testing.assert_allclose(witness, variation, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(flow, descent, rtol=1e-7, atol=1e-12)


def test_not_saturating_kl_flows_along_the_score_difference(x64, key):
    log_ratio = Network(lambda key: {}, lambda params, x: 1 - (x[:, 0] - 1) ** 2 / 2 + x[:, 0] ** 2 / 2)  # 1 + log p/q
    objective = f_gan("kl", log_ratio, optax.sgd(1.0), saturating=False)
    x = jnp.linspace(-2, 2, 5)[:, None]
    np.testing.assert_allclose(velocity(objective, key, CriticState({}, ()), x, x), np.ones((5, 1)), rtol=1e-12)


def test_a_divergence_of_ones_own(x64):
    triangular = FDivergence(  # Σ (p − q)²/(p + q): f = (u − 1)²/(u + 1), f' = 1 − 4/(u + 1)²
        "triangular",
        lambda u: jnp.square(u - 1) / (u + 1),
        lambda t: 2 - t - 4 * jnp.sqrt(1 - t) + 2,
        lambda v: 1 - 4 / jnp.square(1 + jnp.exp(v)),
    )
    p, q = np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.4, 0.2])
    v = jnp.log(p / q)
    found = f_gan_value(triangular, v, v, x_weights=q, y_weights=p)
    np.testing.assert_allclose(found, np.sum((p - q) ** 2 / (p + q)), rtol=1e-12)
    assert f_divergence(triangular) is triangular


def test_unknown_names_are_listed_with_the_nearest():
    with pytest.raises(ValueError, match=r"did you mean 'pearson'\?"):
        f_gan_value("pearsn", jnp.ones(2), jnp.ones(2))
