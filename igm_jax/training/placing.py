"""Where things lie on a mesh of devices: samples along its first axis, parameters along its second, where it has one."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec


def spread(mesh: Mesh | None, samples: Any) -> Any:
    """Samples spread along the first axis of the mesh, within ``jit``; as they are where there is none."""
    if mesh is None:
        return samples
    where = NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, where), samples)


def spec_of(mesh: Mesh | AbstractMesh, shape: tuple[int, ...]) -> PartitionSpec:
    """How an array of parameters lies: cut along its largest dimension that is a multiple of the mesh's second axis.

    Of several as large the last, that of outputs. It goes by the shape alone, so that an optimiser's moments and the average lie
    as the parameters that they belong to.

    Args:
        mesh: the devices; with one axis, or one device along the second, every one of them holds all.
        shape: of the array.

    Returns:
        The axis of the mesh for each dimension up to the one that is cut; none for arrays without such a dimension.

    Example:
        >>> import jax
        >>> from igm_jax.training.placing import spec_of
        >>> mesh = jax.sharding.AbstractMesh((4, 2), ("data", "model"))
        >>> tuple(spec_of(mesh, (3, 16))), tuple(spec_of(mesh, (5,)))
        ((None, 'model'), ())
    """
    names = mesh.axis_names[1:2]
    parts = mesh.shape[names[0]] if names else 1
    fitting = [(size, k) for k, size in enumerate(shape) if size > 0 and size % parts == 0]
    if parts == 1 or not fitting:
        return PartitionSpec()
    return PartitionSpec(*[None] * max(fitting)[1], *names)


def shardings_of(mesh: Mesh | AbstractMesh, state: Any, seeds: bool = False) -> Any:
    """Of each array of a state, how it lies; of seeds side by side all lie on the same devices."""

    def one(leaf: Any) -> NamedSharding:
        spec = spec_of(mesh, leaf.shape[1:]) if seeds else spec_of(mesh, leaf.shape)
        return NamedSharding(mesh, PartitionSpec(None, *spec) if seeds else spec)

    return jax.tree.map(one, state)


def settled(mesh: Mesh | None, state: Any, seeds: bool = False) -> Any:
    """A state within ``jit``, each array as it is to lie after a step; as it is where there is no mesh."""
    return state if mesh is None else jax.lax.with_sharding_constraint(state, shardings_of(mesh, state, seeds))


def put(mesh: Mesh | None, state: Any, seeds: bool = False) -> Any:
    """A state that every process holds in full, put where it is to lie; as it is where there is no mesh."""
    return state if mesh is None else jax.tree.map(_put, state, shardings_of(mesh, state, seeds))


def _put(leaf: Any, where: NamedSharding) -> Any:
    if where.is_fully_addressable:
        return jax.device_put(leaf, where)
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        data = _put(jax.random.key_data(leaf), where)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
    # Each process hands over the parts of its own devices.
    known = np.asarray(leaf)
    return jax.make_array_from_callback(leaf.shape, where, lambda index: known[index])
