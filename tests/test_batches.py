"""What passes through the contract beside values: it is used as the mathematics say, or refused by name."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, NoWitnessError, energy_distance, kernels, stateless, velocity
from igm_jax.base import regression
from igm_jax.batches import UnusedPartError, checked, effective_weights, per_weight
from igm_jax.objectives import drifting, energy, energy_scoring, kernel_scoring, per_condition
from tests.conformance import ROWS
from tests.conformance.row import KEY

B, D = 4, 2
WEIGHTED = {
    "mmd", "energy", "log_energy", "sinkhorn", "bures", "sinkhorn_drift", "imle", "chamfer", "score_difference", "kde_drift",
    "sharp_drifting", "drifting", "drifting, released", "ksd", "svgd", "sinkhorn, unbalanced", "energy_scoring", "kernel_scoring",
    "energy_scoring, v", "crps_scoring", "crps_scoring, v", "frechet_loss", "frechet_loss, fixed",
}  # fmt: skip
"""Rows of objectives that take weights of samples."""

THROUGH = {"weighted", "on_features", "on_feature_groups", "annealed", "auto"}
"""Those that hand them on."""

ALSO = {"frozen", "frozen, landmarks", "frechet_loss, rate", "frechet_loss, bank"}
"""Those whose weights are tested where they are: they have a state, or data that are fixed."""


OWN = {"conditional", "joint", "per_condition", "transported"}
"""Rows whose objectives read a batch; in their rows it is made of arrays."""


def draws(k: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(B, k, D)), 0.5 + rng.normal(size=(B, 3, D))
    return x, y, rng.uniform(0.2, 2, (B, k)), rng.uniform(0.2, 2, (B, 3))


def takes(name: str, part: str, side: str = "x") -> bool:
    """Whether the loss of a row takes a part; the error of one that does not names part and side."""
    objective, (x, y, a, b) = ROWS[name].objective, draws(2)
    parts = {
        "weights": {"x": a.ravel(), "y": b.ravel()},
        "condition": {"x": np.zeros(2 * B, np.int32), "y": np.zeros(3 * B, np.int32)},
        "observed": {"x": np.ones((2 * B, D), bool), "y": np.ones((3 * B, D), bool)},
    }[part]
    samples = {"x": x.reshape(-1, D), "y": y.reshape(-1, D)}

    def loss(key, x, y):
        state = objective.init(key, x)
        whole = {"x": x, "y": y}
        return objective.loss(key, state, **(whole | {side: Batch(whole[side], **{part: parts[side]})}))

    told = None
    try:
        jax.eval_shape(loss, KEY, **samples)
    except UnusedPartError as error:
        told = str(error)
    assert told is None or f"`{side}` comes with `{part}`" in told
    return told is None


@pytest.mark.parametrize("part", ["weights", "condition", "observed"])
def test_a_part_is_taken_or_refused_by_name(part):
    without_data = {
        "ksd",
        "svgd",
        "stein_reverse_kl",
        "reverse_kl",
        "frechet_loss, fixed",
        "frozen",
        "frozen, landmarks",
    }
    found = {name: (takes(name, part), takes(name, part, "y")) for name in ROWS if name not in OWN}
    expected = {"weights": WEIGHTED | THROUGH | ALSO, "condition": set(), "observed": set()}[part]
    assert {name for name, (x, _) in found.items() if x} == expected
    also_y = {name for name, (_, y) in found.items() if y}
    if part == "weights":
        assert also_y >= expected - without_data
    if part == "observed":
        assert also_y == {"energy_scoring", "energy_scoring, v", "kernel_scoring", "crps_scoring", "crps_scoring, v"}
    assert not also_y & without_data


@functools.cache
def fields(name: str, within: bool):
    """Loss, velocity and the slope of the witness of a row, of batches (b, k, d); within each condition or over all."""
    objective = per_condition(ROWS[name].objective) if within else ROWS[name].objective

    def of(x, y):
        def height(values):
            return jnp.sum(objective.witness((), Batch(values), x, y))

        slope = jnp.zeros(()) if "witness" in ROWS[name].exceptions else jax.grad(height)(x.values)
        return objective.loss(KEY, (), x, y), velocity(objective, KEY, (), x, y), slope

    return jax.jit(of)


GRADIENTS = sorted(n for n in WEIGHTED if n in ROWS and "witness" not in ROWS[n].exceptions and not ROWS[n].leaves_out)
DAILY = {"energy", "score_difference"}


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("name", [n if n in DAILY else pytest.param(n, marks=pytest.mark.slow) for n in GRADIENTS])
def test_the_velocity_of_weighted_draws_is_minus_the_slope_of_the_witness(name, within, k, x64):
    x, y, a, b = draws(k)
    data = Batch(y) if name in ("ksd", "frechet_loss, fixed") else Batch(y, weights=b)
    _, v, slope = fields(name, within)(Batch(x, weights=a), data)
    np.testing.assert_allclose(v, -slope, rtol=1e-6, atol=1e-9)


def test_there_is_something_to_test():
    assert {"mmd", "energy", "log_energy", "sinkhorn", "bures", "ksd"} <= set(GRADIENTS)


TAKING = [
    n if n in DAILY | {"drifting"} else pytest.param(n, marks=pytest.mark.slow) for n in sorted(WEIGHTED & set(ROWS))
]


@pytest.mark.parametrize("name", TAKING)
def test_weights_are_repetitions_and_zero_is_a_removal(name, x64):
    row, (x, y, _, _) = ROWS[name], draws(2)
    x, y = jnp.asarray(x.reshape(-1, D)), jnp.asarray(y.reshape(-1, D))
    counts, some = np.array([2.0, 1, 3, 1, 1, 2, 1, 1]), np.array([1.0, 0, 1, 1, 0, 1, 1, 1])
    of = fields(name, False)
    if "repetition of x" not in row.exceptions and not name.startswith(
        "drifting"
    ):  # which masks a sample, not its copy
        value, v, _ = of(Batch(x, weights=counts), y)
        each = np.repeat(x, counts.astype(int), axis=0)
        expected, repeated, _ = of(Batch(each), y)
        np.testing.assert_allclose(value, expected, rtol=1e-7, atol=1e-10)
        first = np.cumsum(counts).astype(int) - counts.astype(int)
        # Of copies that are nearest to one datum the first is moved: the mean over copies is a sample's velocity.
        means = np.add.reduceat(repeated, first, axis=0) / counts[:, None]
        np.testing.assert_allclose(v, means, rtol=1e-6, atol=1e-9)
    if "removal" not in row.exceptions:
        value, v, _ = of(Batch(x, weights=some), y)
        expected, kept, _ = of(Batch(x[some > 0]), y)
        np.testing.assert_allclose(value, expected, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(v[some > 0], kept, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(v[some == 0], 0)


def test_a_condition_without_weight_is_removed(x64):
    x, y, a, _ = draws(3)
    a = a.at[1].set(0) if hasattr(a, "at") else np.where(np.arange(B)[:, None] == 1, 0, a)
    keep = np.arange(B) != 1
    of = fields("energy", True)
    value, v, _ = of(Batch(x, weights=a), Batch(y))
    expected, kept, _ = of(Batch(x[keep], weights=a[keep]), Batch(y[keep]))
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(v[keep], kept, rtol=1e-10)
    np.testing.assert_array_equal(v[1], 0)


@pytest.mark.parametrize("objective", [energy_scoring(1.5), kernel_scoring(kernels.gaussian(0.8))], ids=str)
def test_what_is_not_observed_is_removed(objective, x64):
    """Draws and datum are compared in the features that are known, NaN wherever the datum is not."""
    rng = np.random.default_rng(0)
    x, y, known = rng.normal(size=(B, 4, 3)), rng.normal(size=(B, 3)), rng.random((B, 3)) < 0.6
    known[0] = [True, False, True]
    o = per_condition(objective)

    def both(x, y, known):
        data = Batch(jnp.where(known, y, jnp.nan), observed=known)
        return o.loss(KEY, (), Batch(x), data), velocity(o, KEY, (), Batch(x), data)

    value, v = jax.jit(both)(x, y, known)
    alone = [
        objective.loss(KEY, (), jnp.asarray(x[i][:, known[i]]), jnp.asarray(y[i][None, known[i]]))
        for i in range(B)
        if known[i].any()
    ]
    np.testing.assert_allclose(value, np.sum(alone) / B, rtol=1e-10)
    v_alone = velocity(objective, KEY, (), jnp.asarray(x[0][:, known[0]]), jnp.asarray(y[0][None, known[0]]))
    np.testing.assert_allclose(v[0][:, known[0]], v_alone, rtol=1e-9)
    np.testing.assert_array_equal(np.asarray(v)[np.broadcast_to(~known[:, None], v.shape)], 0)


def test_a_field_is_the_velocity_of_its_regression_for_any_weights(x64):
    x, _, a, _ = draws(3)
    field = jnp.asarray(np.random.default_rng(1).normal(size=x.shape))
    slope = jax.grad(lambda values: regression(Batch(values, weights=a), field))(jnp.asarray(x))
    np.testing.assert_allclose(
        -slope / np.asarray(effective_weights(Batch(x, weights=a)))[..., None], field, rtol=1e-12
    )


def test_a_batch_of_values_alone_is_an_array():
    x, y, _, _ = draws(2)
    x, y = jnp.asarray(x.reshape(-1, D), jnp.float32), jnp.asarray(y.reshape(-1, D), jnp.float32)
    for objective in (energy(), drifting(0.5)):
        for one, other in zip(
            (objective.loss(KEY, (), Batch(x), Batch(y)), velocity(objective, KEY, (), Batch(x), y)),
            (objective.loss(KEY, (), x, y), velocity(objective, KEY, (), x, y)),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(energy_distance(Batch(x), y), energy_distance(x, y))


@pytest.mark.parametrize("dtype", [np.int32, np.float16, jnp.bfloat16])
@pytest.mark.parametrize("size", [0.01, 1e3, 1e30])
def test_weights_are_shares_whatever_the_type_of_the_values(dtype, size):
    x, y = np.arange(8).reshape(4, 2).astype(dtype), np.ones((5, 2), dtype)
    weights = np.array([0.9, 0.9, 0.1, 1.5])
    got = energy().loss(KEY, (), Batch(jnp.asarray(x), weights=size * weights), jnp.asarray(y))
    expected = energy_distance(x.astype(np.float32), y.astype(np.float32), x_weights=weights)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    slope = jnp.ones((4, 2), jnp.float16)
    np.testing.assert_allclose(per_weight(Batch(slope, weights=jnp.full(4, 5e4)), slope), 4.0)


def test_a_divergence_gets_the_parts_that_it_names():
    def divergence(x, y, *, x_condition, y_weights=None):
        return jnp.mean((x - x_condition) ** 2) + jnp.sum(y_weights)

    objective, x = stateless(divergence), Batch(jnp.ones((2, 3, 1)), condition=jnp.zeros((2, 1)))
    y = Batch(jnp.ones((4, 1)), weights=jnp.array([1.0, 2, 3, 4]))
    assert float(objective.loss(KEY, (), x, y)) == pytest.approx(2.0)  # weights sum to one
    with pytest.raises(UnusedPartError, match="`x` comes with `weights`, which `divergence` cannot use"):
        objective.loss(KEY, (), x._replace(weights=jnp.ones((2, 3))), y)
    with pytest.raises(NoWitnessError):
        objective.witness((), x, x, y)


X = jnp.zeros((4, 2))
WRONG = {
    "rows": (Batch(np.zeros(3)), ValueError, r"must hold values \(n, d\)"),
    "condition": (
        Batch(X, condition=np.zeros(3)),
        ValueError,
        r"one entry for each of its 4 rows, but has shape \(3,\)",
    ),
    "scalar condition": (Batch(X, condition=np.float32(1)), ValueError, "one entry for each"),
    "empty condition": (Batch(X, condition={}), TypeError, "holds no array"),
    "groups": (Batch(X[None], condition=np.zeros(4)), ValueError, "each of its 1 groups of draws"),
    "weights": (Batch(X, weights=np.ones(3)), ValueError, r"must have shape \(4,\), one a sample, but have \(3,\)"),
    "negative weights": (Batch(X, weights=np.array([1.0, -1, 1, 1])), ValueError, "non-negative with a positive sum"),
    "no weight": (Batch(X, weights=np.zeros(4)), ValueError, "sum to 0"),
    "NaN weights": (Batch(X, weights=np.array([1.0, np.nan, 1, 1])), ValueError, "must be finite"),
    "mask of another shape": (Batch(X, observed=np.ones(4, bool)), ValueError, r"shape of its values, \(4, 2\)"),
    "mask of numbers": (Batch(X, observed=np.ones((4, 2))), TypeError, "must be booleans"),
}


@pytest.mark.parametrize("case", WRONG)
def test_parts_that_do_not_fit_are_named(case):
    batch, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        checked("x", batch)
    with pytest.raises(error, match=message):
        energy().loss(KEY, (), batch, X)


@pytest.mark.slow
def test_drifting_counts_samples_not_the_size_of_their_weights(x64):
    x, y, a, b = draws(2)
    of = fields("drifting, released", False)
    expected = of(Batch(x, weights=a), Batch(y, weights=b))
    got = of(Batch(x, weights=1e3 * a), Batch(y, weights=1e-3 * b))
    for one, other in zip(got[:2], expected[:2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
