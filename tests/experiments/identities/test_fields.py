"""Velocity fields: every identity holds, in the sense that it claims."""

import jax.numpy as jnp
import pytest

from experiments.identities import fields
from tests.experiments.identities.holding import assert_holds, each


@each(fields.IDENTITIES)
def test_identity(identity):
    assert_holds(identity)


def test_a_curl_is_seen(x64):
    """A rotation has an antisymmetric Jacobian, the mean shift to a point has none."""
    turned = fields._antisymmetric(lambda x, y: x @ jnp.array([[0.0, 1.0], [-1.0, 0.0]]))
    assert turned == pytest.approx(2)
    assert fields._antisymmetric(lambda x, y: -x) == 0
