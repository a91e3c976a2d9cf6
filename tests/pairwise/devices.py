"""Devices that tests stand in for: a GPU to lower for, and a mesh of one device."""

from contextlib import nullcontext

import jax
import pytest
from jax.sharding import AxisType

# jax 0.12 says that it will drop Triton; the day it does, these tests fail, and the kernels go to another compiler.
of_triton = pytest.mark.filterwarnings("ignore:The Pallas Triton backend is deprecated:DeprecationWarning")


def a_gpu():
    """A GPU to lower for, which later versions of jax want to be told of; jax 0.10 assumes one."""
    if jax.__version_info__ < (0, 11):
        return nullcontext()
    device = jax.sharding.AbstractDevice("NVIDIA H100 80GB HBM3", None, "gpu")
    return jax.sharding.use_abstract_mesh(jax.sharding.AbstractMesh((), (), abstract_device=device))


def mesh_of_one(kind=AxisType.Auto):
    return jax.make_mesh((1,), ("data",), (kind,), devices=jax.devices()[:1])
