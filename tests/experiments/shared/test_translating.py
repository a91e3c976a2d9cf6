from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.translating import (
    SIDE,
    blurred,
    critic_of,
    generator_of,
    measured,
    network_of,
    ran,
    scale_of,
    scenario,
    silhouette,
    squares,
    turned,
)
from igm_jax import Batch
from igm_jax.data.letters import PLACE
from igm_jax.training import Run

needs_fonts = pytest.mark.skipif(not Path(PLACE.folder).is_dir(), reason=f"needs {PLACE.package}")


class Counting(NamedTuple):
    key: Any
    count: Any


def test_a_blur_is_the_gradient_of_a_convex_function_and_keeps_the_mean():
    matrix = blurred(np.eye(64, dtype=np.float32))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > 0
    np.testing.assert_allclose(matrix.sum(0), 1, atol=1e-5)


def test_four_quarters_are_none():
    x = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    np.testing.assert_array_equal(turned(turned(turned(turned(x)))), x)
    assert np.abs(turned(x) - x).max() > 0.1


@pytest.mark.parametrize("name", ["blurred", "turned"])
def test_targets_are_out_of_order_and_the_order_is_known(name):
    of = scenario(name)
    truth = {"blurred": blurred, "turned": turned}[name]
    np.testing.assert_array_equal(of.target[of.order], truth(of.source))
    assert not np.array_equal(of.target, truth(of.source))
    np.testing.assert_array_equal(of.truth, truth(of.held))


def test_the_truth_has_no_error_and_passes_and_the_source_does_not():
    of = scenario("turned", small=True)
    best, worst = measured(of, of.truth, small=True), measured(of, of.held, small=True)
    assert (best["error"], best["right"]) == (0.0, 1.0)
    assert best["passing"] > 0.8 > 0.3 > worst["passing"]
    assert worst["error"] > 0.3


def test_maps_begin_near_the_identity_and_critics_give_a_number():
    of = scenario("turned", small=True)
    network, critic = network_of(of), critic_of(of)
    made = generator_of(network).sample(network.init(jax.random.key(0)), jax.random.key(1), jnp.asarray(of.held), 1)
    gap = np.sqrt(np.mean((np.asarray(made[:, 0]) - of.held) ** 2))
    assert 0 < gap < 0.5 * np.std(of.held)
    assert critic.apply(critic.init(jax.random.key(0)), jnp.asarray(of.held)).shape == (20,)


def test_squares_are_those_of_pairs():
    x, y = jnp.array([[1.0, 2.0]]), jnp.array([[1.0, 4.0]])
    assert float(squares().loss(jax.random.key(0), (), Batch(x, condition=x), Batch(y, condition=x))) == 2.0
    assert scale_of(scenario("turned", small=True)) > 1


def test_a_loop_makes_as_many_steps_as_it_is_told():
    counted = Run(
        lambda key: Counting(key, jnp.zeros(())),  # pyrefly: ignore
        lambda key, state: (state._replace(count=state.count + 1), {}),
    )
    assert float(ran(counted, 7, 0).count) == 7


def test_a_silhouette_of_a_ring_is_that_of_the_disc():
    rows, columns = np.indices((SIDE, SIDE)) - SIDE // 2
    radius = np.hypot(rows, columns)
    disc, ring = np.where(radius < 6, 1.0, -1.0), np.where((radius < 6) & (radius > 4), 1.0, -1.0)
    seen = [
        np.asarray(silhouette(jnp.asarray(one.reshape(-1), jnp.float32))).reshape(SIDE, SIDE) for one in (disc, ring)
    ]
    wide = radius > 2.5
    np.testing.assert_array_equal(seen[0][wide], seen[1][wide])


@needs_fonts
def test_letters_and_their_outlines_belong_together():
    of = scenario("outlines")
    assert (of.source.shape[1], of.local, len(of.source) > 400, len(of.held) > 100) == (SIDE**2, True, True, True)
    # An outline has less ink than its letter, and is nearer to it than to others: in silhouettes by much more than in pixels.
    assert (of.truth.mean(1) < of.held.mean(1)).mean() > 0.95
    seen = jax.vmap(silhouette)
    shares = []
    for look in (np.asarray, lambda x: np.asarray(seen(jnp.asarray(x)))):
        apart = ((look(of.held)[:, None] - look(of.truth)[None]) ** 2).sum(2)
        shares.append(np.diag(apart).mean() / apart.mean())
    assert shares[1] < 0.5 < shares[0] < 1
