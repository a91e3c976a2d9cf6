import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import integrate

from igm_jax import objectives, velocity
from igm_jax.generators import particles
from igm_jax.networks import mlp_critic
from igm_jax.objectives.adversarial.base import CriticState, outputs
from igm_jax.objectives.adversarial.games import GAMES
from igm_jax.training import training
from tests.objectives.two_normals import GRID, LOG_RATIO, STEP, WEIGHTS, P, Q, knowing, score_difference, spread

VALUES = {
    "gan": objectives.gan_value,
    "hinge": objectives.hinge_value,
    "lsgan": objectives.lsgan_value,
    "wgan": objectives.wgan_value,
    "kl_wgan": objectives.kl_wgan_value,
    "relativistic": objectives.relativistic_value,
    "relativistic_average": objectives.relativistic_average_value,
    "f_gan": lambda x, y, **weights: objectives.f_gan_value("jensen_shannon", x, y, **weights),
    "density_ratio": lambda x, y, **weights: objectives.density_ratio_value("nwj", x, y, **weights),
}


def jensen_shannon():
    def integrand(t):
        p, q = P.pdf(t), Q.pdf(t)
        return 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))

    return integrate.quad(integrand, -12, 12, epsabs=1e-12)[0]


def total_variation():
    return 0.5 * np.sum(np.abs(P.pdf(GRID) - Q.pdf(GRID))) * STEP


def harmonic():
    p, q = P.pdf(GRID), Q.pdf(GRID)
    return np.sum(p * q / (p + q)) * STEP


def coded(low, high):
    """The least squares game with these labels: its value, its best critic, and the value there."""
    return (
        lambda x, y, **weights: objectives.lsgan_value(x, y, low=low, high=high, **weights),
        lambda: low + (high - low) / (1 + np.exp(-LOG_RATIO)),
        lambda: -0.5 * (high - low) ** 2 * harmonic(),
    )


BEST = {
    "gan": (objectives.gan_value, lambda: LOG_RATIO, lambda: -np.log(4) + 2 * jensen_shannon()),
    "hinge": (objectives.hinge_value, lambda: np.sign(LOG_RATIO), lambda: -2 + 2 * total_variation()),
    "least squares 0 1": coded(0.0, 1.0),
    "least squares -1 1": coded(-1.0, 1.0),
    "least squares 2 -1": coded(2.0, -1.0),
}


@pytest.mark.parametrize("name", BEST)
def test_value_at_the_best_critic_is_a_divergence(x64, name):
    value, critic, expected = BEST[name]
    best = critic()
    found = jax.jit(lambda out: value(out, out, **WEIGHTS))
    np.testing.assert_allclose(found(best), expected(), rtol=1e-8)
    for other in (0.9 * best, 0.99 * best, best + 0.1, best + 0.01):
        assert found(other) < found(best)


@pytest.mark.parametrize("name", VALUES)
def test_a_critic_gains_where_data_are_above_samples(name):
    """Samples come first: in the other order the value would fall."""
    low, high = jnp.array([-0.4, -0.2, -0.5]), jnp.array([0.5, 0.8])
    assert VALUES[name](low, high) > VALUES[name](high, low)


@pytest.mark.parametrize("name", VALUES)
def test_weights_count_repetitions_and_zero_removes(name):
    x, y = [0.5, 1.5], [0.3, -1.0, 2.0]
    repeated = VALUES[name]([0.5, 1.5, 1.5, 1.5], [0.3, 0.3, 2.0])
    weighted = VALUES[name](jnp.array(x), jnp.array(y), x_weights=[1, 3], y_weights=[2, 0, 1])
    np.testing.assert_allclose(weighted, repeated, rtol=5e-6)


def test_value_of_an_undecided_and_of_a_certain_discriminator():
    value = jax.jit(jax.value_and_grad(objectives.gan_value))
    ones = np.ones(3, np.float32)
    np.testing.assert_allclose(value(0 * ones, 0 * ones)[0], -np.log(4), rtol=1e-6)
    assert float(value(-80 * ones, 80 * ones)[0]) == pytest.approx(0, abs=1e-30)
    worst, slope = value(1e4 * ones, 1e4 * ones)
    np.testing.assert_allclose(worst, -1e4, rtol=1e-6)
    np.testing.assert_allclose(slope, -ones / 3, rtol=1e-6)


def test_a_margin_of_one_is_enough():
    value = jax.jit(jax.value_and_grad(objectives.hinge_value, argnums=(0, 1)))
    loss, slopes = value(np.float32([-1.5, -1.01]), np.float32([1.5, 3.0]))
    assert float(loss) == 0
    assert all((slope == 0).all() for slope in slopes)
    loss, (on_x, on_y) = value(np.float32([1.0, -2.0]), np.float32([-1.0, 2.0]))
    assert float(loss) == -2
    np.testing.assert_array_equal(on_x, [-0.5, 0])
    np.testing.assert_array_equal(on_y, [0.5, 0])


def flow_and_witness(objective, x, key):
    state = CriticState({}, ())
    flow = jax.jit(lambda x: velocity(objective, key, state, x, x))(x)
    return flow, objective.witness(state, x, x, x)


def test_at_the_optimal_logit_the_flows_follow_the_score_difference(x64, key):
    """Scaled by the probability of being found out, or, where the game saturates, of passing for real."""
    x = spread(-3, 3, 13)
    real = P.pdf(x) / (P.pdf(x) + Q.pdf(x))
    for make, share in ((objectives.gan, 1 - real), (objectives.saturating_gan, real)):
        flow, _ = flow_and_witness(make(knowing(lambda r: r), optax.sgd(1.0)), x, key)
        np.testing.assert_allclose(flow, share * score_difference(x), rtol=1e-10, atol=1e-13)


def test_at_the_optimal_logit_the_saturating_witness_is_the_first_variation_of_the_value(x64):
    """The value moves by ∫ witness dq′ when the model's mass moves."""
    p, q = P.pdf(GRID), Q.pdf(GRID)
    change = q * np.sin(GRID)
    change -= q * change.sum() / q.sum()  # keeps the mass
    witness = np.asarray(GAMES["saturating_gan"].witness(jnp.asarray(LOG_RATIO), outputs([0.0], [0.0])))

    def value_at_best(share):
        moved = q + share * change
        logit = jnp.asarray(np.log(p) - np.log(moved))
        return float(objectives.gan_value(logit, logit, x_weights=moved, y_weights=p))

    numerical = (value_at_best(1e-4) - value_at_best(-1e-4)) / 2e-4
    np.testing.assert_allclose(np.sum(witness * change) / q.sum(), numerical, rtol=1e-6)


def test_the_saturating_flow_dies_where_the_critic_is_sure(key):
    sure = objectives.saturating_gan(knowing(lambda r: 0 * r - 80.0 + r), optax.sgd(1.0))
    flow = velocity(sure, key, CriticState({}, ()), jnp.array([[2.0]]), jnp.array([[0.0]]))
    assert np.abs(flow).max() < 1e-30


def test_minus_one_one_zero_flows_down_pearsons_divergence_of_the_mixture(x64, key):
    """½ E_P D² + ½ E_Q D² at the best D is ½ ∫(p − q)²/(p + q), and its part over Q is what the generator descends."""
    objective = objectives.lsgan(knowing(lambda r: jnp.tanh(r / 2)), optax.sgd(1.0), low=-1.0, high=1.0, target=0.0)
    x = spread(-2, 2, 9)
    p, q = (np.asarray(law.pdf(x)) for law in (P, Q))
    d = (p - q) / (p + q)
    flow, witness = flow_and_witness(objective, x, key)
    np.testing.assert_allclose(witness, 0.5 * d[:, 0] ** 2, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(flow, -d * (1 - d**2) / 2 * score_difference(x), rtol=1e-9, atol=1e-13)


CONSTRUCTORS = (
    objectives.gan,
    objectives.saturating_gan,
    objectives.hinge_gan,
    objectives.lsgan,
    objectives.wgan,
    objectives.wgan_gp,
    objectives.relativistic_gan,
    objectives.relativistic_average_gan,
    objectives.r3gan,
    objectives.kl_wgan,
)


def test_messages_call_an_objective_by_its_constructor():
    x, critic, optimizer = jnp.zeros((4, 2)), mlp_critic(2, width=4), optax.sgd(0.1)
    for make in CONSTRUCTORS:
        run = training(particles(x), make(critic, optimizer), optimizer, lambda key, n: jnp.zeros((n, 2)), 4)
        assert run.name == make.__name__


def test_bad_outputs_and_weights_are_named():
    good = jnp.zeros(3)
    with pytest.raises(ValueError, match="`y_outputs` must have shape"):
        objectives.gan_value(good, jnp.zeros((3, 1, 1)))
    with pytest.raises(
        ValueError, match=r"`x_outputs` must have shape \(n,\), one number a sample, but has shape \(3, 2\)"
    ):
        objectives.gan_value(jnp.zeros((3, 2)), good)
    with pytest.raises(ValueError, match="`x_outputs` must hold finite numbers"):
        objectives.gan_value(jnp.array([0.0, jnp.inf]), good)
    with pytest.raises(ValueError, match=r"`x_weights` must have shape \(3,\)"):
        objectives.gan_value(good, good, x_weights=jnp.ones(2))
