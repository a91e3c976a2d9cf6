"""A generator of images given their class: trained class by class, drawn a row a class, and judged by what a classifier reads.

    python -m experiments.by_class             Fashion-MNIST, about 10 minutes on 2 cores
    python -m experiments.by_class --smoke     seconds, digits

One network makes all classes: the class's one-hot code stands behind the noise, and sets scale and shift of its normalisations.
Samples drift to data of their own class alone, and off samples of it. The share of samples that a classifier, which no objective
sees, puts into the class that was asked for is compared with that of real images.

The table is printed; ``report.md``, ``rows.jsonl`` and the picture go to ``results/by_class``. The run lives there too, so that a
stopped command goes on where it was.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.configs import TARGETS, Problem
from experiments.configs.words import target_of
from experiments.shared.pictures import ends_of
from experiments.shared.study import aside, command, row_maker, table, writable, write
from igm_jax import Network, checks
from igm_jax.base import ConditionalGenerator
from igm_jax.distributions import Splits, normal
from igm_jax.evaluation import Judge, classifier_judge, convolutional_classifier_judge, frechet_distance
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import (
    one_hot,
    parameter_count,
    residual_generator,
    style_generator,
    style_noise_size,
    unet_generator,
)
from igm_jax.objectives import conditional_field, drifting, drifting_field
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, train, training

FEWEST = 4
"""Test images of a class: halves of them are compared with each other, and a covariance takes two."""

LATENT, SHOWN, JUDGED, MOST_SEEN = 16, 12, 200, 10_000
"""Features of the noise; samples of a class that are drawn, and that are judged; training images that the judge sees."""


@dataclasses.dataclass(frozen=True)
class Config:
    """A generator of images given their class, drawn a row a class."""

    target: str = "fashion-mnist"
    """What to learn: images with labels; images:FOLDER are yours."""
    network: Literal["residual", "unet", "style"] = "residual"
    """Of which kind the generator is."""
    width: int = 16
    """Channels of its largest pictures."""
    steps: int = 1500
    """Updates of the generator."""
    batch_size: int = 128
    """Samples, and data, in each minibatch, of all classes together."""
    rate: float = 2e-3
    """Learning rate of Adam, which falls to zero along a cosine."""
    temperatures: tuple[float, ...] = (0.02, 0.05, 0.2)
    """Of drifting, in mean distances."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/by_class")
    """The directory for everything."""
    smoke: bool = False
    """A run of seconds that shows that everything works: few steps on digits, in results/by_class-smoke."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("width", "steps", "batch_size"):
        checks.count(name, getattr(config, name))
    checks.positive("rate", config.rate)
    drifting(config.temperatures, "released")
    checks.seed("seed", config.seed)
    if config.smoke:
        small = {
            "target": "digits",
            "width": 8,
            "steps": min(config.steps, 4),
            "batch_size": min(config.batch_size, 40),
        }
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    labelled(target_of(config.target, TARGETS).build(), config.target)
    writable(config.output, ["run", "judge"])
    return config


def labelled(problem: Problem, word: str) -> Splits:
    """The images and labels of a target, or an error."""
    splits = problem.splits
    if splits is None or not problem.of_images or splits.train.labels is None or problem.stream is not None:
        raise ValueError(
            f"`target` must be images with labels in memory, but is {word!r}; take fashion-mnist, digits, or images:FOLDER with"
            " a folder for each class"
        )
    counts = np.bincount(np.asarray(splits.test.labels), minlength=len(splits.label_names))
    if counts.min() < FEWEST:
        name = splits.label_names[int(counts.argmin())]
        raise ValueError(
            f"each class is judged by at least {FEWEST} images of the test part, but there are {counts.min()} of {name!r}; add"
            " images, or leave the class out"
        )
    return splits


def network_of(config: Config, shape: tuple[int, int, int], classes: int) -> tuple[Network, int]:
    """The generator's network, and how many features of noise it reads."""
    size = int(np.prod(shape))
    if config.network == "unet":
        return unet_generator(shape, config.width, condition_dim=classes), size
    if config.network == "style":
        return style_generator(LATENT, shape, config.width, condition_dim=classes), LATENT + style_noise_size(shape)
    return residual_generator(LATENT, shape, config.width, condition_dim=classes), LATENT


def run_of(config: Config, splits: Splits) -> tuple[ConditionalGenerator, Run]:
    """The generator, and how it is trained."""
    assert splits.image_shape is not None
    classes = len(splits.label_names)
    network, latent = network_of(config, splits.image_shape, classes)
    generator = conditional_pushforward(network, normal(latent), one_hot(classes))

    def field(x: Array, y: Array, **weights: Any) -> Array:
        return drifting_field(x, y, config.temperatures, preset="released", floor=0.0, **weights).field

    objective = conditional_field(field, classes, least=2)
    optimizer = optax.adam(optax.cosine_decay_schedule(config.rate, config.steps), b1=0.5, b2=0.99)
    data = splits.target(conditional=True)
    return generator, training(generator, objective, optimizer, data, config.batch_size, inner_steps=0, average=0.99)


def judge_of(config: Config, splits: Splits) -> Judge:
    """The classifier that reads the samples."""
    assert splits.image_shape is not None
    make = convolutional_classifier_judge if min(splits.image_shape[:2]) >= 28 else classifier_judge
    images, labels = np.asarray(splits.train.values), np.asarray(splits.train.labels)
    chosen = np.random.default_rng(0).permutation(len(images))[:MOST_SEEN]
    return make(images[chosen], labels[chosen], splits.image_shape, directory=config.output / "judge")


def run(config: Config) -> None:
    """Train, draw, judge; print the table and write the files."""
    splits = labelled(target_of(config.target, TARGETS).build(), config.target)
    generator, how = run_of(config, splits)
    told = {name: value for name, value in dataclasses.asdict(config).items() if name != "output"} | {
        "data": splits.digest
    }
    words = {"chunk": max(1, config.steps // 15), "every": max(1, config.steps // 5)}
    found = train(how, jax.random.key(config.seed), config.steps, directory=config.output / "run", config=told, **words)
    classes = jnp.arange(len(splits.label_names))
    samples = np.asarray(generator.sample(found.state.average, jax.random.key(config.seed + 1), classes, JUDGED))
    judge = judge_of(config, splits)
    count = parameter_count(found.state.params)
    lines, rows, make_row = [], [], row_maker("by_class", config)
    for name, metrics in measured(judge, splits, samples).items():
        lines.append(
            [name, *(f"{metrics[key]:.3f}" for key in ("agreement", "real_agreement", "frechet", "real_frechet"))]
        )
        rows.append(make_row(config.target, name, config.seed, metrics, found.run_seconds, found.compile_seconds,
                             parameters=count))  # fmt: skip
    caption = (
        f"{JUDGED} samples a class after {config.steps} updates of {config.batch_size}, by a {config.network} network of {count}"
        f" parameters, in {found.run_seconds / 60:.1f} minutes. Agreement: the share that the classifier puts into the class"
        " that was asked for; Fréchet in its features, and beside it the same of as many real images."
    )
    headings = ["class", "agreement", "of real images", "Fréchet", "of real images"]
    pictures = {"classes.png": (drawn(splits, samples), f"A row for each class: {', '.join(splits.label_names)}.")}
    text = __doc__.split("\n\n")[2]
    write(
        config.output,
        "Images given their class",
        text,
        [table(config.target, caption, headings, lines)],
        rows,
        pictures,
    )


def measured(judge: Judge, splits: Splits, samples: np.ndarray) -> dict[str, dict[str, float]]:
    """Of each class, how many samples the judge reads as of that class, and how far they are from test images of it."""
    assert judge.probabilities is not None
    found = {}
    real, labels = np.asarray(splits.test.values), np.asarray(splits.test.labels)
    for number, name in enumerate(splits.label_names):
        own = real[labels == number]
        few = min(len(own) // 2, len(samples[number]))  # as many everywhere: a distance of fewer comes out larger
        seen = [judge.features(rows) for rows in (own[:few], samples[number][:few], own[few : 2 * few])]
        guessed = [float((judge.probabilities(rows).argmax(1) == number).mean()) for rows in (samples[number], own)]
        found[str(name)] = {
            "agreement": guessed[0],
            "real_agreement": guessed[1],
            "frechet": frechet_distance(real=seen[0], fake=seen[1]),
            "real_frechet": frechet_distance(real=seen[0], fake=seen[2]),
        }
    return found


def drawn(splits: Splits, samples: np.ndarray) -> bytes:
    """The picture, a row a class."""
    assert splits.image_shape is not None
    images = splits.undone(samples[:, :SHOWN].reshape(-1, samples.shape[2]))
    return sheet(images, ends_of(splits, images), columns=SHOWN)


def main(arguments: Sequence[str] | None = None) -> None:
    command("by_class", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
