import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import stats

from igm_jax import sliced_energy_distance, sliced_wasserstein, wasserstein_1d
from igm_jax.objectives import random_directions, sliced, sliced_witness
from igm_jax.pairwise.line import divergences
from tests import reference

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)


@pytest.mark.parametrize("sizes", [(20, 20), (20, 30), (7, 11), (1, 5)])
def test_first_power_is_scipy_s(sizes, x64):
    x, y = RNG.normal(size=sizes[0]), RNG.normal(1, 2, size=sizes[1])
    np.testing.assert_allclose(wasserstein_1d(x, y), stats.wasserstein_distance(x, y), rtol=1e-10)
    a, b = RNG.uniform(size=sizes[0]), RNG.uniform(size=sizes[1])
    got = wasserstein_1d(x, y, x_weights=a, y_weights=b)
    np.testing.assert_allclose(got, stats.wasserstein_distance(x, y, a, b), rtol=1e-10)


def test_closed_forms_of_two_normals_by_their_quantiles(x64):
    quantiles = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    x, y = 0.3 + 0.8 * quantiles, -0.5 + 1.3 * quantiles
    np.testing.assert_allclose(wasserstein_1d(x, y), 0.82324196796016, rtol=1e-4)
    np.testing.assert_allclose(wasserstein_1d(x, y, p=2), 0.8**2 + 0.5**2, rtol=1e-3)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_uniform_weights_given_or_not_agree(p, x64):
    x, y = RNG.normal(size=12), RNG.normal(size=18)
    weighted = wasserstein_1d(x, y, p=p, x_weights=np.ones(12), y_weights=np.ones(18))
    np.testing.assert_allclose(wasserstein_1d(x, y, p=p), weighted, rtol=1e-9)
    repeated = wasserstein_1d(np.repeat(x, 3), np.repeat(y, 2), p=p)
    np.testing.assert_allclose(wasserstein_1d(x, y, p=p), repeated, rtol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_gradients_by_finite_differences(p, x64):
    x, y, a = RNG.normal(size=6), RNG.normal(size=9), RNG.uniform(1, 2, size=6)
    check_grads(jax.jit(lambda x, y: wasserstein_1d(x, y, p=p)), (x, y), order=1, modes=["rev"], rtol=1e-5)
    check_grads(jax.jit(lambda x, a: wasserstein_1d(x, y, p=p, x_weights=a)), (x, a), order=1, modes=["rev"], rtol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_sliced_float32_matches_float64(offset, precision):
    x, y = (RNG.normal(size=(n, 3)).astype(np.float32) + np.float32(offset) for n in (50, 70))
    directions = np.asarray(random_directions(jax.random.key(0), 3, 16), np.float64)
    centre = y.astype(np.float64).mean(0)
    expected = np.mean([_exact(t @ (x - centre).T, t @ (y - centre).T) for t in directions])
    with jax.default_matmul_precision(precision):
        got = sliced_wasserstein(jax.random.key(0), x, y, num_projections=16)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def _exact(x, y):
    """W2² of scalars through a common refinement of both samples."""
    common = np.lcm(len(x), len(y))
    x, y = np.repeat(np.sort(x), common // len(x)), np.repeat(np.sort(y), common // len(y))
    return np.mean((x - y) ** 2)


@pytest.mark.slow
def test_sliced_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    values = []
    for seed in range(10):
        x, y = (reference.draw(rng, gaussian, 1000) for gaussian in (reference.GAUSSIAN_A, reference.GAUSSIAN_B))
        values.append(float(sliced_wasserstein(jax.random.key(seed), x, y, num_projections=500)))
    assert abs(np.mean(values) - 1.9325921390319771) < 4 * np.std(values, ddof=1) / np.sqrt(10)


def test_translation_by_a_vector_costs_its_square_over_the_dimension(x64):
    x, shift = RNG.normal(size=(30, 3)), np.array([1.0, 2.0, 2.0])
    got = sliced_wasserstein(jax.random.key(0), x, x + shift, num_projections=20_000)
    np.testing.assert_allclose(got, 9 / 3, rtol=0.02)


def test_in_one_dimension_every_direction_gives_the_exact_distance(x64):
    x, y = RNG.normal(size=(12, 1)), RNG.normal(size=(8, 1))
    got = sliced_wasserstein(jax.random.key(0), x, y, num_projections=3)
    np.testing.assert_allclose(got, wasserstein_1d(x, y, p=2), rtol=1e-12)


def test_directions_are_uniform_unit_vectors():
    directions = random_directions(jax.random.key(0), 3, 20_000)
    np.testing.assert_allclose(jnp.linalg.norm(directions, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(directions.T @ directions / 20_000, np.eye(3) / 3, atol=0.01)


@pytest.mark.parametrize("p", [1, 2])
def test_witness_is_the_first_variation_for_equal_sizes(p, x64):
    # Moving all mass a little in any direction changes the loss by the witness's slope there.
    x, y, step = RNG.normal(size=(3, 25, 2))
    directions = random_directions(jax.random.key(0), 2, 8, float)

    def loss(t):
        return sliced_wasserstein(jax.random.key(0), x + t * step, y, num_projections=8, p=p)

    slopes = jax.jit(jax.vmap(jax.grad(lambda point: sliced_witness(point[None], x, y, directions, p)[0])))(
        jnp.asarray(x)
    )
    np.testing.assert_allclose(jnp.mean(jnp.sum(slopes * step, axis=1)), jax.jit(jax.grad(loss))(0.0), rtol=1e-8)


def test_update_draws_new_directions_and_the_loss_keeps_them(x64):
    objective, x, y = sliced(4), jnp.asarray(RNG.normal(size=(10, 3))), jnp.asarray(RNG.normal(size=(10, 3)))
    first = objective.init(jax.random.key(0), x)
    second, info = objective.update(jax.random.key(1), first, x, y)
    losses = [objective.loss(jax.random.key(k), state, x, y) for state in (first, second) for k in (2, 3)]
    assert losses[0] == losses[1] != losses[2] == losses[3]
    assert info == {}


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match="`p` must be at least 1"):
        wasserstein_1d([0.0], [1.0], p=0.5)
    with pytest.raises(ValueError, match="must be one-dimensional"):
        wasserstein_1d(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="`num_projections` must be at least 1"):
        sliced(0)
    with pytest.raises(ValueError, match="`p` must be one of 1, 2"):
        sliced(8, p=3)


# --- many directions, in chunks, and by sorting alone ---

DIVERGENCES = [
    pytest.param(lambda *a, **k: sliced_wasserstein(KEY, *a, num_projections=6, p=1, **k), id="p=1"),
    pytest.param(
        lambda *a, **k: sliced_wasserstein(KEY, *a, num_projections=6, p=1.5, **k), id="p=1.5", marks=pytest.mark.slow
    ),
    pytest.param(lambda *a, **k: sliced_wasserstein(KEY, *a, num_projections=6, **k), id="p=2"),
    pytest.param(lambda *a, **k: sliced_energy_distance(KEY, *a, num_projections=6, **k), id="energy"),
]


@pytest.fixture(params=["at once", pytest.param("chunks of directions", marks=pytest.mark.slow)])
def chunks(request, monkeypatch):
    """Both ways through the directions: all at once, or four and then two and two zeros."""
    divergences.mean_over_directions.clear_cache()
    if request.param != "at once":
        monkeypatch.setattr(divergences, "SCALARS_AT_ONCE", 60)
    yield
    divergences.mean_over_directions.clear_cache()


@pytest.mark.parametrize("sizes", [(6, 9), pytest.param((7, 7), marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "divergence",
    [
        DIVERGENCES[2],
        *(pytest.param(*one.values, id=one.id, marks=pytest.mark.slow) for one in (DIVERGENCES[i] for i in (0, 1, 3))),
    ],
)
def test_sliced_gradients_by_finite_differences(divergence, sizes, chunks, x64):
    rng = np.random.default_rng(1)  # one step of the finite difference, 1e-6, then crosses no tie
    x, y = (rng.normal(size=(n, 3)) for n in sizes)
    a, b = (rng.uniform(1, 2, size=n) for n in sizes)
    check_grads(jax.jit(divergence), (x, y), order=1, modes=["rev"], rtol=1e-5, eps=1e-6)
    weighted = jax.jit(lambda x, y, a, b: divergence(x, y, x_weights=a, y_weights=b))
    check_grads(weighted, (x, y, a, b), order=1, modes=["rev"], rtol=1e-5, eps=1e-6)
    together = jax.jit(jax.grad(weighted, argnums=(0, 1, 2, 3)))(x, y, a, b)
    for k, argument in enumerate((x, y, a, b)):
        alone = jax.grad(weighted, argnums=k)(x, y, a, b)
        assert alone.shape == argument.shape
        np.testing.assert_allclose(alone, together[k], rtol=1e-12)


# Not p = 1.5: its second derivative is infinite where two numbers meet, and no finite difference is close to it nearby.
@pytest.mark.parametrize("divergence", [DIVERGENCES[0], *DIVERGENCES[2:]])
def test_second_derivatives_by_finite_differences(divergence, chunks, x64):
    x, y, step = np.random.default_rng(1).normal(size=(3, 6, 3))
    slope = jax.jit(lambda x, y: jnp.sum(step * jax.grad(divergence)(x, y)))
    check_grads(slope, (x, y), order=1, modes=["rev"], rtol=1e-4, atol=1e-7, eps=1e-6)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_weights_are_repetitions(divergence, chunks, x64):
    x, y = RNG.normal(size=(5, 3)), RNG.normal(size=(8, 3))
    a, b = np.array([1, 3, 0, 2, 1]), np.array([2, 1, 1, 4, 1, 0, 1, 1])
    got = divergence(x, y, x_weights=a, y_weights=b)
    np.testing.assert_allclose(got, divergence(np.repeat(x, a, 0), np.repeat(y, b, 0)), rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [*(pytest.param(sizes, marks=pytest.mark.slow) for sizes in ((4096, 4096), (20_000, 30_000))), (65_536, 65_536)],
)
def test_memory_of_value_and_gradient_is_bounded(sizes, weighted):
    x, y, a, b = (jax.ShapeDtypeStruct(s, jnp.float32) for s in ((sizes[0], 8), (sizes[1], 8), sizes[:1], sizes[1:]))

    def loss(x, y, a, b):
        return sliced_wasserstein(KEY, x, y, **({"x_weights": a, "y_weights": b} if weighted else {}))

    compiled = jax.jit(jax.value_and_grad(loss)).lower(x, y, a, b).compile()
    assert compiled.memory_analysis().temp_size_in_bytes <= 150e6


# --- energy distance by sorting ---


@pytest.mark.slow
def test_far_samples_without_weight_get_no_mass_from_rounding():
    """Cumulative weights are summed in a tree, so that adding zero can change their last bit: mass 1e-7, a hundred units away."""
    rng = np.random.default_rng(701 + 301 + 8)
    x, y = rng.normal(size=(701, 8)), 0.3 + 0.8 * rng.normal(size=(301, 8))
    a, b = rng.uniform(0.5, 2, size=701), rng.uniform(0.5, 2, size=301)
    x, y, a, b = (part.astype(np.float32) for part in (x, y, a, b))
    a[1::2], b[1::3] = 0, 0
    far = np.where(a[:, None] > 0, x, 100 * x)

    @jax.jit
    def both(x, y, a, b):
        def value(x):
            return sliced_wasserstein(jax.random.key(0), x, y, num_projections=16, x_weights=a, y_weights=b)

        return jax.value_and_grad(value)(x)

    value, slope = both(far, y, a, b)
    kept_value, kept_slope = both(x[a > 0], y[b > 0], a[a > 0], b[b > 0])
    np.testing.assert_allclose(value, kept_value, rtol=2e-6)
    np.testing.assert_allclose(slope[a > 0], kept_slope, atol=3e-5 * np.abs(kept_slope).max())
    assert np.abs(slope[a == 0]).max() == 0
