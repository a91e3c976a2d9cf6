import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.objectives import mmd_scale, scaled_mmd
from igm_jax.objectives.adversarial.base import CriticState
from tests.objectives.moments.linear_features import KERNEL, KEY, LINEAR, SGD, W, X, Y, arrays, matrix


def test_the_scale_of_linear_features_is_in_closed_form(x64):
    frobenius, width = np.sum(W**2), 1.3
    got = mmd_scale(lambda p: p @ W, Y, KERNEL, ridge=0.7)
    np.testing.assert_allclose(got, 1 / (0.7 + 1 + frobenius / width**2), rtol=1e-12)
    # -2k'(0) of (1 + s/2α)^-α is 1 for every α, of (1 + s)^-½ it is 1.
    got = mmd_scale(lambda p: p @ W, Y, kernels.rational_quadratic((0.5, 2.0)) + kernels.inverse_multiquadric(1.0))
    np.testing.assert_allclose(got, 1 / (1 + 3 + 3 * frobenius), rtol=1e-12)
    # Features of changing slope: the mean over data of ‖∇φ‖² for φ = p².
    got = mmd_scale(lambda p: p**2, Y, kernels.gaussian(1.0))
    np.testing.assert_allclose(got, 1 / (2 + np.mean(np.sum(4 * Y**2, axis=1))), rtol=1e-12)


def test_a_scaled_mmd_is_the_mmd_times_its_scale_and_falls_with_the_slope_of_the_features(x64):
    objective, (x, y) = scaled_mmd(LINEAR, SGD, KERNEL), arrays()

    @jax.jit
    def found(w):
        state = CriticState(w, SGD.init(w))
        return objective.loss(KEY, state, x, y), objective.update(KEY, state, x, y)[1]

    scale = 1 / (2 + np.sum(W**2) / 1.3**2)
    loss, info = found(jnp.asarray(W))
    biased = matrix(X, X).mean() + matrix(Y, Y).mean() - 2 * matrix(X, Y).mean()
    np.testing.assert_allclose((loss, info["scale"]), (scale * biased, scale), rtol=1e-10)
    np.testing.assert_allclose(info["critic_loss"], -info["scale"] * info["mmd2"], rtol=1e-12)
    assert found(1e3 * jnp.asarray(W))[0] < 1e-5 < loss


def test_kernels_without_a_slope_at_zero_are_explained():
    with pytest.raises(ValueError, match="has a corner there"):
        scaled_mmd(LINEAR, SGD, kernels.gaussian(1.0) + kernels.laplace(1.0))
    with pytest.raises(ValueError, match="must be a function of the distance, but is linear"):
        scaled_mmd(LINEAR, SGD, kernels.linear())
