"""What is handed in as a function or a network, and what these give."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import functions


def test_features_are_one_row_a_sample():
    points = jnp.ones((3, 2))
    assert functions.one_row(points, points) is points
    with pytest.raises(ValueError, match=r"one row a sample, shape \(3, k\), but are \(3,\) for samples \(3, 2\)"):
        functions.one_row(points[:, 0], points)


def test_fields_give_one_vector_a_point():
    points = jnp.ones((3, 2))
    np.testing.assert_array_equal(functions.field("score", lambda p: -p, points), -points)
    with pytest.raises(TypeError, match=r"`score` must be a function of points .*, but is float"):
        functions.field("score", 1.0, points)
    with pytest.raises(ValueError, match=r"one vector a point, shape \(3, 2\), but gave \(3,\)"):
        functions.field("score", lambda p: p[:, 0], points)
    with pytest.raises(ValueError, match=r"`score\(points\)` must hold finite numbers"):
        functions.field("score", jnp.log, 0 * points)


def test_what_is_no_network_is_told_how_to_be_one():
    from flax import linen, nnx

    def text(value):
        return str(functions.not_a_network("critic", "mlp_critic(2)", value))

    assert text("mlp") == "`critic` must be a Network, e.g. `mlp_critic(2)`, but is str"
    assert text(nnx.Linear(2, 1, rngs=nnx.Rngs(0))).endswith(
        "but is Linear; wrap it as `igm_jax.networks.network(module)`"
    )
    assert text(linen.Dense(1)).endswith("but is Dense; wrap it as `igm_jax.networks.from_linen(module, example)`")
