from functools import partial
from inspect import unwrap as bare  # what users call, without the tests' own check of types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, NoWitnessError, energy_distance, kernels, mmd2_biased, mmd2_unbiased, velocity
from igm_jax.objectives import (
    conditional,
    conditional_field,
    drifting_field,
    energy,
    mmd,
    mmd_witness,
    score_difference_field,
    score_difference_witness,
)

KEY = jax.random.key(0)
CLASSES = 4


def labelled_draws():
    """Samples of classes 0 to 3; x has none of class 3, y none of class 2."""
    rng = np.random.default_rng(0)
    of_x, of_y = np.array([0, 1, 0, 2, 1, 0, 2, 1]), np.array([1, 0, 3, 0, 1, 0, 1])
    x, y = rng.normal(size=(8, 2)), 1 + rng.normal(size=(7, 2))
    return Batch(jnp.asarray(x), jnp.asarray(of_x)), Batch(jnp.asarray(y), jnp.asarray(of_y))


def of_class(samples, number, values=None):
    """The values of a class, or what belongs to its samples."""
    return (samples.values if values is None else values)[np.asarray(samples.condition) == number]


def as_rows(samples):
    return jnp.concatenate([samples.values, samples.condition[:, None].astype(samples.values.dtype)], axis=1)


@jax.jit
def alone(x, y):
    return velocity(energy(), KEY, (), x, y)


def test_a_sample_moves_as_in_a_batch_of_its_class_alone(x64):
    x, y = labelled_draws()
    objective = conditional(energy_distance, CLASSES, partial(mmd_witness, kernel=kernels.distance()))

    @jax.jit
    def parts(x, y):
        heights = lambda values: jnp.sum(objective.witness((), x._replace(values=values), x, y))  # noqa: E731
        return objective.loss(KEY, (), x, y), velocity(objective, KEY, (), x, y), jax.grad(heights)(x.values)

    loss, v, slope = parts(x, y)
    for number in (0, 1):
        np.testing.assert_allclose(of_class(x, number, v), alone(of_class(x, number), of_class(y, number)), rtol=1e-10)
    np.testing.assert_array_equal(of_class(x, 2, v), 0)  # no data of this class
    shares = {0: 3 / 8, 1: 3 / 8}
    expected = sum(s * energy_distance(of_class(x, c), of_class(y, c)) for c, s in shares.items())
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    np.testing.assert_allclose(v, -slope, rtol=1e-10, atol=1e-12)


def test_fields_by_class_are_the_fields_of_the_classes(x64):
    x, y = labelled_draws()
    field = partial(score_difference_field, bandwidth=0.8)
    objective = conditional_field(field, CLASSES, partial(score_difference_witness, bandwidth=0.8))
    v = jax.jit(partial(velocity, objective))(KEY, (), x, y)
    for number in (0, 1):
        expected = field(of_class(x, number), of_class(y, number))
        np.testing.assert_allclose(of_class(x, number, v), expected, rtol=1e-10)
    np.testing.assert_array_equal(of_class(x, 2, v), 0)
    heights = objective.witness((), x, x, y)
    inside = np.asarray(x.condition) == 1
    expected = score_difference_witness(of_class(x, 1), of_class(x, 1), of_class(y, 1), 0.8)
    np.testing.assert_allclose(heights[inside], expected, rtol=1e-10)
    drift = conditional_field(lambda *a, **w: drifting_field(*a, **w).field, CLASSES, reason="no gradient")
    with pytest.raises(NoWitnessError, match="no gradient"):
        drift.witness((), x, x, y)


@pytest.mark.slow
def test_a_kernel_of_labels_compares_joint_distributions(x64):
    x, y = labelled_draws()
    kernel = kernels.gaussian(1.0)
    total = 0.0
    for number in range(CLASSES):
        u, v = of_class(x, number), of_class(y, number)
        q, p = len(u) / len(x.values), len(v) / len(y.values)
        within = [share**2 * float(np.mean(kernel(s, s))) if len(s) else 0.0 for s, share in ((u, q), (v, p))]
        total += sum(within) - (2 * q * p * float(np.mean(kernel(u, v))) if len(u) and len(v) else 0.0)
    labelled, x, y = kernels.labelled(kernel), as_rows(x), as_rows(y)
    np.testing.assert_allclose(mmd2_biased(x, y, labelled), total, rtol=1e-10)
    v = jax.jit(partial(velocity, mmd(labelled)))(KEY, (), x, y)
    slope = jax.jit(jax.grad(lambda points: jnp.sum(mmd_witness(points, x, y, labelled))))(x)
    np.testing.assert_allclose(v, -slope, rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(v[:, -1], 0)


def test_kernels_on_columns_see_no_others(x64):
    x, y = map(as_rows, labelled_draws())
    product = kernels.on_columns(kernels.gaussian(0.5), stop=1) * kernels.on_columns(kernels.laplace(2.0), 1)
    expected = np.asarray(kernels.gaussian(0.5)(x[:, :1], y[:, :1]) * kernels.laplace(2.0)(x[:, 1:], y[:, 1:]))
    np.testing.assert_allclose(product(x, y), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="leaves none"):
        kernels.on_columns(kernels.linear(), 3)(x, y)
    with pytest.raises(TypeError, match="must come from"):
        bare(kernels.on_columns)(3)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: bare(conditional)(energy(), 2), TypeError, "an Objective, which has no weights"),
        (lambda x: bare(conditional_field)(3, 2), TypeError, "`field` must be a function"),
        (lambda x: conditional(energy_distance, 0), ValueError, "at least 1"),
        (lambda x: conditional(energy_distance, 2).loss(KEY, (), x, x), ValueError, "integers from 0 to 1"),
        (lambda x: conditional(energy_distance, 2).loss(KEY, (), x.values, x), TypeError, "must come with its classes"),
        (
            lambda x: conditional(energy_distance, 4).loss(KEY, (), x._replace(condition=x.values[:, 0]), x),
            TypeError,
            "must be 8 integers from 0 to 3",
        ),
    ],
)
def test_what_cannot_be_is_explained(make, error, message):
    with pytest.raises(error, match=message):
        make(labelled_draws()[0])


def test_a_class_with_too_few_samples_for_the_divergence_is_passed_over(x64):
    x, y = labelled_draws()
    y = y._replace(condition=y.condition.at[2].set(2))  # x and y have one of class 2
    unbiased = partial(mmd2_unbiased, kernel=kernels.gaussian(1.0))
    objective = conditional(unbiased, CLASSES)
    loss, v = jax.jit(lambda x, y: (objective.loss(KEY, (), x, y), velocity(objective, KEY, (), x, y)))(x, y)
    few = np.asarray(x.condition) == 2
    shares = {0: 3 / 8, 1: 3 / 8}
    expected = sum(
        share * mmd2_unbiased(of_class(x, c), of_class(y, c), kernels.gaussian(1.0)) for c, share in shares.items()
    )
    np.testing.assert_allclose(loss, expected, rtol=1e-10)
    assert np.isfinite(v).all()
    np.testing.assert_array_equal(v[few], 0)
    for same in (
        conditional(jax.jit(unbiased), CLASSES),
        conditional(lambda x, y, **weights: unbiased(x, y, **weights), CLASSES, least=2),
    ):
        for _ in range(3):  # whatever has been compiled before
            np.testing.assert_allclose(same.loss(KEY, (), x, y), expected, rtol=1e-10)
