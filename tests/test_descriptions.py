"""What something was made of, as JSON: which of it is known, and what large arrays are told by."""

import jax.numpy as jnp
import numpy as np

from igm_jax import stateless
from igm_jax.descriptions import described, exactly, importable
from igm_jax.generators import particles
from igm_jax.kernels import gaussian
from igm_jax.lifts import no_witness


def gap(x, y):
    return jnp.sum(jnp.square(x.mean(0) - y.mean(0)))


def test_a_description_says_what_is_not_verified():
    value, unverified = described(
        {"target": lambda key, n: jnp.zeros((n, 2)), "objective": stateless(gap), "kernel": gaussian(1.0)}
    )
    assert value["kernel"] == {"kind": "gaussian", "bandwidth": 1.0}
    assert unverified == ["target", "objective.divergence"]


def test_large_arrays_are_described_by_a_digest():
    told = described(particles(np.zeros((100, 2), np.float32))).value["x"]
    assert told["array"] == "float32[100, 2]"
    assert len(told["sha256"]) == 64
    assert described(jnp.arange(3)).value == {"array": "int32[3]", "values": [0, 1, 2]}


def test_exactly_tells_types_and_code_apart():
    assert exactly(jnp.float32(1)) == exactly(jnp.float32(1))
    assert exactly(jnp.float32(1)) != exactly(jnp.int32(1))
    assert exactly(lambda x: x) != exactly(lambda x: 2 * x)


def test_what_a_name_leads_to_can_be_imported():
    assert importable(gap)
    assert not importable(lambda x: x)


def test_what_moved_keeps_its_old_name():
    """Runs that were begun when it stood elsewhere go on."""
    told = described(no_witness("it is a test")).value
    assert told["function"] == "igm_jax.base.no_witness.<locals>.witness"
