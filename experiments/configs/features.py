"""Any objective on the maps of a network: what ``--features FILE`` makes of a choice.

The file is an encoder of ``experiments.encoder``, or after ``dinov2=`` one of DINOv2's own.
"""

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import jax
import numpy as np

from experiments.configs.choices import ObjectiveConfig, Space
from experiments.configs.images import for_images_only
from igm_jax import Network, Objective, checks
from igm_jax.distributions import Distribution
from igm_jax.evaluation import dinov2_maps
from igm_jax.features import Distances, Encoder, distances_of, load_encoder
from igm_jax.files import sha256_of
from igm_jax.objectives import on_feature_groups

SUFFIX = "@features"
"""What the name of an objective ends in where it is one on features."""

TOLD = 16
"""So many digits of an encoder's fingerprint tell it from others in a config."""


PUBLISHED = {"dinov2": dinov2_maps}
"""Published networks by the words before their files."""

LOOKED_AT, TOGETHER = 256, 16
"""Data between which distances are measured in a published network's maps, and how many of them pass through it at a time."""

UNITS = 1.05
"""Images are taken from black to white at -1 to 1; so far beyond they are of other units."""


class Maps(NamedTuple):
    """What images are compared in.

    Attributes:
        network: ``apply(params, x) -> {name: (n, p)}``.
        widths: how many numbers each map has, by its name.
        distances: of two data in each.
    """

    network: Network
    widths: Mapping[str, int]
    distances: Mapping[str, Distances]


class Seeing(Protocol):
    """A network whose maps an objective can be on."""

    @property
    def fingerprint(self) -> str:
        """What tells it from others."""
        ...

    def maps(self, space: Space) -> Maps:
        """Its maps for a target.

        Raises:
            ValueError: for samples that are no images, or none that it takes.
        """
        ...


class Trained(NamedTuple):
    """An encoder of one's own."""

    encoder: Encoder

    @property
    def fingerprint(self) -> str:
        return self.encoder.fingerprint

    def maps(self, space: Space) -> Maps:
        kind, shape = self.encoder.architecture.kind, self.encoder.architecture.image_shape
        told = f"the encoder of --features takes images of shape {shape}, but the target's"
        if space.image_shape is None:
            raise ValueError(f"{told} samples are no images; leave --features out, or choose a target of images")
        if space.image_shape != shape:
            raise ValueError(
                f"{told} are of shape {space.image_shape}; train one on it: `python -m experiments.encoder {kind} TARGET`"
            )
        return Maps(self.encoder.network, self.encoder.architecture.widths, self.encoder.distances)


class Published(NamedTuple):
    """A published network in a user's file, which takes images of any size; distances are measured on the target's data."""

    word: str
    path: Path

    @property
    def fingerprint(self) -> str:
        return f"{self.word} {sha256_of(self.path)}"

    def maps(self, space: Space) -> Maps:
        if space.image_shape is None or space.target is None:
            raise ValueError(
                f"--features {self.word}=FILE takes images, but the target's samples are none; leave it out, or choose a target"
                " of images"
            )
        return _measured(self, space.image_shape, space.target)


@cache
def _measured(which: Published, image_shape: tuple[int, int, int], target: Distribution) -> Maps:
    """A published network for images of one shape, with the distances of a target's data: looked at once, as it takes minutes."""
    some = np.asarray(target(jax.random.key(0), LOOKED_AT))
    if (furthest := np.abs(some).max()) > UNITS:
        raise ValueError(
            f"--features {which.word}=FILE takes images within -1 and 1, but the target's go to {furthest:.3g}; scale them"
        )
    found = PUBLISHED[which.word](which.path, image_shape)
    params, apply = found.network.init(jax.random.key(0)), jax.jit(found.network.apply)
    parts = [apply(params, some[start : start + TOGETHER]) for start in range(0, LOOKED_AT, TOGETHER)]
    rows = {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in found.widths}
    return Maps(found.network, found.widths, distances_of(rows))


@dataclasses.dataclass(frozen=True, eq=False)
class OnFeatures:
    """An objective on each map of a network, in which two data are at distance 1 on average."""

    objective: ObjectiveConfig
    """What is applied in each map; its lengths are in median distances of the data in the map, its critics are perceptrons."""
    encoder: Seeing
    """Whose maps they are."""
    shares: bool = True
    """Whether the log tells each map's share, which takes time and changes nothing; never of a published network."""

    needs_density: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The objective's name, marked."""
        return f"{self.objective.name}{SUFFIX}"

    @property
    def inner_steps(self) -> int:
        """Updates of each map's own state before each of the generator."""
        return self.objective.inner_steps

    def build(self, space: Space) -> Objective:
        """The mean over the maps of the objective in each.

        Raises:
            ValueError: for data that are no images, or none that the network takes, or an objective that needs more than data.
        """
        maps = self.encoder.maps(space)
        if dataclasses.is_dataclass(critic := getattr(self.objective, "critic", None)):
            for_images_only("critic", critic, "on features the critic of each map is a perceptron")
        parts = {
            name: self.objective.build(Space(width, maps.distances[name].median / maps.distances[name].mean))
            for name, width in maps.widths.items()
        }
        scales = {name: distances.mean for name, distances in maps.distances.items()}
        return on_feature_groups(parts, maps.network, scales, shares=self.shares)


AnyObjective = ObjectiveConfig | OnFeatures
"""What a run may be trained under: a choice, or one on features."""


def seen(kind: ObjectiveConfig, features: str | Path | None, shares: bool = True) -> AnyObjective:
    """The objective on the maps of the encoder in a file, or itself if there is none."""
    if features is None:
        return kind
    encoder = encoder_of(str(features))
    cheap = isinstance(encoder, Trained)  # shares take everything once more through the network
    return OnFeatures(kind, encoder, shares and cheap)


def options_of(kind: AnyObjective) -> dict[str, Any]:
    """The options of an objective as plain values, and which encoder it looks through."""
    if isinstance(kind, OnFeatures):
        return {**_told(kind.objective), "encoder": kind.encoder.fingerprint[:TOLD]}
    return _told(kind)


def _told(kind: Any) -> dict[str, Any]:
    """The options without those that came later and stand at their default, so that results from before are still known."""
    found = {}
    for field in dataclasses.fields(kind):
        value = getattr(kind, field.name)
        if not (field.metadata.get("later") and value == field.default):
            found[field.name] = _told(value) if dataclasses.is_dataclass(value) else value
    return found


def plain_name(name: str) -> str:
    """The name of an objective, without the mark of features."""
    return name.removesuffix(SUFFIX)


@cache
def encoder_of(path: str) -> Seeing:
    """The network in a file, read once: an encoder, or after a word and ``=`` a published one."""
    word, equals, file = path.partition("=")
    if not equals or "/" in word or Path(path).exists():
        return Trained(load_encoder(path))
    checks.choice("the network of --features", word, tuple(PUBLISHED))
    found = Published(word, Path(file))
    _ = found.fingerprint  # a file that is none shows at once
    return found
