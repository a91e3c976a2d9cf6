"""The pictures that tests draw begin anew in each, so that none depends on which ran before it."""

import numpy as np
import pytest

from tests.data import pictures


@pytest.fixture(autouse=True)
def own_pictures(monkeypatch):
    monkeypatch.setattr(pictures, "RNG", np.random.default_rng(0))
