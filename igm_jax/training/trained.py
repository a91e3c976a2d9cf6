"""What was trained, from its directory alone: the generator, its parameters, and samples."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from igm_jax.base import ConditionalGenerator, Generator, Key, Params
from igm_jax.training.average import in_single, strong
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.digests import identity_of
from igm_jax.training.directory import opened, read_config
from igm_jax.training.errors import RunDirectoryError
from igm_jax.training.keys import key_of
from igm_jax.training.states import Parameters, started
from igm_jax.training.step import Run, TrainState
from igm_jax.training.stored import read_generator


class TrainedGenerator(NamedTuple):
    """A generator with what it learned.

    Attributes:
        generator: the generator; with other parameters than these it can be trained on.
        params: its parameters at the step.
        average: their running average, with which all tables of this project are made.
        step: how many updates they have had.
    """

    generator: Generator | ConditionalGenerator
    params: Params
    average: Params
    step: int

    def sample(self, key: Key, n: Any, k: int | None = None, *, average: bool = True) -> Array:
        """Samples: ``generator.sample(average, key, n)``, to the last bit what the run itself gives for the key.

        Args:
            key: random key.
            n: how many; of a conditional generator the b conditions.
            k: of a conditional generator, how many under each condition.
            average: whether to use the running average, or else the parameters of the last step.

        Returns:
            (n, d) samples, or (b, k, d).

        Raises:
            TypeError: for a conditional generator without ``k``, or another with it.
        """
        if (k is not None) != isinstance(self.generator, ConditionalGenerator):
            way = "sample(key, conditions, k)" if k is None else "sample(key, n)"
            raise TypeError(f"this generator is {'conditional' if k is None else 'not conditional'}: call `{way}`")
        params = self.average if average else self.params
        return self.generator.sample(params, key, n, *(() if k is None else (k,)))  # pyrefly: ignore

    def __repr__(self) -> str:
        number = sum(leaf.size for leaf in jax.tree.leaves(self.params))
        return f"TrainedGenerator({self.generator!r}, {number} parameters at step {self.step})"


def restore(run: Run, directory: str | os.PathLike, step: int | None = None) -> TrainState:
    """The state of a run from its directory, to sample from it or to look at it.

    Args:
        run: the run, built as it was for training.
        directory: its directory.
        step: which checkpoint; None for the newest.

    Returns:
        The state; several seeds if several were trained together.

    Raises:
        RunDirectoryError: if there is no such checkpoint.
        RunMismatchError: if it belongs to another kind of run.

    Example:
        >>> import tempfile
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import stateless
        >>> from igm_jax.generators import particles
        >>> from igm_jax.training import restore, train, training
        >>> gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
        >>> run = training(particles(jnp.zeros((2, 1))), gap, optax.sgd(0.1), lambda key, n: jnp.ones((n, 1)), 2)
        >>> directory = tempfile.mkdtemp()
        >>> trained = train(run, jax.random.key(0), 5, directory=directory, progress=False)
        >>> bool((restore(run, directory).params == trained.state.params).all())
        True
    """
    path = opened(directory)
    config = read_config(path)
    key = key_of(config, path)
    if not (path / "checkpoints").is_dir():
        raise RunDirectoryError(f"{path} has no checkpoints yet; start its run again to make some")
    with Checkpoints(path, clean=False, run=identity_of(config)) as checkpoints:
        return checkpoints.load(jax.eval_shape(started(run, key), key), step)


def load_generator(
    directory: str | os.PathLike[str],
    *,
    generator: Generator | ConditionalGenerator | None = None,
    step: int | None = None,
    seed: int | None = None,
) -> TrainedGenerator:
    """A trained generator from the directory of its run, which may be finished or still going on.

    The run's directory says how its generator is made (``generator.json``), in the names of this package's constructors and
    their arguments: nothing in the directory is ever executed. A generator that holds code of your own has to be passed.

    Args:
        directory: the run's directory, which ``train`` was given.
        generator: the generator, built as it was for training; needed where it holds code of your own.
        step: which checkpoint; None for the newest finished one.
        seed: which seed, counted from 0, where several were trained side by side.

    Returns:
        Generator, parameters, their average and their step.

    Raises:
        RunDirectoryError: if there is no such directory, no such checkpoint, or if files are missing or damaged.
        RunMismatchError: if parameters and generator do not fit, or the directory cannot say how its generator is made.
        TypeError, ValueError: for a generator of another kind, or a seed that there is not.

    Example:
        >>> import tempfile
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import stateless
        >>> from igm_jax.generators import particles
        >>> from igm_jax.training import load_generator, train, training
        >>> gap = stateless(lambda x, y: jnp.mean((x - y) ** 2))
        >>> ones = lambda key, n: jnp.ones((n, 1))
        >>> run = training(particles([[0.0], [2.0]]), gap, optax.sgd(0.1), ones, 2, average=0.5)
        >>> directory = tempfile.mkdtemp()
        >>> trained = train(run, jax.random.key(0), 100, directory=directory, progress=False)
        >>> model = load_generator(directory)
        >>> model.step, model.sample(jax.random.key(1), 2).round(2).tolist()
        (100, [[1.0], [1.0]])
    """
    path = opened(directory)
    if not path.is_dir():
        raise RunDirectoryError(f"there is no directory {path}; give the directory that the run was trained in")
    if generator is not None and not all(hasattr(generator, part) for part in Generator._fields):
        raise TypeError(
            f"`generator` must be a Generator, e.g. `pushforward(network, base)`, but is {type(generator).__name__}"
        )
    config = read_config(path)
    key, run = key_of(config, path), identity_of(config)
    number = None if key.ndim == 0 else len(key)
    _check_seed(seed, number, path)
    if not (path / "checkpoints").is_dir():
        raise RunDirectoryError(
            f"{path} has no checkpoints: either its run has not saved the first one yet, or it is no directory of `train`"
        )
    known = read_generator(path, run) if generator is None else generator
    shapes = jax.eval_shape(lambda key: strong(known.init(key)) if number is None else _many(known, key), key)
    found, parameters = _newest(path, run, Parameters(shapes, in_single(shapes)), step)
    if seed is not None and number is not None:
        parameters = jax.tree.map(lambda leaf: leaf[seed], parameters)
    return TrainedGenerator(known, parameters.params, parameters.average, found)


def _many(generator: Generator | ConditionalGenerator, keys: Any) -> Params:
    return jax.vmap(lambda key: strong(generator.init(key)))(keys)


def _check_seed(seed: int | None, number: int | None, path: Path) -> None:
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)  # True equals 1, but is no number
    if number is None and seed is not None and not (whole and seed == 0):
        raise ValueError(f"{path} holds a run of one seed, but `seed` is {seed!r}; leave it out")
    if number is not None and not (whole and seed in range(number)):
        raise ValueError(
            f"{path} holds {number} seeds that were trained side by side, so `seed` must be one of 0 to {number - 1},"
            f" but is {seed!r}"
        )


def _newest(path: Path, run: str, like: Parameters, step: int | None) -> tuple[int, Parameters]:
    """The newest whole checkpoint; where a run goes on meanwhile, it may remove the one that is being read."""
    while True:
        with Checkpoints(path, clean=False, run=run) as checkpoints:
            newest = checkpoints.latest
            if newest is None:
                raise RunDirectoryError(
                    f"{path} has no checkpoint yet; a run saves its first one as soon as it begins: try again in some seconds"
                )
            try:
                return checkpoints.found(like, step)
            except RunDirectoryError:
                with Checkpoints(path, clean=False) as now:
                    if step is not None or now.latest == newest:
                        raise
