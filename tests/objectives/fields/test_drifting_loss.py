import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import drifting_loss
from tests import reference

RNG = np.random.default_rng(0)
X, Y, N = RNG.normal(size=(3, 5, 2)), 1 + RNG.normal(size=(3, 7, 2)), 2 * RNG.normal(size=(3, 4, 2))
A, B, C = (RNG.uniform(0.2, 2, size=some.shape[:2]) for some in (X, Y, N))
TEMPERATURES = (0.05, 0.2)


def released(x, y, negatives, a, b, c):
    """The unit and the forces of the released code, pair by pair in full: targets are x, negatives and data, in one matrix."""
    targets, weights = np.concatenate([x, negatives, y], axis=1), np.concatenate([a, c, b], axis=1)
    distance = np.stack([np.sqrt(reference.squared_distances(*pair)) for pair in zip(x, targets, strict=True)])
    scale = (distance * weights[:, None]).mean() / weights.mean()
    unit = max(scale / np.sqrt(x.shape[2]), 1e-3)
    n, repel = x.shape[1], x.shape[1] + negatives.shape[1]
    cost = distance / scale
    cost[:, np.arange(n), np.arange(n)] += 100
    total = np.zeros_like(x)
    for temperature in TEMPERATURES:
        kernel = np.exp(-cost / temperature)
        rows, columns = kernel / kernel.sum(2, keepdims=True), kernel / kernel.sum(1, keepdims=True)
        affinity = np.maximum(np.sqrt(rows * columns), 1e-3) * weights[:, None]
        off, to = affinity[:, :, :repel], affinity[:, :, repel:]
        pull = np.concatenate([-off * to.sum(2, keepdims=True), to * off.sum(2, keepdims=True)], axis=2)
        force = (np.einsum("bij,bjd->bid", pull, targets) - pull.sum(2)[..., None] * x) / unit
        total += force / np.sqrt(max((force**2).mean(), 1e-8))
    return unit, total


def test_loss_and_gradient_are_those_of_the_dense_formula_with_all_weights_and_negatives(x64):
    def loss(x):
        options = {"x_weights": A, "y_weights": B, "negatives": N, "negative_weights": C}
        return drifting_loss(x, Y, TEMPERATURES, **options)

    unit, force = released(X, Y, N, A, B, C)
    np.testing.assert_allclose(loss(jnp.asarray(X)), (force**2).mean((1, 2)), rtol=1e-9)
    slope = jax.grad(lambda x: jnp.sum(loss(x)))(jnp.asarray(X))
    np.testing.assert_allclose(slope, -2 * force / unit / (5 * 2), rtol=1e-8, atol=1e-12)


def test_weights_of_one_are_none_and_they_are_not_normalised(x64):
    plain = drifting_loss(X, Y, TEMPERATURES)
    ones = drifting_loss(X, Y, TEMPERATURES, x_weights=np.ones((3, 5)), y_weights=np.ones((3, 7)))
    np.testing.assert_allclose(ones, plain, rtol=1e-12)
    nothing = drifting_loss(X, Y, TEMPERATURES, y_weights=B)
    assert np.abs(nothing - plain).max() > 1e-3


def test_problems_share_the_scale_of_all(x64):
    alone = np.concatenate([drifting_loss(X[i : i + 1], Y[i : i + 1], TEMPERATURES) for i in range(3)])
    assert np.abs(drifting_loss(X, Y, TEMPERATURES) - alone).max() > 1e-3


def test_bad_shapes_and_weights_are_explained():
    with pytest.raises(ValueError, match=r"expected x \(b, n, d\)"):
        drifting_loss(X[0], Y[0])
    with pytest.raises(ValueError, match="expected negatives"):
        drifting_loss(X, Y, negatives=N[:2])
    with pytest.raises(ValueError, match=r"`x_weights` must have shape \(3, 5\)"):
        drifting_loss(X, Y, x_weights=A[0])
    with pytest.raises(ValueError, match="negative_weights"):
        drifting_loss(X, Y, negative_weights=C)
    with pytest.raises(ValueError, match="y_weights"):
        drifting_loss(X, Y, y_weights=-B)
