"""Choices of the command line, made from functions: the signature says the options, the docstring their help.

::

    @choices.objective(kind="WGANGP", inner_steps=5)
    def wgan_gp(space: Space, penalty: float = 10.0, critic: Critic = CRITIC) -> Objective:
        '''Wasserstein GAN with a gradient penalty.

        Args:
            penalty: Coefficient of the gradient penalty.
        '''
        return objectives.wgan_gp(*critic.build(space), penalty=penalty)

On the command line this is ``wgan-gp`` with ``--penalty``, ``--inner-steps`` and the options of the critic. In Python
``wgan_gp(penalty=1.0)`` then makes a config: a frozen dataclass of the options, whose ``build(space)`` calls the function.
"""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

import numpy as np
import tyro

from igm_jax import Objective
from igm_jax.base import Target
from igm_jax.distributions import Distribution, Splits
from igm_jax.sources import Source

ImageShape = tuple[int, int, int]


class Space(NamedTuple):
    """What may be known of the data before training.

    Attributes:
        dim: number of features.
        scale: median distance of two data, the unit of all lengths in the configs; 0 if most data coincide.
        image_shape: (height, width, channels) of images, or None.
        target: the distribution itself, for objectives that use its log density or score where it has one.
    """

    dim: int
    scale: float
    image_shape: ImageShape | None = None
    target: Distribution | None = None


class Pairs(NamedTuple):
    """What a conditional generator learns from.

    Attributes:
        given: draws of batches, values with their condition.
        conditions: (m, k) held-out conditions, to draw samples under, other than those of the data that these are judged by.
    """

    given: Distribution
    conditions: np.ndarray


class Problem(NamedTuple):
    """A target to learn, and what is needed to judge how well.

    Attributes:
        name: a short name for tables and directories.
        target: what the generator learns from.
        held_out: fresh draws, or data that the target does not hold; for tuning and a first look.
        space: shape and scale.
        splits: the data, where there is a data set; reported results use ``splits.test``.
        fingerprint: SHA-256 of a user's data, so that a run never continues on others.
        pairs: where values are learned given conditions, what is drawn for that; target and splits are then of rows (value,
            condition). None for no conditions.
        stream: ``(batch size, seed) -> source`` of training data that are read from the disk; None for what is in memory.
    """

    name: str
    target: Distribution
    held_out: Target
    space: Space
    splits: Splits | None = None
    fingerprint: str | None = None
    pairs: Pairs | None = None
    stream: Callable[[int, int], Source] | None = None

    @property
    def of_images(self) -> bool:
        """Whether samples are images."""
        return self.space.image_shape is not None

    def some(self, parts: Sequence[str], most: int) -> np.ndarray:
        """Data of some parts of the splits, each at most once; of more than that a random choice, as files are often sorted.

        Args:
            parts: which parts, e.g. ("test", "validation").
            most: how many rows, at most.
        """
        assert self.splits is not None
        chosen = [getattr(self.splits, part) for part in parts]
        # A row of which something is missing says nothing to a judge of whole rows.
        whole = [np.asarray(one.values)[_whole(one.observed)] for one in chosen]
        rows = np.concatenate(whole)
        return rows if len(rows) <= most else rows[np.random.default_rng(0).permutation(len(rows))[:most]]


def _whole(observed: np.ndarray | None) -> Any:
    return slice(None) if observed is None else np.asarray(observed).all(axis=1)


class Config(Protocol):
    """A choice with its options: a frozen dataclass.

    Attributes:
        name: the choice's word on the command line.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    name: ClassVar[str]

    def __init__(self, *options: Any, **named: Any) -> None: ...


class ObjectiveConfig(Config, Protocol):
    """An objective with its options.

    Attributes:
        needs_density: whether the target's log density or score must be known.
        inner_steps: updates of the objective's own state before each of the generator.
    """

    needs_density: ClassVar[bool]

    @property
    def inner_steps(self) -> int: ...

    def build(self, space: Space) -> Objective:
        """The objective for data of this shape and scale."""
        ...


class TargetConfig(Config, Protocol):
    """A target with its options."""

    def build(self) -> Problem:
        """The target and what belongs to it."""
        ...


_RESERVED = {"build", "inner_steps", "kind", "name", "needs_density"}
_REGISTERED: list[type[Any]] = []


def later_option(default: Any) -> Any:
    """An option that came after runs had been begun without it: config.json names it only where it is not the default."""
    return dataclasses.field(default=default, metadata={"later": True})


def objective(
    *,
    kind: str | None = None,
    inner_steps: int | None = None,
    learns: str = "the critic",
    needs_density: bool = False,
    later: Sequence[str] = (),
) -> Callable[[Callable[..., Objective]], type[ObjectiveConfig]]:
    """Makes a function of a space and options an objective of the command line.

    Args:
        kind: what ``config.json`` calls it, and must go on calling it; by default the function's name in CamelCase.
        inner_steps: default of the option ``--inner-steps``; None for an objective that learns nothing, and has no such option.
        learns: what the inner steps update, for the help.
        needs_density: whether the target's log density or score must be known.
        later: options that came after runs had been begun without them: a config names them only where they are not the default.

    Returns:
        The decorator, which gives the class of the objective's configs.
    """

    def decorated(function: Callable[..., Objective]) -> type[ObjectiveConfig]:
        options, constants = _options(function, given="space"), {"needs_density": needs_density}
        options = [(word, hint, later_option(default) if word in later else default) for word, hint, default in options]
        if inner_steps is None:
            return _config(function, kind, options, {**constants, "inner_steps": 1})
        text = f"Updates of {learns} before each of the generator."
        place = next((i for i, (name, *_) in enumerate(options) if name == "critic"), len(options))
        options.insert(place, ("inner_steps", Annotated[int, tyro.conf.arg(help=text)], inner_steps))
        return _config(function, kind, options, constants)

    return decorated


def target(*, kind: str | None = None) -> Callable[[Callable[..., Problem]], type[TargetConfig]]:
    """Makes a function of options a target of the command line; ``kind`` as in ``objective``."""
    return lambda function: _config(function, kind, _options(function), {})


def gathered(*modules: ModuleType) -> dict[str, type[Any]]:
    """All choices that some modules define, by name, in the order of their definition.

    Raises:
        ValueError: for two choices of one name, or whose configs have one ``kind``.
    """
    found = [kind for module in modules for kind in _REGISTERED if kind.__module__ == module.__name__]
    for words in ([kind.name for kind in found], [kind.__name__ for kind in found]):
        if twice := {word for word in words if words.count(word) > 1}:
            raise ValueError(f"each choice needs a name and a kind of its own, but there are two of {sorted(twice)}")
    return {kind.name: kind for kind in found}


def _options(function: Callable[..., Any], given: str | None = None) -> list[tuple[str, Any, Any]]:
    """Name, type and default of a function's parameters, but for the one that ``build`` is given."""
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = dict(inspect.signature(function).parameters)
    if given and parameters.pop(given, None) is None:
        raise TypeError(f"{function.__name__} must take `{given}`, which its config's build is given, but does not")
    if taken := _RESERVED & set(parameters):
        raise TypeError(f"{function.__name__} cannot have an option {sorted(taken)}, which all configs have; rename it")
    return [
        (name, hints[name], dataclasses.field() if one.default is one.empty else one.default)
        for name, one in parameters.items()
    ]


def _config(
    function: Callable[..., Any], kind: str | None, options: list[tuple[str, Any, Any]], constants: Mapping[str, Any]
) -> type[Any]:
    """The frozen dataclass of a function's options, registered as a choice of the command line."""
    word = function.__name__.replace("_", "-")
    passed = [name for name, *_ in options if name in inspect.signature(function).parameters]

    def build(self: Any, *given: Space) -> Any:
        return function(*given, **{name: getattr(self, name) for name in passed})

    made = dataclasses.make_dataclass(
        kind or function.__name__.title().replace("_", ""),
        options,
        namespace={**constants, "__doc__": function.__doc__, "name": word, "build": build},
        frozen=True,
    )
    # Where to import it from, for pickle and for repr: under the function's name.
    made.__module__, made.__qualname__ = function.__module__, function.__qualname__
    _REGISTERED.append(made)
    return tyro.conf.configure(tyro.conf.subcommand(name=word))(made)
