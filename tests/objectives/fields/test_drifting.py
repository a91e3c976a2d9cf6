import json
import pathlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import base, lifts
from igm_jax.objectives import drifting, drifting_field, drifting_loss
from tests import reference

RNG = np.random.default_rng(0)
X, Y = 0.3 * RNG.normal(size=(9, 2)), 0.5 + 0.3 * RNG.normal(size=(12, 2))


def paper_reference(x, y, temperature):
    """The notebook's formula, written out in float64."""
    n = len(x)
    distance = np.sqrt(reference.squared_distances(x, np.concatenate([x, y])))
    distance[:, :n] += 1e6 * np.eye(n)
    kernel = np.exp(-distance / temperature)
    kernel = kernel / np.sqrt(kernel.sum(1, keepdims=True) * np.maximum(kernel.sum(0, keepdims=True), 1e-300))
    model, data = kernel[:, :n], kernel[:, n:]
    return (data * model.sum(1, keepdims=True)) @ y - (model * data.sum(1, keepdims=True)) @ x


@pytest.fixture(scope="module")
def released():
    text = (pathlib.Path(__file__).parents[2] / "fixtures" / "drifting_released.json").read_text()
    return {
        name: value if isinstance(value, str | dict) else np.asarray(value) for name, value in json.loads(text).items()
    }


def test_paper_preset_is_the_notebook_s_formula(x64):
    np.testing.assert_allclose(drifting_field(X, Y, 0.3).field, paper_reference(X, Y, 0.3), rtol=1e-9)
    several = drifting_field(X, Y, (0.1, 0.3)).field
    np.testing.assert_allclose(several, paper_reference(X, Y, 0.1) + paper_reference(X, Y, 0.3), rtol=1e-9)


def test_released_preset_gives_the_released_numbers(released):
    x, y = released["x"].astype(np.float32), released["y"].astype(np.float32)
    loss, gradient = jax.jit(jax.value_and_grad(lambda x: jnp.sum(drifting_loss(x, y))))(x)
    np.testing.assert_allclose(drifting_loss(x, y), released["loss"], rtol=1e-4)
    np.testing.assert_allclose(loss, released["loss"].sum(), rtol=1e-4)
    np.testing.assert_allclose(gradient, released["gradient"], atol=1e-4 * np.abs(released["gradient"]).max())


def test_released_objective_moves_along_the_released_gradient(released):
    # One problem alone: the objective's velocity and the released gradient differ by one positive factor.
    x, y = released["x"][:1].astype(np.float32), released["y"][:1].astype(np.float32)
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(drifting_loss(x, y))))(x)[0]
    step = jax.jit(partial(base.velocity, drifting(preset="released")))
    velocity = step(jax.random.key(0), (), jnp.asarray(x[0]), jnp.asarray(y[0]))
    ratio = -np.asarray(velocity / gradient)
    np.testing.assert_allclose(ratio, np.full(ratio.shape, ratio.mean()), rtol=1e-3)
    assert ratio.mean() > 0


@pytest.mark.slow
def test_size_before_normalisation_is_reported(released):
    x, y = released["x"][0].astype(np.float32), released["y"][0].astype(np.float32)
    objective = drifting(preset="released")
    _, far = objective.update(jax.random.key(0), (), jnp.asarray(x), jnp.asarray(y) + 1)
    _, near = objective.update(jax.random.key(0), (), jnp.asarray(y)[:12], jnp.asarray(y))
    assert far["drift"] > near["drift"] > 0
    np.testing.assert_allclose(
        drifting_field(X, Y, 0.3).size, np.sqrt(np.mean(paper_reference(X, Y, 0.3) ** 2)), rtol=1e-5
    )


def test_released_loss_is_constant_by_construction_for_one_temperature():
    x, y = RNG.normal(size=(2, 1, 10, 3)).astype(np.float32)
    for scale in (1, 3):
        np.testing.assert_allclose(drifting_loss(scale * x, scale * y + 1, 0.2), [1.0], rtol=1e-3)


def test_small_temperatures_do_not_underflow():
    field = drifting_field(X.astype(np.float32), Y.astype(np.float32) + 100, 1e-3)
    assert np.isfinite(field.field).all()


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_a_weight_of_two_on_a_datum_is_a_repetition(preset, x64):
    b = np.array([2.0, 0.0, *np.ones(10)])
    repeated = np.concatenate([Y[:1], Y[:1], Y[2:]])
    got = drifting_field(X, Y, 0.3, preset=preset, y_weights=b)
    expected = drifting_field(X, repeated, 0.3, preset=preset)
    if preset == "paper":
        np.testing.assert_allclose(got.field, expected.field, rtol=1e-9)
    else:  # the released floor on affinities makes weights act before it, and its scale averages over targets
        assert np.sum(got.field * expected.field) > 0.9 * np.linalg.norm(got.field) * np.linalg.norm(expected.field)


def test_gaussian_points_drift_towards_each_other_and_not_at_equal_laws():
    near = np.asarray(drifting_field(*RNG.normal(size=(2, 1000, 2)).astype(np.float32), 0.3).field)
    far = np.asarray(
        drifting_field(*(RNG.normal(size=(2, 1000, 2)) + np.array([[[0.0]], [[1.0]]])).astype(np.float32), 0.3).field
    )
    assert far.mean(0).min() > 0
    assert np.linalg.norm(near.mean(0)) < 0.1 * np.linalg.norm(far.mean(0))


def test_its_field_is_not_a_gradient_and_the_witness_says_so(x64):
    def at(point):
        return drifting_field(jnp.concatenate([point[None], jnp.asarray(X)]), Y, 0.3).field[0]

    jacobian = jax.jit(jax.jacobian(at))(jnp.array([0.2, 0.1]))
    assert abs(jacobian[0, 1] - jacobian[1, 0]) > 1e-3
    with pytest.raises(lifts.NoWitnessError, match="not a gradient"):
        drifting().witness((), jnp.asarray(X), jnp.asarray(X), jnp.asarray(Y))


def test_bad_parameters_are_explained():
    with pytest.raises(ValueError, match=r"one of paper, released.*did you mean 'paper'"):
        drifting(preset="papers")
    with pytest.raises(ValueError, match="`temperatures` must be positive"):
        drifting((0.1, -1.0))
    with pytest.raises(ValueError, match="at least one positive"):
        drifting(())
    with pytest.raises(ValueError, match="expected x \\(b, n, d\\)"):
        drifting_loss(X, Y)
