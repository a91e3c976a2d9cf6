"""optax's own Adam adds an integer count to a float, so tests that use it relax the strict promotion of types."""

import jax
import pytest


@pytest.fixture
def optax_types():
    with jax.numpy_dtype_promotion("standard"):
        yield
