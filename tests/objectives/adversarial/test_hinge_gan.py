import jax
import numpy as np

from igm_jax.objectives.adversarial.hinge_gan import hinge_value
from tests.objectives.two_normals import GRID, LOG_RATIO, STEP, WEIGHTS, P, Q


def test_value_at_the_best_critic_is_the_total_variation(x64):
    value = jax.jit(lambda out: hinge_value(out, out, **WEIGHTS))
    best = np.sign(LOG_RATIO)
    variation = 0.5 * np.sum(np.abs(P.pdf(GRID) - Q.pdf(GRID))) * STEP
    np.testing.assert_allclose(value(best), -2 + 2 * variation, rtol=1e-10)
    assert value(0.9 * best) < value(best)
    assert value(best + 0.1) < value(best)


def test_a_margin_of_one_is_enough():
    value = jax.jit(jax.value_and_grad(hinge_value, argnums=(0, 1)))
    loss, slopes = value(np.float32([1.5, 3.0]), np.float32([-1.5, -1.01]))
    assert float(loss) == 0
    assert all((slope == 0).all() for slope in slopes)
    loss, slopes = value(np.float32([-1.0, 2.0]), np.float32([1.0, -2.0]))
    assert float(loss) == -2
    np.testing.assert_array_equal(slopes[0], [0.5, 0])
    np.testing.assert_array_equal(slopes[1], [-0.5, 0])
