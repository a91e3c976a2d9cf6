import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import integrate

from igm_jax import velocity
from igm_jax.objectives.adversarial.base import CriticState, outputs
from igm_jax.objectives.adversarial.density_ratio import (
    RATIO_LOSSES,
    density_ratio,
    density_ratio_value,
    kl_estimate,
    ratio_loss,
)
from tests.objectives.two_normals import (
    CHI_SQUARED,
    GRID,
    KL,
    LOG_RATIO,
    WEIGHTS,
    P,
    Q,
    knowing,
    score_difference,
    spread,
)

# The critic's output where the ratio is e^r.
BEST = {
    "logistic": lambda r: r,
    "nwj": lambda r: 1 + r,
    "donsker_varadhan": lambda r: r + 3,
    "least_squares": lambda r: jnp.where(r < -30, r, jnp.log(jnp.expm1(jnp.exp(jnp.maximum(r, -30))))),
}
each = pytest.mark.parametrize("name", BEST)


def jensen_shannon():
    def integrand(t):
        p, q = P.pdf(t), Q.pdf(t)
        return 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))

    return integrate.quad(integrand, -12, 12, epsabs=1e-12)[0]


@functools.cache
def compiled(name):
    return jax.jit(lambda out: (density_ratio_value(name, out, out, **WEIGHTS), kl_estimate(name, out, out, **WEIGHTS)))


@each
def test_the_value_at_the_best_critic_is_a_divergence(x64, name):
    expected = {
        "logistic": 2 * jensen_shannon() - np.log(4),
        "nwj": KL,
        "donsker_varadhan": KL,
        "least_squares": CHI_SQUARED / 2,
    }[name]
    best = np.asarray(BEST[name](LOG_RATIO))
    value, kl = compiled(name)(best)
    np.testing.assert_allclose(value, expected, rtol=1e-7)
    np.testing.assert_allclose(kl, KL, rtol=1e-7)
    for other in (0.95 * best, best + 0.05 * np.sin(GRID)):
        assert compiled(name)(other)[0] < value


def test_donsker_and_varadhans_value_ignores_constants_and_is_above_nwjs(x64):
    v = np.tanh(LOG_RATIO)
    np.testing.assert_allclose(compiled("donsker_varadhan")(v + 5)[0], compiled("donsker_varadhan")(v)[0], rtol=1e-12)
    assert compiled("nwj")(v + 1)[0] < compiled("donsker_varadhan")(v)[0] < KL


@each
def test_at_the_best_critic_the_flow_is_the_score_difference(x64, key, name):
    objective, state = density_ratio(name, knowing(BEST[name]), optax.sgd(1.0)), CriticState({}, ())
    x = spread(-2, 2, 9)
    np.testing.assert_allclose(velocity(objective, key, state, x, x), score_difference(x), rtol=1e-8)


@each
def test_extreme_outputs_have_finite_log_ratios(name):
    v = np.float32([-80, -15.1, -14.9, 0, 80])
    ratio, slope = jax.vmap(jax.value_and_grad(lambda v: ratio_loss(name).log_ratio(v, outputs(v[None], v[None]))))(v)
    assert np.isfinite(ratio).all()
    assert np.isfinite(slope).all()
    if name == "least_squares":
        np.testing.assert_allclose(ratio, np.log(np.logaddexp(0, v.astype(np.float64))), rtol=1e-6)
        np.testing.assert_allclose(slope[:3], 1, rtol=1e-6)


def test_unknown_losses_are_listed():
    with pytest.raises(ValueError, match=r"`loss` must be one of logistic.*did you mean 'nwj'\?"):
        ratio_loss("nwjj")
    assert ratio_loss(RATIO_LOSSES["nwj"]) is RATIO_LOSSES["nwj"]
