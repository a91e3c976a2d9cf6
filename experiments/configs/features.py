"""Any objective on the maps of an encoder: what ``--features FILE`` makes of a choice."""

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from experiments.configs.choices import ObjectiveConfig, Space
from experiments.configs.images import for_images_only
from igm_jax import Objective
from igm_jax.features import Encoder, load_encoder
from igm_jax.objectives import on_feature_groups

SUFFIX = "@features"
"""What the name of an objective ends in where it is one on features."""

TOLD = 16
"""So many digits of an encoder's fingerprint tell it from others in a config."""


@dataclasses.dataclass(frozen=True, eq=False)
class OnFeatures:
    """An objective on each map of an encoder, in which two data are at distance 1 on average."""

    objective: ObjectiveConfig
    """What is applied in each map; its lengths are in median distances of the data in the map, its critics are perceptrons."""
    encoder: Encoder
    """Whose maps they are."""
    shares: bool = True
    """Whether the log tells each map's share, which takes time and changes nothing."""

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
            ValueError: for data that are no images of the encoder's shape, or an objective that needs more than data.
        """
        kind, shape = self.encoder.architecture.kind, self.encoder.architecture.image_shape
        told = f"the encoder of --features takes images of shape {shape}, but the target's"
        if space.image_shape is None:
            raise ValueError(f"{told} samples are no images; leave --features out, or choose a target of images")
        if space.image_shape != shape:
            raise ValueError(
                f"{told} are of shape {space.image_shape}; train one on it: `python -m experiments.encoder {kind} TARGET`"
            )
        if dataclasses.is_dataclass(critic := getattr(self.objective, "critic", None)):
            for_images_only("critic", critic, "on features the critic of each map is a perceptron")
        parts = {}
        for name, width in self.encoder.architecture.widths.items():
            distances = self.encoder.distances[name]
            parts[name] = self.objective.build(Space(width, distances.median / distances.mean))
        return on_feature_groups(parts, self.encoder.network, self.encoder.scales, shares=self.shares)


AnyObjective = ObjectiveConfig | OnFeatures
"""What a run may be trained under: a choice, or one on features."""


def seen(kind: ObjectiveConfig, features: str | Path | None, shares: bool = True) -> AnyObjective:
    """The objective on the maps of the encoder in a file, or itself if there is none."""
    return kind if features is None else OnFeatures(kind, encoder_of(str(features)), shares)


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
def encoder_of(path: str) -> Encoder:
    """The encoder in a file, read once."""
    return load_encoder(path)
