"""Guidance: one generator that is told a class and how strongly to be of it, and what strength buys.

    python -m experiments.guidance             Fashion-MNIST, about 6 minutes on 2 cores
    python -m experiments.guidance --smoke     seconds, digits

The strength is an input of the generator, drawn at random in every step of training. A class's samples drift to its data and off
each other, and, the more strongly they were drawn, off the data of all classes. After training samples are drawn at a few
strengths. A classifier that no objective sees says how many are of the class that was asked for; recall in its features, and the
mean distance within a class beside that of real images, say what is lost of the variety.

The table is printed; ``report.md``, ``rows.jsonl``, a curve and a picture for each strength go to ``results/guidance``.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments import by_class
from experiments.by_class import drawn, judge_of, labelled, network_of
from experiments.configs import TARGETS
from experiments.configs.words import target_of
from experiments.shared.study import command, row_maker, table, write
from igm_jax.base import ConditionalGenerator
from igm_jax.distributions import Splits, normal
from igm_jax.evaluation import Judge, frechet_distance, precision_recall
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import one_hot, parameter_count
from igm_jax.objectives import Guided, drifting_field, guided_conditions, guided_field
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, train, training

JUDGED = 200
"""Samples of a class that are judged at each strength."""


@dataclasses.dataclass(frozen=True)
class Config(by_class.Config):
    """One generator of images given class and strength, and what strength buys."""

    network: Any = "style"
    """Of which kind the generator is: residual, unet or style."""
    steps: int = 800
    """Updates of the generator."""
    batch_size: int = 160
    """Samples, and data, in each minibatch, of all classes together."""
    strengths: tuple[float, ...] = (1.0, 1.5, 3.0)
    """At which to draw, from 1; the largest is where training ends, too."""
    output: Path = Path("results/guidance")
    """The directory for everything."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    if not config.strengths or min(config.strengths) < 1:
        raise ValueError(f"`strengths` must be at least one number from 1, but is {config.strengths}")
    if config.smoke:
        config = dataclasses.replace(config, network="residual")
    config = by_class.prepared(config)  # pyrefly: ignore
    return config


def code(classes: int, most: float, guided: Guided) -> Array:
    """What the generator reads: the class's one-hot code, and the strength's logarithm over that of the largest."""
    share = jnp.log(guided.strength) / max(float(np.log(most)), 1e-6)
    return jnp.concatenate([one_hot(classes)(guided.label), share[:, None].astype(jnp.float32)], axis=1)


def run_of(config: Config, splits: Splits) -> tuple[ConditionalGenerator, Run]:
    """The generator, and how it is trained."""
    assert splits.image_shape is not None
    classes, most = len(splits.label_names), max(config.strengths)
    network, latent = network_of(config, splits.image_shape, classes + 1)
    generator = conditional_pushforward(network, normal(latent), partial(code, classes, most))

    def field(x: Array, y: Array, **options: Any) -> Array:
        return drifting_field(x, y, config.temperatures, preset="released", floor=0.0, **options).field

    optimizer = optax.adam(optax.cosine_decay_schedule(config.rate, config.steps), b1=0.5, b2=0.99)
    options: dict[str, Any] = {"inner_steps": 0, "average": 0.99, "conditions": guided_conditions(classes, most)}
    data = splits.target(conditional=True)
    return generator, training(generator, guided_field(field, classes), optimizer, data, config.batch_size, **options)


def measured(judge: Judge, splits: Splits, samples: np.ndarray) -> dict[str, float]:
    """What a judge says of samples (classes, n, d): agreement, precision, recall, variety within a class, Fréchet distance."""
    assert judge.probabilities is not None
    real, labels = np.asarray(splits.test.values), np.asarray(splits.test.labels)
    guessed = [float((judge.probabilities(rows).argmax(1) == number).mean()) for number, rows in enumerate(samples)]
    number = min(len(real), samples.shape[0] * samples.shape[1])
    order = np.random.default_rng(0).permutation(len(real))
    seen = judge.features(real[order[:number]])
    drawn_in = np.random.default_rng(1).permutation(samples.shape[0] * samples.shape[1])[:number]  # of all classes
    made = judge.features(samples.reshape(-1, samples.shape[2])[drawn_in])
    both = precision_recall(real=seen, fake=made)
    apart = [_apart(judge.features(rows)) for rows in samples]
    of_real = [_apart(judge.features(real[labels == number][: len(samples[number])])) for number in range(len(samples))]
    return {
        "agreement": float(np.mean(guessed)),
        "precision": both.precision,
        "recall": both.recall,
        "variety": float(np.mean(np.array(apart) / np.array(of_real))),
        "frechet": frechet_distance(real=seen, fake=made),
    }


def _apart(features: np.ndarray) -> float:
    """The root mean square distance of two of some, up to a factor."""
    return float(np.sqrt(np.var(features, axis=0, ddof=1).sum()))


def run(config: Config) -> None:
    """Train, draw at each strength, judge; print the table and write the files."""
    splits = labelled(target_of(config.target, TARGETS).build(), config.target)
    generator, how = run_of(config, splits)
    told = {name: value for name, value in dataclasses.asdict(config).items() if name != "output"} | {
        "data": splits.digest
    }
    words = {"chunk": max(1, config.steps // 20), "every": max(1, config.steps // 5)}
    found = train(how, jax.random.key(config.seed), config.steps, directory=config.output / "run", config=told, **words)
    judge, classes = judge_of(config, splits), len(splits.label_names)
    lines, rows, pictures, make_row = [], [], {}, row_maker("guidance", config)
    draw = jax.jit(lambda params, key, guided: generator.sample(params, key, guided, JUDGED))
    results = {}
    for strength in config.strengths:
        guided = Guided(jnp.arange(classes), jnp.full((classes,), float(strength)))
        samples = np.asarray(draw(found.state.average, jax.random.key(config.seed + 1), guided))
        results[strength] = metrics = measured(judge, splits, samples)
        lines.append([f"strength {strength:g}", *(f"{value:.3f}" for value in metrics.values())])
        rows.append(make_row(config.target, f"strength {strength:g}", config.seed, metrics, found.run_seconds,
                             found.compile_seconds, parameters=parameter_count(found.state.params)))  # fmt: skip
        told_strength = f"Strength {strength:g}, a row for each class: {', '.join(splits.label_names)}."
        pictures[f"strength-{strength:g}.png"] = (drawn(splits, samples), told_strength)
    pictures = {"curve.png": (curve(results), "What is of its class against what is left of the variety.")} | pictures
    caption = (
        f"{JUDGED} samples a class after {config.steps} updates of {config.batch_size} by a {config.network} network of"
        f" {parameter_count(found.state.params)} parameters, in {found.run_seconds / 60:.1f} minutes. Agreement: the share"
        " that the classifier puts into the class that was asked for; precision, recall and Fréchet distance in its features;"
        " variety: the root mean square distance within a class over that of real images."
    )
    tables = [table(config.target, caption, ["", "agreement", "precision", "recall", "variety", "Fréchet"], lines)]
    write(config.output, "What guidance buys", __doc__.split("\n\n")[2], tables, rows, pictures)


def curve(results: dict[float, dict[str, float]]) -> bytes:
    """Agreement against variety and recall, a point for each strength."""
    from igm_jax.reporting.figures import png
    from igm_jax.reporting.forecasts import curve_panels

    points = {what: [(metrics[what], metrics["agreement"], f"{strength:g}") for strength, metrics in results.items()]
              for what in ("variety", "recall")}  # fmt: skip
    return png(curve_panels(points, ylabel="of the class asked for"))


def main(arguments: Sequence[str] | None = None) -> None:
    command("guidance", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
