"""An encoder: a trained network, its maps of images, and how far apart two data are in each."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks, kernels
from igm_jax.base import Key, Network, Params
from igm_jax.features.architecture import Architecture, Kind, maps_of, seen_by_maps
from igm_jax.features.fitting import Progress, Recipe, by_rows, fitted, scores
from igm_jax.pairwise.sums import kernel_mean_distinct
from igm_jax.records import recorded

MEASURED = 1024
"""Training images between which distances are measured."""


class Distances(NamedTuple):
    """How far apart two data are in a map: the mean distance, by which the map is scaled, and the median one."""

    mean: float
    median: float


@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """A trained network whose maps of images are spaces to compare samples in.

    ``fit_encoder`` makes one, ``load_encoder`` reads one; for an objective::

        on_feature_groups(mmd(gaussian(0.5)), encoder.network, encoder.scales)

    Attributes:
        name: for tables.
        architecture: its shape.
        parameters: by name, float32; they never change.
        distances: of two training images in each map, by the map's name, from fine to coarse.
        fingerprint: SHA-256 of data, recipe, seed, architecture, parameters and distances.
        data: SHA-256 of the images, and labels, that it was trained on.
        recipe: how it was trained.
        seed: of the training.
        scores: what it was trained for, on images that it had not seen.
        story: where it comes from, as JSON has it.
    """

    name: str
    architecture: Architecture
    parameters: Mapping[str, np.ndarray]
    distances: Mapping[str, Distances]
    fingerprint: str
    data: str
    recipe: Recipe
    seed: int
    scores: Mapping[str, float]
    story: Mapping[str, Any]

    def maps(self, images: Any) -> dict[str, Array]:
        """The maps of flat images: ``{name: (n, p)}``, differentiable, in the units of the network.

        Args:
            images: (n, h·w·c) in the units of the training images.

        Raises:
            ValueError: for images of another shape.
        """
        return maps_of(self.architecture, self.parameters, jnp.asarray(images))  # pyrefly: ignore

    @property
    def network(self) -> Network:
        """The maps for ``on_feature_groups``: a network whose parameters are the encoder's whatever the random key."""
        return encoder_network(
            self.architecture, {name: value for name, value in self.parameters.items() if seen_by_maps(name)}
        )

    @property
    def scales(self) -> dict[str, float]:
        """The mean distance of two data in each map."""
        return {name: distances.mean for name, distances in self.distances.items()}


@recorded
def encoder_network(architecture: Architecture, parameters: Mapping[str, Any]) -> Network:
    """The maps of an encoder as a network, ``apply(params, x) -> {name: (n, p)}``.

    An objective that is made with it keeps the parameters in its state: they are arguments of the compiled step.

    Args:
        architecture: the encoder's shape.
        parameters: by name.

    Returns:
        The network; ``init`` gives the parameters as they are.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.features import Architecture, encoder_network
        >>> from igm_jax.features.architecture import initial
        >>> shape = Architecture("classifier", (8, 8, 1), width=4, classes=2)
        >>> network = encoder_network(shape, initial(jax.random.key(0), shape))
        >>> maps = network.apply(network.init(jax.random.key(1)), jnp.ones((5, 64)))
        >>> {name: one.shape for name, one in maps.items()}["stage1"]
        (5, 64)
    """
    held = dict(parameters)

    def init(key: Key) -> Params:
        del key
        return {name: jnp.asarray(value) for name, value in held.items()}

    def apply(params: Params, x: Array) -> Any:
        return maps_of(architecture, params, x)

    return Network(init, apply)


def fit_encoder(
    kind: Kind,
    images: Any,
    image_shape: tuple[int, int, int],
    labels: Any = None,
    *,
    held_out: tuple[Any, Any] | None = None,
    seed: int = 0,
    width: int = 16,
    code: int = 128,
    recipe: Recipe | None = None,
    name: str = "",
    progress: Progress | None = None,
    story: Mapping[str, Any] | None = None,
) -> Encoder:
    """Train an encoder on images: a classifier of their labels, or an autoencoder.

    Both see images with noise. 28 x 28 pixels take about a minute on two cores.

    Args:
        kind: "classifier" or "autoencoder".
        images: (n, h·w·c) flat images, of the training split only.
        image_shape: (height, width, channels).
        labels: (n,) integers 0 … K-1, every class present, for a classifier; an autoencoder looks at none.
        held_out: other images and their labels, to say how well it works; labels None for an autoencoder.
        seed: of the first weights, the batches and the noise.
        width: channels of the first stage.
        code: numbers of the last map.
        recipe: how long and how fast; None for the usual.
        name: for tables.
        progress: told how many steps are done, and how many there are.
        story: where it comes from, to be kept with it, as JSON has it.

    Returns:
        The encoder.

    Raises:
        TypeError, ValueError: for images or labels that do not fit, or images that are all alike, before training; for a map in
            which they are.

    Example:
        >>> import numpy as np
        >>> from igm_jax.features import Recipe, fit_encoder
        >>> images = np.random.default_rng(0).normal(size=(40, 64))
        >>> encoder = fit_encoder("autoencoder", images, (8, 8, 1), width=2, code=4, recipe=Recipe(steps=2))
        >>> sorted(encoder.scales)
        ['bottleneck', 'moments', 'stage1', 'stage2', 'stage3']

    Source: several stages of an encoder, their means and standard deviations: Generative Modeling via Drifting, arXiv 2602.04770.
    """
    recipe, seed = recipe or Recipe(), checks.seed("seed", seed)
    classes = len(np.unique(np.asarray(labels))) if kind == "classifier" and labels is not None else 0
    if kind == "classifier" and classes < 2:
        raise ValueError(
            f"a classifier needs `labels` of at least two classes, but there is {'one' if classes else 'none'}; train an"
            " autoencoder instead"
        )
    architecture = Architecture(kind, image_shape, width, code, classes)
    x, y = _checked("images", images, labels, architecture)
    if (x == x[:1]).all():
        raise ValueError(f"`images` must differ, but all {len(x)} are alike; train on images of which some are others")
    unseen = None if held_out is None else _checked("held_out", *held_out, architecture)
    parameters = fitted(architecture, recipe, seed, x, y, progress)
    distances = measured(architecture, parameters, x)
    found = {} if unseen is None else scores(architecture, parameters, *unseen)
    data = digest_of(x, y)
    fingerprint = fingerprint_of(architecture, recipe, seed, data, parameters, distances)
    return Encoder(
        name or kind, architecture, parameters, distances, fingerprint, data, recipe, seed, found, dict(story or {})
    )


def _checked(name: str, images: Any, labels: Any, architecture: Architecture) -> tuple[np.ndarray, np.ndarray | None]:
    """Images as float32, and labels as int32 where they are looked at, or an error."""
    x = np.asarray(images)
    if x.ndim != 2 or x.shape[1] != architecture.dim or len(x) < 2:
        raise ValueError(
            f"`{name}` must be at least two flat images (n, {architecture.dim}) of shape {architecture.image_shape}, but is of"
            f" shape {x.shape}"
        )
    checks.finite(name, x)
    x = np.ascontiguousarray(x, np.float32)
    if architecture.kind == "autoencoder":
        return x, None
    return x, np.asarray(checks.labels(f"labels of `{name}`", np.asarray(labels), architecture.classes, len(x)))


def measured(architecture: Architecture, parameters: Mapping[str, Any], images: np.ndarray) -> dict[str, Distances]:
    """The distances of two of the images in each map."""
    some = images[np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int)]
    found = by_rows(partial(_maps, architecture), parameters, some)  # pyrefly: ignore
    return distances_of({name: found[name] for name in architecture.widths})  # from fine to coarse


def distances_of(maps: Mapping[str, Any]) -> dict[str, Distances]:
    """How far apart two rows are in each map.

    Args:
        maps: (n, p) rows of the same images, by the maps' names.

    Returns:
        The distances, by name.

    Raises:
        ValueError: for a map in which all images look alike.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features import distances_of
        >>> found = distances_of({"colour": jnp.array([[0.0], [1.0], [5.0]])})["colour"]
        >>> round(found.mean, 3), round(found.median, 3)  # of 1, 4 and 5
        (3.333, 4.0)
    """
    distances = {}
    for name, rows in maps.items():
        with jax.enable_x64(False):
            mean, median = (float(value) for value in _mean_and_median(jnp.asarray(rows)))
        if not (mean > 0 and np.isfinite(mean)):
            raise ValueError(
                f"all images look alike in the map {name!r}: the mean distance of two is {mean}; train on images that differ,"
                " or with more steps"
            )
        distances[name] = Distances(mean, median)
    return distances


_maps = jax.jit(maps_of, static_argnums=0)


@jax.jit
def _mean_and_median(features: Array) -> tuple[Array, Array]:
    weights = jnp.full(len(features), 1 / len(features), features.dtype)
    mean = -kernel_mean_distinct(kernels.distance(), features, weights)
    return mean, kernels.median_bandwidth(features)


def digest_of(images: np.ndarray, labels: np.ndarray | None) -> str:
    """SHA-256 of images and labels, in hexadecimal."""
    digest = hashlib.sha256(f"{images.shape} {images.dtype}".encode())
    for array in (images, *(() if labels is None else (labels,))):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def fingerprint_of(
    architecture: Architecture,
    recipe: Recipe,
    seed: int,
    data: str,
    parameters: Mapping[str, np.ndarray],
    distances: Mapping[str, Distances],
) -> str:
    """SHA-256 of all that makes an encoder what it is, in hexadecimal."""
    made = [dataclasses.asdict(architecture), dataclasses.asdict(recipe), seed, data]
    digest = hashlib.sha256(json.dumps([*made, distances], sort_keys=True).encode())
    for name in sorted(parameters):
        array = np.ascontiguousarray(parameters[name])
        digest.update(f"{name} {array.shape} {array.dtype.str}".encode() + array.tobytes())
    return digest.hexdigest()
