"""Half precision is for storing: every divergence and field computes with the stored numbers in single precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels, objectives

KERNEL = kernels.gaussian(1.0)
FUNCTIONS = {
    "mmd": lambda x, y: objectives.mmd2_biased(x, y, KERNEL),
    "mmd of a dot product": lambda x, y: objectives.mmd2_unbiased(x, y, kernels.polynomial()),
    "mmd with its error": lambda x, y: objectives.mmd2_estimate(x, y, KERNEL).standard_error,
    "repulsive mmd": lambda x, y: objectives.repulsive_value(x, y, KERNEL),
    "energy score": lambda x, y: objectives.energy_score(jnp.stack([x, y], axis=1), x),
    "characteristic": lambda x, y: objectives.characteristic_distance(x, y, jnp.ones((2, 1))),
    "bures": objectives.bures_distance,
    "chamfer": objectives.chamfer_distance,
    "drifting": lambda x, y: objectives.drifting_field(x, y, temperatures=1.0)[0],
    "score difference": lambda x, y: objectives.score_difference_field(x, y, 1.0),
    "kde drift": lambda x, y: objectives.kde_drift_field(x, y, 1.0, "kl"),
    "denoiser": lambda x, y: objectives.kernel_denoiser(x, y, 1.0),
    "stein score": lambda x, y: objectives.stein_score(x, KERNEL),
    "spread": lambda x, y: objectives.spread_scale(x, y),
}


OFTEN = {"mmd", "energy score", "drifting", "score difference", "spread"}


@pytest.mark.parametrize("dtype", [jnp.bfloat16, pytest.param(jnp.float16, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in FUNCTIONS]
)
def test_it_computes_in_single_precision(name, dtype):
    x, y = (jnp.asarray(v, dtype) for v in np.random.default_rng(0).normal(size=(2, 12, 2)) + 1)
    function = jax.jit(FUNCTIONS[name])
    found = function(x, y)
    assert found.dtype == jnp.float32
    np.testing.assert_array_equal(found, function(x.astype(jnp.float32), y.astype(jnp.float32)))
