"""Transport: losses are squared lengths, strengths squared median distances."""

import pytest

from tests.experiments.configs.scaling import assert_grows


@pytest.mark.parametrize("name", ["sinkhorn", "unbalanced-sinkhorn", "sliced", "imle", "bures"])
def test_velocities_scale_with_the_data(name):
    assert_grows(name, 1)
