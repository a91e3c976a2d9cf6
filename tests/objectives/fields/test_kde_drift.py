import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.objectives import kde_drift, kde_drift_field, kde_drift_witness, score_difference_field
from igm_jax.objectives.adversarial.log_ratio import RATIO_POWERS

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 2)), 1 + RNG.normal(size=(8, 2))
A, B = RNG.uniform(size=6), RNG.uniform(size=8)


def density(point, samples, weights, width):
    return weights @ np.exp(-((point - samples) ** 2).sum(1) / (2 * width**2)) / weights.sum()


def by_finite_differences(name, leave_out, most=100.0, step=1e-5):
    """``c min((q/p)^a, most) ∇ log p/q`` at each sample, from densities alone."""
    field = np.zeros_like(X)
    power, factor = RATIO_POWERS[name]
    for i, point in enumerate(X):
        kept = np.arange(len(X)) != i if leave_out else slice(None)

        def log_ratio(point, kept=kept):
            return np.log(density(point, X[kept], A[kept], 0.7)) - np.log(density(point, Y, B, 0.7))

        axes = step * np.eye(2)
        slope = [(log_ratio(point + axis) - log_ratio(point - axis)) / (2 * step) for axis in axes]
        field[i] = -factor * min(np.exp(power * log_ratio(point)), most) * np.array(slope)
    return field


@pytest.mark.parametrize(("name", "leave_out"), [("kl", True), ("neyman", True), ("pearson", False)])
def test_field_is_the_weighted_slope_of_the_log_ratio_of_densities(name, leave_out, x64):
    got = kde_drift_field(X, Y, 0.7, name, leave_one_out=leave_out, x_weights=A, y_weights=B)
    np.testing.assert_allclose(got, by_finite_differences(name, leave_out), rtol=1e-6, atol=1e-8)


def test_reverse_kl_is_the_score_difference(x64):
    expected = score_difference_field(X, Y, 0.7, x_weights=A)
    np.testing.assert_allclose(kde_drift_field(X, Y, 0.7, x_weights=A), expected, rtol=1e-12)


def test_with_all_samples_it_is_minus_the_gradient_of_its_witness_beyond_the_hold_too(x64):
    options = {"divergence": "neyman", "max_power": 2.0}
    free = kde_drift_field(X, Y, 0.7, "neyman", leave_one_out=False)
    held = kde_drift_field(X, Y, 0.7, leave_one_out=False, **options)
    assert np.abs(free - held).max() > 0.1
    slope = jax.grad(lambda p: jnp.sum(kde_drift_witness(p, X, Y, 0.7, **options)))(jnp.asarray(X))
    np.testing.assert_allclose(held, -slope, rtol=1e-9)


def test_corrected_it_is_minus_the_gradient_of_its_corrected_witness(x64):
    options = {"divergence": "neyman", "max_power": 4.0, "corrected": True}
    field = kde_drift_field(X, Y, 0.7, leave_one_out=False, x_weights=A, **options)
    slope = jax.grad(lambda p: jnp.sum(kde_drift_witness(p, X, Y, 0.7, x_weights=A, **options)))(jnp.asarray(X))
    np.testing.assert_allclose(field, -slope, rtol=1e-9)
    objective = kde_drift(0.7, "neyman", corrected=True)
    moved = velocity(objective, jax.random.key(0), (), jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(moved, kde_drift_field(X, Y, 0.7, "neyman", corrected=True), rtol=1e-12)
    assert np.abs(moved - kde_drift_field(X, Y, 0.7, "neyman")).max() > 0.1


def test_kl_leaves_samples_far_from_all_data_and_neyman_does_not():
    far, y = np.array([[9.0, 0.0], [9.2, 0.0]], np.float32), Y.astype(np.float32)
    sizes = [np.abs(kde_drift_field(far, y, 0.7, name)).max() for name in ("kl", "reverse_kl", "neyman")]
    assert sizes[0] < 1e-3 < sizes[1] < sizes[2] / 100


def test_a_lone_sample_has_no_density_and_that_is_finite():
    for name in RATIO_POWERS:
        assert np.isfinite(kde_drift_field([[0.0]], [[1.0]], 1.0, name)).all()


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`divergence` must be one of"):
        kde_drift(1.0, "chi2")
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        kde_drift(-1.0)
    with pytest.raises(ValueError, match="must be at least 1"):
        kde_drift(1.0, max_power=0.1)


def test_a_sample_with_nearly_all_weight_is_left_out_in_full_precision():
    x, y = X.astype(np.float32), Y.astype(np.float32)
    weights = np.array([1 - 1e-6, 2e-7, 1e-7, 3e-7, 1e-7, 3e-7])
    found = kde_drift_field(x, y, 0.7, "kl", x_weights=weights)
    with jax.enable_x64(True):
        rounded = weights.astype(np.float32).astype(float)
        expected = np.asarray(kde_drift_field(x.astype(float), y.astype(float), 0.7, "kl", x_weights=rounded))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
