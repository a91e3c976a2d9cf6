import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import stats

from igm_jax import Batch, kernels, mmd2_unbiased
from igm_jax.objectives import energy_score, energy_scoring, kernel_score, per_condition, pooled
from tests import reference

RNG = np.random.default_rng(0)
score = jax.jit(energy_score, static_argnames="beta")


def crps(mean, std, y):
    """Of a normal law: E|X - y| - ½ E|X - X'|."""
    z = (y - mean) / std
    return std * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


def test_is_the_ranked_probability_score_of_a_normal_law(x64):
    mean, std, y = np.array([0.3, -1.0, 2.0]), np.array([0.5, 1.0, 2.0]), np.array([0.1, 1.5, 2.0])
    draws = mean[None, :, None] + std[None, :, None] * RNG.normal(size=(400, 3, 6))
    many = score(draws.reshape(1200, 6)[..., None], np.tile(y, 400)[:, None])
    values = np.asarray(many).reshape(400, 3)  # unbiased with six draws, and so on average exact
    assert (np.abs(values.mean(0) - crps(mean, std, y)) < 4 * values.std(0) / np.sqrt(400)).all()
    grid = mean[:, None] + std[:, None] * stats.norm.ppf((np.arange(2000) + 0.5) / 2000)[None]
    np.testing.assert_allclose(score(grid[..., None], y[:, None]), crps(mean, std, y), rtol=2e-3)


def test_is_its_formula_for_vectors(x64):
    draws, y = RNG.normal(size=(4, 5, 3)), RNG.normal(size=(4, 3))
    for beta in (0.5, 1.0, 2.0):
        expected = [
            np.mean(np.linalg.norm(some - datum, axis=1) ** beta)
            - 0.5 * np.sum(reference.squared_distances(some, some) ** (beta / 2)) / 20
            for some, datum in zip(draws, y, strict=True)
        ]
        np.testing.assert_allclose(score(draws, y, beta=beta), expected, rtol=1e-10)


def test_a_mean_of_scores_is_half_the_mmd_plus_what_no_model_can_change(x64):
    x, y, kernel = RNG.normal(size=(8, 2)), 1 + RNG.normal(size=(11, 2)), kernels.gaussian(0.8)
    scores = jax.jit(lambda draws, y: kernel_score(draws, y, kernel))(np.broadcast_to(x, (11, 8, 2)), y)
    data = np.asarray(kernel(y, y))
    own = (data.sum() - 11) / 110
    np.testing.assert_allclose(jnp.mean(scores), 0.5 * mmd2_unbiased(x, y, kernel) - 0.5 * own + 0.5, rtol=1e-10)


def test_the_true_law_has_the_least_score_on_average(x64):
    """Proper: in the mean and in the spread of a normal model the expected score has its minimum at the truth."""
    noise = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    y = 1 + 0.5 * noise

    @jax.jit
    def expected(mean, std):
        draws = jnp.broadcast_to((mean + std * noise)[None, :, None], (200, 200, 1))
        return jnp.mean(energy_score(draws, y[:, None]))

    slopes = jax.jit(jax.grad(expected, argnums=(0, 1)))(1.0, 0.5)
    # Nodes that are no random draws are met with each other a little too often: by ½ E|Z - Z'| / 199.
    np.testing.assert_allclose(slopes, (0, -1 / np.sqrt(np.pi) / 199), atol=1e-4)
    best = expected(1.0, 0.5)
    np.testing.assert_allclose(best, 0.5 / np.sqrt(np.pi), rtol=1e-2)  # ½ E|Y - Y'|
    for wrong in ((1.2, 0.5), (0.8, 0.5), (1.0, 0.4), (1.0, 0.65)):
        assert expected(*wrong) > best + 1e-3


def test_trains_a_conditional_model_from_one_datum_a_condition(x64):
    """A line with normal noise: slope, offset and spread are found from single observations."""
    condition = RNG.normal(size=400)
    y = 1 + 2 * condition + 0.5 * RNG.normal(size=400)

    def loss(parameters, key):
        noise = jax.random.normal(key, (400, 4))
        slope, offset, spread = parameters
        draws = (offset + slope * condition)[:, None] + spread * noise
        return jnp.mean(energy_score(draws[..., None], y[:, None]))

    @jax.jit
    def fitted(keys):
        step = jax.grad(loss)
        return jax.lax.scan(lambda p, key: (p - 0.5 * step(p, key), p), jnp.array([0.0, 0.0, 1.0]), keys)[1]

    path = fitted(jax.random.split(jax.random.key(0), 300))
    np.testing.assert_allclose(path[-100:].mean(0), [2, 1, 0.5], atol=0.1)  # the data say so to 0.03


def test_gradients_by_finite_differences(x64):
    draws, y = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 2))
    check_grads(
        jax.jit(lambda draws, y: jnp.sum(energy_score(draws, y))), (draws, y), order=1, modes=["rev"], rtol=1e-5
    )


@pytest.mark.parametrize("draws", [np.ones((3, 4, 1)), np.ones((4, 4, 2)), np.ones((3, 2)), np.ones((3, 0, 2))])
def test_draws_that_do_not_fit_are_explained(draws):
    with pytest.raises(ValueError, match="k draws under each of c conditions"):
        energy_score(draws, np.ones((3, 2)))


def test_one_draw_is_scored_by_the_v_statistic_alone():
    with pytest.raises(ValueError, match="at least two draws for each of the data"):
        energy_score(np.ones((3, 1, 2)), np.zeros((3, 2)))
    np.testing.assert_allclose(energy_score(np.ones((3, 1, 2)), np.zeros((3, 2)), alpha=0), np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"alpha": 1.5}, ValueError, r"`alpha` must be in \[0, 1\], but is 1.5"),
        ({"alpha": True}, TypeError, "`alpha` must be a number"),
        ({"temperature": 0}, ValueError, r"`temperature` must be in \(0, 1\], but is 0"),
        ({"beta": 2.5}, ValueError, "beta"),
        ({"observed": np.ones((3, 1), bool)}, TypeError, "booleans of the shape of `y`"),
        ({"observed": np.ones((3, 2), bool), "of": pooled((2,), 2)}, ValueError, "observed in part"),
        ({"of": lambda x: x.sum(1)}, ValueError, "`of` must make rows"),
    ],
)
def test_options_out_of_their_range_are_explained(options, error, text):
    with pytest.raises(error, match=text):
        energy_score(np.ones((3, 2, 2)), np.ones((3, 2)), **options)


def test_what_is_missing_is_said_and_not_guessed():
    y = np.array([[1.0, np.nan]])
    with pytest.raises(ValueError, match="if they are missing, say which are not"):
        energy_score(np.ones((1, 2, 2)), y)
    with pytest.raises(ValueError, match="at least one datum for each condition"):
        energy_score(np.ones((1, 2, 2)), np.ones((1, 0, 2)))


@pytest.mark.parametrize("k", [3, 7, 260])
def test_is_scored_in_what_is_known_of_each_datum(k, x64):
    """Several data of a condition, each seen in part: the mean of the scores in the features that are known."""
    draws, y = RNG.normal(size=(3, k, 4)), RNG.normal(size=(3, 5, 4))
    known = RNG.random(y.shape) < 0.6
    known[0, 1] = False  # left out
    known[2] = False  # nothing is left: no score
    expected = np.zeros(3)
    for c in range(2):
        parts = [
            energy_score(draws[c][:, there][None], y[c, j][there][None])[0]
            for j, there in enumerate(known[c])
            if there.any()
        ]
        expected[c] = np.mean(parts)
    found = energy_score(draws, np.where(known, y, np.nan), observed=known)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("k", [2, 4, 8, 64])
def test_the_bias_of_the_v_statistic_is_that_of_its_formula(k, x64):
    """Fair scores are unbiased for every k; V's are too large by E|X - X'| / 2k, and almost fair ones lie between exactly."""
    n, true = 4000, crps(0.0, 1.0, 0.5)
    draws, y = np.random.default_rng(k).normal(size=(n, k, 1)), np.full((n, 1), 0.5)
    fair, v, almost = (np.asarray(energy_score(draws, y, alpha=alpha)) for alpha in (1.0, 0.0, 0.95))
    assert abs(fair.mean() - true) < 4 * fair.std() / np.sqrt(n)
    bias = 2 / np.sqrt(np.pi) / (2 * k)
    assert abs(v.mean() - true - bias) < 4 * v.std() / np.sqrt(n)
    np.testing.assert_allclose(almost, 0.95 * fair + 0.05 * v, rtol=1e-12)


def dense(draws, y, beta, alpha, temperature):
    """The score from its definition, over all pairs of draws of each condition and all of its data."""
    k = draws.shape[1]
    far = np.linalg.norm(draws[:, :, None] - y[:, None], axis=-1) ** beta
    apart = np.linalg.norm(draws[:, :, None] - draws[:, None], axis=-1) ** beta
    fair, v = apart.sum((1, 2)) / (k * (k - 1)), apart.mean((1, 2))
    return far.mean((1, 2)) - 0.5 * temperature * (alpha * fair + (1 - alpha) * v)


@pytest.mark.parametrize("d", [1, 3, 20])
@pytest.mark.parametrize("k", [2, 3, 4, 5, 33, 260])
def test_is_its_definition_whatever_way_it_goes(k, d, x64):
    draws, y = RNG.normal(size=(3, k, d)), RNG.normal(size=(3, 2, d))
    for beta, alpha, temperature in ((1.0, 1.0, 1.0), (1.0, 0.3, 0.9), (0.5, 0.0, 1.0), (1.7, 0.95, 1.0)):
        found = energy_score(draws, y, beta=beta, alpha=alpha, temperature=temperature)
        np.testing.assert_allclose(found, dense(draws, y, beta, alpha, temperature), rtol=1e-10)


@pytest.mark.parametrize(("k", "d"), [(2, 1), (3, 2), (4, 9), (7, 1), (9, 12)])
def test_slopes_in_draws_data_and_lengths_are_those_of_finite_differences(k, d, x64):
    draws, y = RNG.normal(size=(2, k, d)), RNG.normal(size=(2, 2, d))

    def value(draws, y, width):
        return jnp.sum(energy_score(draws, y) + kernel_score(draws, y, kernels.gaussian(width), alpha=0.5))

    check_grads(jax.jit(value), (draws, y, 1.3), order=1, modes=["fwd", "rev"], rtol=1e-5)


def test_many_conditions_come_some_at_a_time_and_are_the_same():
    draws, y = np.float32(RNG.normal(size=(300, 20, 64))), np.float32(RNG.normal(size=(300, 64)))

    @jax.jit
    def value(draws, y):
        return jax.value_and_grad(lambda draws: jnp.sum(energy_score(draws, y)))(draws)

    np.testing.assert_allclose(jnp.sum(energy_score(draws, y)), value(draws, y)[0], rtol=1e-5)  # without slopes, too
    total, slopes = value(draws, y)
    parts = [value(draws[i : i + 1], y[i : i + 1]) for i in range(300)]
    np.testing.assert_allclose(total, sum(part for part, _ in parts), rtol=1e-5)
    np.testing.assert_allclose(slopes, np.concatenate([slope for _, slope in parts]), atol=2e-6)


@pytest.mark.parametrize("k", [2, 6, 260])
@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_is_right_at_any_size(size, k):
    draws, y = np.float32(RNG.normal(size=(4, k, 3))), np.float32(RNG.normal(size=(4, 3)))
    found = jax.jit(energy_score)(np.float32(size) * draws, np.float32(size) * y) / np.float32(size)
    np.testing.assert_allclose(found, energy_score(draws, y), rtol=1e-5)


@pytest.mark.parametrize("k", [2, 3, 6, 260])
def test_draws_that_coincide_have_finite_slopes(k):
    slopes = jax.grad(lambda draws: jnp.sum(energy_score(draws, np.zeros((2, 3)))))(jnp.ones((2, k, 3)))
    np.testing.assert_allclose(slopes, 1 / np.sqrt(3) / k, rtol=1e-5)  # towards the datum alone
    at_rest = jax.grad(lambda draws: jnp.sum(energy_score(draws, np.ones((2, 3)))))(jnp.ones((2, k, 3)))
    np.testing.assert_array_equal(at_rest, 0)


def test_sees_through_a_transform(x64):
    draws, y = RNG.normal(size=(3, 4, 6)), RNG.normal(size=(3, 6))
    mean = lambda rows: rows.reshape(len(rows), 3, 2).mean(2)  # noqa: E731
    expected = energy_score(mean(draws.reshape(12, 6)).reshape(3, 4, 3), mean(y))
    np.testing.assert_allclose(energy_score(draws, y, of=pooled((6,), 2)), expected, rtol=1e-12)


def test_as_objectives_they_are_the_same_numbers(x64):
    draws, y = RNG.normal(size=(5, 6, 3)), RNG.normal(size=(5, 3))
    for alpha, temperature in ((1.0, 1.0), (0.0, 1.0), (0.95, 0.9)):
        objective = per_condition(energy_scoring(1.0, alpha, temperature))
        found = objective.loss(jax.random.key(0), (), Batch(jnp.asarray(draws)), jnp.asarray(y))
        expected = jnp.mean(energy_score(draws, y, alpha=alpha, temperature=temperature))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "d"), [(3, 2), (6, 1), (7, 12)])
def test_second_derivatives_are_those_of_the_definition(n, d, x64):
    x, y = jnp.asarray(RNG.normal(size=(n, d))), jnp.asarray(RNG.normal(size=(2, d)))
    objective = energy_scoring()

    def by_definition(x):
        root = lambda squared: jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)  # noqa: E731
        far = root(jnp.sum((x[:, None] - y[None]) ** 2, axis=2))
        apart = root(jnp.sum((x[:, None] - x[None]) ** 2, axis=2))
        return far.mean() - 0.5 * apart.sum() / (n * (n - 1))

    found = jax.hessian(lambda x: objective.loss(jax.random.key(0), (), x, y))(x)
    np.testing.assert_allclose(found, jax.hessian(by_definition)(x), atol=1e-9)


def test_one_large_number_is_seen():
    x, y = jnp.array([[1e25, 0.0], [0.0, 0.0]]), jnp.array([[0.0, 1.0]])
    np.testing.assert_allclose(energy_scoring().loss(jax.random.key(0), (), x, y), 0.0, atol=1e18)
